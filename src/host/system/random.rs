//! The only source of randomness: suffixes of names that must not be guessed.
//!
//! Invariant: a suffix is eight lower-case hexadecimal digits from the kernel.

use std::fs::File;
use std::io::{self, Read};

/// Eight hexadecimal digits that nobody can foresee.
///
/// # Errors
/// When `/dev/urandom` cannot be read.
pub fn suffix() -> io::Result<String> {
    let mut bytes = [0; 4];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex::encode(bytes))
}
