//! nginx's regular expressions, run by another engine.
//!
//! Invariant: a pattern is run only if it means the same to PCRE and to the
//! `regex` crate; the others are named as such, never approximated.

use regex::bytes::{Regex, RegexBuilder};

/// Whether letters match in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// `~`
    Sensitive,
    /// `~*`
    Insensitive,
}

/// The pattern, unless only PCRE can be trusted with it.
pub(super) fn compile(pattern: &[u8], case: Case) -> Option<Regex> {
    let text = std::str::from_utf8(pattern).ok().filter(|text| is_portable(text))?;
    RegexBuilder::new(text)
        .unicode(false)
        .case_insensitive(case == Case::Insensitive)
        .size_limit(1 << 20)
        .build()
        .ok()
}

/// What matched and its groups, also by name.
pub(super) struct Captures {
    pub groups: Vec<Vec<u8>>,
    pub named: Vec<(String, Vec<u8>)>,
}

/// The groups of the first match in `subject`.
pub(super) fn captures(regex: &Regex, subject: &[u8]) -> Option<Captures> {
    let found = regex.captures(subject)?;
    let text =
        |group: Option<regex::bytes::Match<'_>>| group.map_or_else(Vec::new, |one| one.as_bytes().to_vec());
    let groups = found.iter().map(text).collect();
    let names = regex.capture_names().flatten();
    let named = names.map(|name| (name.to_owned(), text(found.name(name)))).collect();
    Some(Captures { groups, named })
}

/// Whether both engines read the pattern alike, where this one accepts it.
fn is_portable(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let mut in_class = false;
    let mut at = 0;
    while at < bytes.len() {
        let pair = &bytes[at..(at + 2).min(bytes.len())];
        match pair {
            // Word starts and ends here, literal brackets there; `\v` is one byte or a class.
            [b'\\', b'<' | b'>' | b'v'] => return false,
            [b'\\', _] => at += 1,
            // Set operations here, literal bytes there.
            b"&&" | b"--" | b"~~" if in_class => return false,
            b"[:" if in_class => at += bytes[at..].windows(2).position(|end| end == b":]").unwrap_or(0) + 1,
            [b'[', _] if in_class => return false,
            // Possessive there, a repeated repetition here.
            [b'+' | b'*' | b'?' | b'}', b'+'] if !in_class => return false,
            // A literal brace in old PCRE, a repetition elsewhere.
            b"{," => return false,
            [b'(', b'?'] if bytes.get(at + 2) == Some(&b'R') => return false,
            [b'[', _] if !in_class => {
                in_class = true;
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            [b']', ..] => in_class = false,
            _ => {}
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, runs: bool) {
        assert_eq!(compile(pattern.as_bytes(), Case::Sensitive).is_some(), runs, "{pattern:?}");
    }

    #[test]
    fn only_patterns_with_one_meaning_are_run() {
        check(r"\.(js|css)$", true);
        check(r"^/[a-z0-9_-]+/(?<id>\d{1,3})\.php$", true);
        check(r"[[:alpha:]]+", true);
        check(r"[]a]b", true);
        check(r"^/(?!api)", false);
        check(r"(a)\1", false);
        check(r"[a&&b]", false);
        check(r"[[:alpha:]&&b]", false);
        check(r"[[a]b]", false);
        check(r"\<a", false);
        check(r"a{,3}", false);
        check(r"a++b", false);
    }
}
