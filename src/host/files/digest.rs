//! Hashes of what is read piece by piece.
//!
//! Invariant: the hash is that of exactly the bytes that were read, up to the end.

use crate::values::Hash;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// The hash and the number of bytes of everything that is still to read.
///
/// # Errors
/// When reading fails.
pub fn hash_of(reader: impl Read) -> io::Result<(Hash, u64)> {
    copy_hashed(reader, &mut io::sink())
}

/// Copies to the end and returns the hash and the number of the bytes.
///
/// # Errors
/// When reading or writing fails.
pub fn copy_hashed(mut reader: impl Read, writer: &mut impl Write) -> io::Result<(Hash, u64)> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok((Hash::finished(digest), size)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digest.update(&buffer[..read]);
        writer.write_all(&buffer[..read])?;
        size += read as u64;
    }
}
