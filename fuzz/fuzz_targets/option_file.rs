//! Any bytes as an option file of MySQL, and any password in one.
//!
//! Invariant: reading ends, what is wrong is said without the line, and a password that is written by the rules comes
//! back as it is. Includes are followed in a folder of the target's own only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::db::{OptionFile, Secret};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// Where memory serves as a disk, reading a file is no wait.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
});

const PASSWORD: &str = "Zq7PlantedX2vW9";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    // What leads out of the folder would read this machine.
    if text.contains("!include") && (text.contains('/') || text.contains("..")) {
        return;
    }
    let read = OptionFile::read(&written(bytes));
    if let Ok(options) = &read {
        assert_ne!(options.port, Some(0));
    }
    a_password_is_not_said(&text);
    a_password_comes_back(&text);
});

/// Whatever else is wrong with the file.
fn a_password_is_not_said(rest: &str) {
    if rest.contains(PASSWORD) {
        return;
    }
    let text = format!("[client]\npassword = {PASSWORD}\n{rest}");
    if let Err(error) = OptionFile::read(&written(text.as_bytes())) {
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error}");
    }
}

fn a_password_comes_back(password: &str) {
    // A NUL cannot stand in a file of text, and a line end has no other spelling than `\n` and `\r`.
    if password.contains(|c: char| c.is_control() || c == '\u{85}' || c == '\u{2028}' || c == '\u{2029}') {
        return;
    }
    let escaped = password.replace('\\', r"\\").replace('"', "\\\"");
    let text = format!("[client]\nuser = motion\npassword = \"{escaped}\" # of the database\n");
    let read = OptionFile::read(&written(text.as_bytes())).expect("it is written by the rules");
    assert!(read.password == Some(Secret::new(password)), "{text}");
    assert_eq!(read.user.as_deref(), Some("motion"));
}

fn written(bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path().join("my.cnf");
    fs::write(&path, bytes).expect("the folder is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    path
}
