//! What a scalar without quotes may be read as by some reader of YAML.
//!
//! Invariant: a scalar that passes as [`Plain::Text`] or [`Plain::Integer`] is
//! the same to every reader of YAML 1.1 and 1.2. The expressions are those of
//! <https://yaml.org/type/> (1.1) and of section 10.3 of YAML 1.2.

use regex::Regex;
use std::sync::LazyLock;

/// What a plain scalar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Empty,
    Null,
    Bool(bool),
    /// A whole number that is written in the one way that all agree on.
    Integer(i64),
    /// Something that readers disagree on: what they may take it for.
    Ambiguous(&'static str),
    /// Text, to all of them.
    Text,
}

/// Longer numbers lose digits in readers that have only floating point.
const MOST_DIGITS: usize = 15;

/// Classifies a plain scalar.
pub(super) fn classify(text: &str) -> Plain {
    match text {
        "" => Plain::Empty,
        "null" => Plain::Null,
        "true" => Plain::Bool(true),
        "false" => Plain::Bool(false),
        "~" | "Null" | "NULL" => Plain::Ambiguous("null"),
        "=" => Plain::Ambiguous("a default value"),
        "<<" => Plain::Ambiguous("a merge key"),
        _ if is_boolean(text) => Plain::Ambiguous("true or false"),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => number(text),
        _ => Plain::Text,
    }
}

/// YAML 1.1 has more words for these than any other.
fn is_boolean(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "true", "false", "on", "off"];
    let mut letters = text.chars();
    let first = letters.next();
    let rest = letters.as_str();
    let uniform = rest.chars().all(|c| c.is_ascii_lowercase())
        || (first.is_some_and(|c| c.is_ascii_uppercase()) && rest.chars().all(|c| c.is_ascii_uppercase()));
    text.len() <= 5 && uniform && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn number(text: &str) -> Plain {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = digits.len() <= MOST_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == text || digits != "0")
        && (digits == "0" || !digits.starts_with('0'));
    if let (true, Ok(value)) = (is_canonical, text.parse()) {
        return Plain::Integer(value);
    }
    let table: &[(Regex, &'static str)] = &NUMBERS;
    let found = table.iter().find(|(expression, _)| expression.is_match(text));
    found.map_or(Plain::Text, |(_, what)| Plain::Ambiguous(what))
}

static NUMBERS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let table = [
        (r"^[-+]?0[0-7_]+$", "an octal number"),
        (r"^[-+]?0o[0-7_]+$", "an octal number"),
        (r"^[-+]?0b[01_]+$", "a binary number"),
        (r"^[-+]?0x[0-9a-fA-F_]+$", "a hexadecimal number"),
        (r"^[-+]?[0-9][0-9_]*$", "a number"),
        (r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$", "a number to the base 60"),
        (r"^[-+]?([0-9][0-9_]*)?\.[0-9._]*([eE][-+]?[0-9]+)?$", "a number with a fraction"),
        (r"^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$", "a number with an exponent"),
        (r"^[-+]?\.(inf|Inf|INF)$", "infinity"),
        (r"^\.(nan|NaN|NAN)$", "not a number"),
        (
            r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)?$",
            "a date",
        ),
    ];
    let compile = |(text, what)| (Regex::new(text).expect("the expressions are constant"), what);
    table.into_iter().map(compile).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_disagree_on_is_ambiguous() {
        let texts = "~ Null NULL = << y Y n N yes Yes YES no No NO True TRUE False FALSE on On ON off Off OFF \
            0123 00 089 +5 -0 1_000 0o17 0b101 0x1F -0x1f 1e3 1E3 1.5e+3 12e-2 1. .5 3.14 1.2.3 . .inf -.INF .NaN \
            190:20:30 12:30 1:5.5 2001-12-14 2001-1-1 2001-12-14t21:59:43.10-05:00 1234567890123456 -007";
        for text in texts.split_whitespace().chain(["2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43 Z"]) {
            assert!(matches!(classify(text), Plain::Ambiguous(_)), "{text}: {:?}", classify(text));
        }
    }

    #[test]
    fn what_they_agree_on_is_not() {
        for (text, value) in [("0", 0), ("1001", 1001), ("-7", -7), ("999999999999999", 999_999_999_999_999)]
        {
            assert_eq!(classify(text), Plain::Integer(value), "{text}");
        }
        for text in "Talk agent1 1001a 24/7 +49-30 1-2 - -- yES nO oFF Yess nulls truE 1e 0xg 2001-12 99:99 10.0.0.x e5"
            .split_whitespace()
        {
            assert_eq!(classify(text), Plain::Text, "{text}");
        }
        let words = [("", Plain::Empty), ("null", Plain::Null), ("true", Plain::Bool(true))];
        for (text, expect) in words {
            assert_eq!(classify(text), expect, "{text}");
        }
        assert_eq!(classify("false"), Plain::Bool(false));
    }
}
