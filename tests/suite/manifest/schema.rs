//! The printed JSON Schema and the reader, asked about the same manifests.
//!
//! Invariant: what the reader accepts the schema accepts; what it refuses the
//! schema refuses, but for the kinds listed here with their reason. YAML is
//! turned into JSON by the core schema of YAML 1.2, as editors do it, and not
//! by the reader under test.

use super::fixtures;
use motionctl::seed::manifest::JSON_SCHEMA;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The fault is in how it is written: JSON has no such spelling, and an editor
/// shows the schema what it read.
const SPELLING: &[&str] = &[
    "content-after-end", "enabled-capitals", "fullname-empty", "plain-binary", "plain-date", "plain-equals",
    "plain-exponent", "plain-hexadecimal", "plain-in-list", "plain-infinity", "plain-leading-zero",
    "plain-many-digits", "plain-no", "plain-not-a-number", "plain-octal", "plain-off", "plain-plus",
    "plain-sexagesimal", "plain-tilde", "plain-timestamp", "plain-underscore", "plain-y", "plain-yes",
    "second-document", "settings-ambiguous", "tag", "timeout-octal",
];

/// The fault is in what entries mean to each other.
const MEANING: &[&str] = &[
    "agent-twice", "control-characters", "internal-twice", "member-and-removed", "move-and-exact",
    "move-and-member", "move-and-removed", "move-chain", "move-of-a-renamed-one", "move-to-an-absent-one",
    "move-to-itself", "move-two-ways", "permission-twice", "profile-twice", "queue-twice", "rename-chain",
    "rename-of-an-absent-one", "rename-swap", "rename-to-itself", "rename-twice", "right-without-read",
    "twice-in-two-forms",
];

#[test]
fn reader_and_schema_agree() {
    let schema: Value = serde_json::from_str(JSON_SCHEMA).expect("the schema is JSON");
    assert!(jsonschema::draft7::meta::is_valid(&schema), "not a draft-07 schema");
    let validator = jsonschema::draft7::new(&schema).expect("the schema compiles");
    for (name, path) in fixtures("good") {
        let value = as_json(&fs::read(path).expect("readable")).expect("a good manifest is YAML");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    let (mut not_yaml, mut passed) = (BTreeSet::new(), BTreeSet::new());
    for (name, path) in fixtures("bad") {
        match as_json(&fs::read(path).expect("readable")) {
            None => _ = not_yaml.insert(name),
            Some(value) if validator.is_valid(&value) => _ = passed.insert(name),
            Some(_) => {}
        }
    }
    let listed: BTreeSet<String> = SPELLING.iter().chain(MEANING).map(|name| (*name).to_owned()).collect();
    assert_eq!(passed, listed, "what only the reader refuses");
    assert!(not_yaml.len() < 40, "{not_yaml:?}");
}

/// The first document of a stream; none where it is not YAML.
fn as_json(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut copied = 0;
    let mut anchors: BTreeMap<usize, Value> = BTreeMap::new();
    // What is open, with its anchor; a document is a list of one.
    let mut open: Vec<(usize, Open)> = vec![(0, Open::List(Vec::new()))];
    for event in Parser::new_from_str(text) {
        let (value, anchor) = match event.ok()?.0 {
            Event::Scalar(text, style, anchor, None) => (scalar(&text, style), anchor),
            Event::Scalar(text, _, anchor, Some(_)) => (Value::String(text.into_owned()), anchor),
            Event::Alias(anchor) => {
                let value = anchors.get(&anchor)?.clone();
                copied += value.to_string().len();
                // What grows without end is no document that an editor would show.
                if copied > 1 << 20 {
                    return None;
                }
                (value, 0)
            }
            Event::SequenceStart(anchor, _) => {
                open.push((anchor, Open::List(Vec::new())));
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push((anchor, Open::Map(Map::new(), None)));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, closed) = open.pop()?;
                (closed.value(), anchor)
            }
            Event::DocumentEnd => break,
            _ => continue,
        };
        anchors.insert(anchor, value.clone());
        open.last_mut()?.1.take(value)?;
    }
    match open.pop()?.1.value() {
        Value::Array(mut documents) => documents.pop(),
        _ => None,
    }
}

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

impl Open {
    /// None where a key is no text or comes twice: that is not JSON.
    fn take(&mut self, value: Value) -> Option<()> {
        match self {
            Self::List(items) => items.push(value),
            Self::Map(fields, key) => match key.take() {
                Some(key) => return fields.insert(key, value).is_none().then_some(()),
                None => *key = Some(value.as_str()?.to_owned()),
            },
        }
        Some(())
    }

    fn value(self) -> Value {
        match self {
            Self::List(items) => items.into(),
            Self::Map(fields, _) => fields.into(),
        }
    }
}

/// YAML 1.2, 10.3.2.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return text.into();
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix =
        |prefix, radix| text.strip_prefix(prefix).and_then(|rest| i64::from_str_radix(rest, radix).ok());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.trim_start_matches('+').parse::<i64>().map_or_else(|_| text.into(), Value::from)
        }
        _ => match radix("0o", 8).or_else(|| radix("0x", 16)) {
            Some(number) => number.into(),
            None if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => text
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map_or_else(|| text.into(), Value::Number),
            None => text.into(),
        },
    }
}
