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

/// Writes on, and hashes what it has written.
#[derive(Debug)]
pub struct HashedWriter<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> HashedWriter<W> {
    /// Of nothing yet.
    pub fn new(inner: W) -> Self {
        Self { inner, digest: Sha256::new() }
    }

    /// What was written to, and the hash of everything that was.
    pub fn finish(self) -> (W, Hash) {
        (self.inner, Hash::finished(self.digest))
    }
}

impl<W: Write> Write for HashedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
