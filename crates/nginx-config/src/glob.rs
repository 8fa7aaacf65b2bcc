//! File name patterns as nginx's `include` knows them: `glob(3)` without flags.
//!
//! Invariant: there is this one engine, whatever the files come from; a [`Reader`] only says what a
//! folder holds. Matching a name takes time proportional to pattern times name.

use super::reader::Reader;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A pattern over a hostile tree must not fill the memory.
const MOST_MATCHES: usize = 100_000;

/// What `pattern` matches among what `reader` can list, sorted by the bytes of the paths; none is
/// not an error.
///
/// As in `glob(3)`, folders, dangling links and sockets match like files, names with a leading dot
/// only a pattern with one, `**` is `*`, and a pattern that ends in `/` matches folders alone.
///
/// # Errors
/// When the pattern is relative, when a folder cannot be listed (what cannot be looked at is not
/// "no match"), or with more than 100,000 matches.
pub fn expand(reader: &dyn Reader, pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let pattern = pattern.as_os_str().as_bytes();
    if pattern.first() != Some(&b'/') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute pattern"));
    }
    let parts: Vec<&[u8]> = pattern.split(|&b| b == b'/').filter(|part| !part.is_empty()).collect();
    let mut found = vec![PathBuf::from("/")];
    // Whether what was found so far is known to be there: what a folder listed is.
    let mut listed = true;
    for part in parts {
        listed = is_magic(part);
        found = if listed {
            names_below(reader, &found, part)?
        } else {
            let name = OsString::from_vec(without_escapes(part));
            found.into_iter().map(|folder| folder.join(&name)).collect()
        };
    }
    if pattern.last() == Some(&b'/') {
        found = present(found, |path| Ok(absent_is_none(reader.list(path))?.is_some()))?;
    } else if !listed {
        found = present(found, |path| reader.exists(path))?;
    }
    // glob(3) sorts by the locale, and nginx never leaves the C locale.
    found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    Ok(found)
}

fn names_below(reader: &dyn Reader, folders: &[PathBuf], part: &[u8]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders {
        let names = absent_is_none(reader.list(folder))?.unwrap_or_default();
        found.extend(names.iter().filter(|name| matches(part, name)).map(|name| folder.join(name)));
        if found.len() > MOST_MATCHES {
            return Err(io::Error::other("the pattern matches more than 100000 files"));
        }
    }
    Ok(found)
}

fn present(paths: Vec<PathBuf>, is_there: impl Fn(&Path) -> io::Result<bool>) -> io::Result<Vec<PathBuf>> {
    let mut kept = Vec::with_capacity(paths.len());
    for path in paths {
        if is_there(&path)? {
            kept.push(path);
        }
    }
    Ok(kept)
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether a word of an `include` is a pattern for nginx, or the plain name of a file that must exist.
#[must_use]
pub fn is_pattern(word: &[u8]) -> bool {
    word.iter().any(|b| b"*?[".contains(b))
}

/// Whether the file name `name` matches the pattern of one path part.
#[must_use]
pub fn matches(pattern: &[u8], name: impl AsRef<OsStr>) -> bool {
    let name = name.as_ref().as_bytes();
    if name.first() == Some(&b'.') && !matches!(pattern, [b'.', ..] | [b'\\', b'.', ..]) {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // Where to go on when the rest does not fit: the last star takes one byte more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, n));
            continue;
        }
        let step = match name.get(n) {
            None if p == pattern.len() => return true,
            None => None,
            Some(&byte) => match_one(&pattern[p..], byte),
        };
        match (step, &mut retry) {
            (Some(used), _) => {
                p += used;
                n += 1;
            }
            (None, Some((star, taken))) if *taken < name.len() => {
                *taken += 1;
                (p, n) = (*star, *taken);
            }
            (None, _) => return false,
        }
    }
}

fn is_magic(part: &[u8]) -> bool {
    let mut rest = part;
    while let Some((&first, after)) = rest.split_first() {
        match first {
            b'*' | b'?' => return true,
            b'[' if after.contains(&b']') => return true,
            b'\\' => rest = after.get(1..).unwrap_or_default(),
            _ => rest = after,
        }
    }
    false
}

fn without_escapes(part: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(if byte == b'\\' { rest.next().copied().unwrap_or(byte) } else { byte });
    }
    bytes
}

/// How many bytes of the pattern match one `byte`; `None` when they do not.
fn match_one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'\\' => match pattern.get(1) {
            Some(&escaped) => (escaped == byte).then_some(2),
            None => None,
        },
        b'[' => match bracket(&pattern[1..], byte) {
            Some((used, hit)) => hit.then_some(1 + used),
            None => (byte == b'[').then_some(1),
        },
        plain => (plain == byte).then_some(1),
    }
}

/// Reads a bracket expression after its `[`: its length and whether it holds `byte`; `None`
/// when it has no end, and is no bracket expression then.
fn bracket(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let mut hit = false;
    let mut first = true;
    loop {
        let here = *pattern.get(at)?;
        if here == b']' && !first {
            return Some((at + 1, hit != negated));
        }
        first = false;
        // Collating symbols and equivalence classes belong to a locale; nothing
        // that an include would be written with.
        if here == b'[' && matches!(pattern.get(at + 1), Some(b'.' | b'=')) {
            return Some((pattern.len(), false));
        }
        if let Some((name, used)) = class(&pattern[at..]) {
            hit |= is_in_class(name, byte)?;
            at += used;
            continue;
        }
        let (low, after) = literal(pattern, at)?;
        at = after;
        let ranged = pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|&b| b != b']');
        let high = if ranged {
            let (high, after) = literal(pattern, at + 1)?;
            at = after;
            high
        } else {
            low
        };
        hit |= (low..=high).contains(&byte);
    }
}

fn literal(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, at + 2)),
        &byte => Some((byte, at + 1)),
    }
}

/// The name of a class such as `[:digit:]` at the start, and its length.
fn class(pattern: &[u8]) -> Option<(&[u8], usize)> {
    let rest = pattern.strip_prefix(b"[:")?;
    let end = rest.windows(2).position(|pair| pair == b":]")?;
    rest[..end].iter().all(u8::is_ascii_lowercase).then_some((&rest[..end], end + 4))
}

fn is_in_class(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => byte == b' ' || byte == b'\t',
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte == b' ' || byte.is_ascii_graphic(),
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::libc;
    use proptest::prelude::*;
    use std::ffi::CString;

    #[expect(unsafe_code, reason = "the judge is the C library's function")]
    fn libc_matches(pattern: &[u8], name: &[u8]) -> bool {
        let (pattern, name) = (CString::new(pattern).expect("no NUL"), CString::new(name).expect("no NUL"));
        // SAFETY: both are NUL-terminated and outlive the call.
        unsafe { libc::fnmatch(pattern.as_ptr(), name.as_ptr(), libc::FNM_PERIOD | libc::FNM_PATHNAME) == 0 }
    }

    #[test]
    fn temporary_names_match_no_include() {
        for pattern in ["*", "*.conf", "?motionctl*", "[.]motionctl*", "*.tmp"] {
            assert!(!matches(pattern.as_bytes(), ".motionctl-0a1b2c3d.tmp"), "{pattern}");
        }
        assert!(matches(b"*.conf", "motion.conf"));
        assert!(!matches(b"*.conf", "motion.conf.bak"));
    }

    #[test]
    fn patterns_lead_through_folders() {
        let reader =
            ["/d/a.conf", "/d/_a.conf", "/d/sub/a.conf", "/d/sub/deep/b.conf", "/e/.h/c.conf", "/e/]"]
                .iter()
                .fold(crate::MemoryReader::new(), |reader, path| reader.with(*path, ""));
        let check = |pattern: &str, expect: &[&str]| {
            let found = expand(&reader, Path::new(pattern)).expect(pattern);
            assert_eq!(found, expect.iter().map(PathBuf::from).collect::<Vec<_>>(), "{pattern}");
        };
        check("/d/[^_]*.conf", &["/d/a.conf"]);
        check("/d/[!_]*.conf", &["/d/a.conf"]);
        check("/d/[[:punct:]]*", &["/d/_a.conf"]);
        check("/d/**/*.conf", &["/d/sub/a.conf"]);
        check("/d/**.conf", &["/d/_a.conf", "/d/a.conf"]);
        check("/d/*/a.conf", &["/d/sub/a.conf"]);
        check("/*/*/", &["/d/sub"]);
        check("/d/*", &["/d/_a.conf", "/d/a.conf", "/d/sub"]);
        check("/e/.*/c.conf", &["/e/.h/c.conf"]);
        check("/e/[]]", &["/e/]"]);
        check("/none/*", &[]);
        expand(&reader, Path::new("d/*")).expect_err("a relative pattern");
    }

    #[test]
    fn a_pattern_of_stars_takes_no_time() {
        let pattern = "*a".repeat(2000) + "*b";
        assert!(!matches(pattern.as_bytes(), "a".repeat(255)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        /// Brackets have an end and no other bracket in them: what glibc makes of
        /// the rest depends on collating symbols and its version.
        #[test]
        fn the_c_library_agrees(
            pattern in r"([ab.*?!^\-\]c]|\[[!^]?\]?[ab.*?c][ab.*?c!^]{0,2}\]|\[[a-b]-[b-c]\]){0,6}",
            // With a dot inside, glibc takes it for a leading one after `*?`.
            name in r"\.?[abc\]\-\[]{1,6}",
        ) {
            prop_assert_eq!(matches(pattern.as_bytes(), &name), libc_matches(pattern.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn classes_and_escapes_agree(
            pattern in r"(\[[!^]?(\[:(alpha|digit|punct|space|xdigit):\]|[a-c]|[a-b]-[b-d]){1,3}\]|\\?[ab*.]){1,3}",
            name in "[ab1 .*]{1,4}",
        ) {
            prop_assert_eq!(matches(pattern.as_bytes(), &name), libc_matches(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
