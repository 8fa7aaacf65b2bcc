//! Request targets, decoded and normalised as `ngx_http_parse_complex_uri`
//! does it.
//!
//! Invariant: the path of an accepted target starts with `/` and has no dot
//! segments left. A target that nginx answers with 400 is `None`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Whether runs of slashes become one (`merge_slashes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slashes {
    Merge,
    Keep,
}

/// Path and arguments of a request target.
pub(super) fn normalise(target: &[u8], slashes: Slashes) -> Option<(Vec<u8>, Vec<u8>)> {
    if target.first() != Some(&b'/') || target.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        return None;
    }
    let mut path: Vec<u8> = Vec::with_capacity(target.len());
    let mut at = 0;
    let mut args: &[u8] = &[];
    while let Some(&byte) = target.get(at) {
        at += 1;
        match byte {
            b'?' => {
                let rest = &target[at..];
                args = rest.split(|&byte| byte == b'#').next().unwrap_or_default();
                break;
            }
            b'#' => break,
            b'%' => {
                let decoded = hex(target.get(at)?)? << 4 | hex(target.get(at + 1)?)?;
                at += 2;
                if decoded == 0 {
                    return None;
                }
                push(&mut path, decoded, slashes)?;
            }
            _ => push(&mut path, byte, slashes)?,
        }
    }
    close_segment(&mut path)?;
    Some((path, args.to_vec()))
}

/// Appends a decoded byte; a slash ends a segment however it was written.
fn push(path: &mut Vec<u8>, byte: u8, slashes: Slashes) -> Option<()> {
    if byte == b'/' {
        let len = path.len();
        close_segment(path)?;
        let is_resolved = path.len() < len;
        let is_merged = slashes == Slashes::Merge && path.last() == Some(&b'/');
        if is_resolved || is_merged {
            return Some(());
        }
    }
    path.push(byte);
    Some(())
}

/// Resolves a `.` or `..` at the end of the path; nothing lies above the root.
fn close_segment(path: &mut Vec<u8>) -> Option<()> {
    if path.ends_with(b"/..") {
        path.truncate(path.len() - 3);
        let parent = path.iter().rposition(|&byte| byte == b'/')?;
        path.truncate(parent + 1);
    } else if path.ends_with(b"/.") {
        path.truncate(path.len() - 1);
    }
    Some(())
}

fn hex(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

pub(super) fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, expect: &str) {
        let shown = match normalise(target.as_bytes(), Slashes::Merge) {
            Some((path, args)) if args.is_empty() => String::from_utf8_lossy(&path).into_owned(),
            Some((path, args)) => {
                format!("{} ? {}", String::from_utf8_lossy(&path), String::from_utf8_lossy(&args))
            }
            None => "400".to_owned(),
        };
        assert_eq!(shown, expect, "{target:?}");
    }

    #[test]
    fn targets_are_decoded_and_cleaned() {
        check("/a/b", "/a/b");
        check("/a%20b%2fc", "/a b/c");
        check("//a///b/", "/a/b/");
        check("/a/./b/../c", "/a/c");
        check("/a/%2e%2E/c", "/c");
        check("/a/..", "/");
        check("/a/.", "/a/");
        check("/a/...", "/a/...");
        check("/.a/..b", "/.a/..b");
        check("/a%3Fb%23c%25d", "/a?b#c%d");
        check("/a?b=/../c#d", "/a ? b=/../c");
        check("/a#b?c", "/a");
        check("/..", "400");
        check("/a/../../b", "400");
        check("/a%0", "400");
        check("/a%00", "400");
        check("a", "400");
        check("", "400");
        check("/a b", "400");
        let kept = normalise(b"//a//b/../c", Slashes::Keep).expect("accepted");
        assert_eq!(kept.0, b"//a//c");
    }
}
