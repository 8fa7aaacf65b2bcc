//! nginx's regular expressions, run by nginx's own engine, PCRE2.
//!
//! Invariant: as nginx compiles them: bytes, no UTF mode, `~*` alone ignores case, in ASCII only.
//! A pattern that cannot be run here, or not to its end, is neither a match nor none.

use pcre2::bytes::{Regex, RegexBuilder};

/// Whether letters match in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// `~`
    Sensitive,
    /// `~*`
    Insensitive,
}

/// How much of a match is tried before it counts as unknown: some milliseconds, and some MiB (in KiB).
/// nginx itself has PCRE2's own limits, and answers 500 where they are hit.
const LIMITS: &str = "(*LIMIT_MATCH=100000)(*LIMIT_DEPTH=100000)(*LIMIT_HEAP=8192)";

/// A pattern, ready to run where that is possible.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    compiled: Option<Regex>,
    names: Vec<String>,
}

/// What a pattern says about a subject.
#[derive(Debug)]
pub(crate) enum Matched {
    Yes(Captures),
    No,
    /// The pattern cannot be run, or not to its end.
    Unknown,
}

/// What matched and its groups, also by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Captures {
    pub groups: Vec<Vec<u8>>,
    pub named: Vec<(String, Vec<u8>)>,
}

impl Pattern {
    pub fn compile(pattern: &[u8], case: Case) -> Self {
        let names = group_names(pattern);
        // The crate takes UTF-8 only; a pattern in another encoding stays unknown.
        let text = std::str::from_utf8(pattern).ok().filter(|text| has_one_meaning(text));
        let compiled = text.and_then(|text| {
            let mut builder = RegexBuilder::new();
            builder.caseless(case == Case::Insensitive);
            builder.build(&format!("{LIMITS}{text}")).ok()
        });
        Self { compiled, names }
    }

    /// Whether a match leaves groups behind that a directive may use.
    pub fn has_groups(&self) -> bool {
        self.compiled.as_ref().is_none_or(|regex| regex.captures_len() > 1)
    }

    /// The names of its groups, also where it cannot be run.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn matches(&self, subject: &[u8]) -> Matched {
        let Some(regex) = &self.compiled else { return Matched::Unknown };
        let found = match regex.captures(subject) {
            Ok(Some(found)) => found,
            Ok(None) => return Matched::No,
            Err(_) => return Matched::Unknown,
        };
        let text = |index: usize| found.get(index).map_or_else(Vec::new, |group| group.as_bytes().to_vec());
        let groups = (0..found.len()).map(text).collect();
        let names = regex.capture_names().iter().enumerate();
        let named = names.filter_map(|(index, name)| Some((name.clone()?, text(index)))).collect();
        Matched::Yes(Captures { groups, named })
    }
}

/// Whether every version of PCRE that nginx may run reads the pattern alike.
fn has_one_meaning(pattern: &str) -> bool {
    // A literal up to PCRE2 10.42, a repetition from 10.43 on.
    let braces = pattern.contains("{,");
    // A pattern's own limits would stand behind ours, and win.
    let limits = pattern.starts_with("(*") && pattern.contains("LIMIT_");
    !(braces || limits)
}

/// `(?<name>…)`, `(?P<name>…)` and `(?'name'…)`.
fn group_names(pattern: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for start in pattern.windows(2).enumerate().filter(|(_, pair)| pair == b"(?").map(|(at, _)| at + 2) {
        let rest = &pattern[start..];
        let rest = rest.strip_prefix(b"P").unwrap_or(rest);
        let end = match rest.first() {
            Some(b'<') => b'>',
            Some(b'\'') => b'\'',
            _ => continue,
        };
        let name: Vec<u8> = rest[1..].iter().copied().take_while(|&byte| byte != end).collect();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if !name.is_empty() && name.iter().all(is_name) {
            names.push(String::from_utf8_lossy(&name).into_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, subject: &str, expect: Option<&[&str]>) {
        match Pattern::compile(pattern.as_bytes(), Case::Sensitive).matches(subject.as_bytes()) {
            Matched::Yes(found) => {
                let groups: Vec<_> =
                    found.groups.iter().map(|group| String::from_utf8_lossy(group)).collect();
                assert_eq!(
                    Some(&groups.iter().map(AsRef::as_ref).collect::<Vec<_>>()[..]),
                    expect,
                    "{pattern}"
                );
            }
            Matched::No => assert_eq!(None, expect, "{pattern}"),
            Matched::Unknown => panic!("{pattern} does not run"),
        }
    }

    fn unknown(pattern: &[u8], subject: &str) {
        let matched = Pattern::compile(pattern, Case::Sensitive).matches(subject.as_bytes());
        assert!(matches!(matched, Matched::Unknown), "{matched:?}");
    }

    #[test]
    fn patterns_mean_what_they_mean_to_nginx() {
        check(r"\.(js|css)$", "/a.js", Some(&[".js", "js"]));
        check(r"/\.(?!well-known).*", "/.git/config", Some(&["/.git/config"]));
        check(r"/\.(?!well-known).*", "/.well-known/x", None);
        check(r"(a+)+b\1", "aba", Some(&["aba", "a"]));
        check(r"a++b", "aab", Some(&["aab"]));
        check(r"^\Q/a.b\E", "/a.b", Some(&["/a.b"]));
        check(r"(?<=/)x", "/x", Some(&["x"]));
        check("^/\u{fc}$", "/\u{dc}", None);
        // `$` also stands before a last newline.
        check("^/a$", "/a\n", Some(&["/a"]));
        check(r"(?<id>\d{1,3})?x", "x", Some(&["x", ""]));
    }

    #[test]
    fn what_cannot_be_run_is_neither_a_match_nor_none() {
        unknown(b"a{,3}", "aa");
        unknown(b"(", "(");
        unknown(b"\xfc", "x");
        unknown(b"(*LIMIT_MATCH=4000000000)(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
        unknown(b"^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    }

    #[test]
    fn groups_have_names_also_where_a_pattern_cannot_be_run() {
        let pattern = Pattern::compile(br"(?<a>x)(?P<b_1>y)(?'c'z)(?<=q)(?<!r)\xfc{,2}", Case::Sensitive);
        assert!(pattern.compiled.is_none() && pattern.has_groups());
        assert_eq!(pattern.names(), ["a", "b_1", "c"]);
    }
}
