//! Settings whose name and value stand apart: in two fields of an object, or on lines of their own.
//!
//! Invariant: as many lines come out as went in, each with its indentation and with what a difference puts before it.

use super::secret_name::is_secret_name;
use nginx_config::REDACTED;
use regex::Regex;
use std::sync::LazyLock;

/// `"name": "SECRET", "value": "…"`, also in YAML and in the attributes of a tag.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    let mark = r#"[\\"']*"#;
    let field = |names: &str| format!(r"\b(?:{names}){mark}\s*[:=]\s*{mark}");
    let names = field("name|key|id|property");
    let values = field("value|content|val|secretValue");
    pattern(&format!(
        r#"(?i)(?P<front>{names}(?P<name>[A-Za-z0-9_.-]+){mark}(?:\s*,)?[\s+]*{mark}{values})(?P<value>[^"'\\\n,}}>]+)"#
    ))
});
/// The same with the value first.
static TURNED: LazyLock<Regex> = LazyLock::new(|| {
    let mark = r#"[\\"']*"#;
    pattern(&format!(
        r#"(?i)(?P<front>\b(?:value|content|val){mark}\s*[:=]\s*{mark})(?P<value>[^"'\\\n,}}>]+)(?P<behind>{mark}(?:\s*,)?[\s+]*{mark}(?:name|key|id|property){mark}\s*[:=]\s*{mark}(?P<name>[A-Za-z0-9_.-]+))"#
    ))
});
/// A name whose value begins on the next line: `secret: |`, `secret = """`, `secret:`.
static OPENS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^[+\-\s]*["']?(?P<name>[A-Za-z0-9_.-]+)["']?\s*(?:(?P<block>:\s*[|>][+-]?\d?[+-]?)|[:=]\s*(?P<marks>"""|''')|(?P<bare>:))\s*(?:\s#.*)?$"#,
    )
});
/// What a difference and a list put before a line, and its indentation.
static FRONT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[+\-\s]*"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// A text without the values that stand apart from their names.
pub(super) fn hide(text: &str) -> String {
    let masked = |found: &regex::Captures<'_>| {
        let behind = found.name("behind").map_or("", |behind| behind.as_str());
        let is_known = found["value"].trim().is_empty() || found["value"].starts_with(REDACTED);
        match is_secret_name(&found["name"]) && !is_known {
            true => format!("{}{REDACTED}{behind}", &found["front"]),
            false => found[0].to_owned(),
        }
    };
    let text = PAIR.replace_all(text, masked);
    let text = TURNED.replace_all(&text, masked);
    lines(&text)
}

/// How the value ends that began on a line before.
enum Ends<'t> {
    /// With the first line that is not indented deeper.
    Indented(usize),
    Marked(&'t str),
    /// With the next line that is a value.
    Next(usize),
}

fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut open: Option<Ends<'_>> = None;
    for line in text.split_inclusive('\n') {
        let (whole, end) = line.strip_suffix('\n').map_or((line, ""), |whole| (whole, "\n"));
        let front = FRONT.find(whole).map_or("", |front| front.as_str());
        let said = &whole[front.len()..];
        let masked = format!("{front}{REDACTED}{end}");
        match open.take() {
            Some(ends) if said.is_empty() => open = Some(ends),
            Some(Ends::Indented(base)) if front.len() > base => {
                shown.push_str(&masked);
                open = Some(Ends::Indented(base));
                continue;
            }
            Some(Ends::Next(base)) if front.len() > base && is_value(front, said) => {
                shown.push_str(&masked);
                open = Some(Ends::Next(base));
                continue;
            }
            Some(Ends::Marked(marks)) => match said.find(marks) {
                Some(0) => {}
                Some(at) => {
                    shown.push_str(&format!("{front}{REDACTED}{}{end}", &said[at..]));
                    continue;
                }
                None => {
                    shown.push_str(&masked);
                    open = Some(Ends::Marked(marks));
                    continue;
                }
            },
            _ => {}
        }
        shown.push_str(line);
        if let Some(found) = OPENS.captures(whole).filter(|found| is_secret_name(&found["name"])) {
            open = Some(match (found.name("marks"), found.name("block")) {
                (Some(marks), _) => Ends::Marked(marks.as_str()),
                (None, Some(_)) => Ends::Indented(front.len()),
                (None, None) => Ends::Next(front.len()),
            });
        }
    }
    shown
}

/// Whether a line is a plain value, and neither a field nor an entry of a list.
fn is_value(front: &str, said: &str) -> bool {
    let is_entry = front.trim_end().ends_with('-') && front.trim_start_matches(['+', '-']).contains('-');
    !is_entry && !said.contains(": ") && !said.ends_with([':', '{', ';'])
}

#[cfg(test)]
mod tests {
    use super::hide;

    #[test]
    fn a_value_apart_from_its_name_is_not_shown() {
        for text in [
            r#"[{"name":"SECRET","value":"S3CRET"}]"#,
            r#"{ "value": "S3CRET", "name": "DB_PASSWORD" }"#,
            "{\n  \"key\": \"api_token\",\n  \"value\": \"S3CRET it\"\n}",
            r#"{\"name\":\"DB_PASSWORD\",\"value\":\"S3CRET\"}"#,
            "- name: DB_PASSWORD\n  value: S3CRET it\n",
            "<add key='Password' value='S3CRET it'/>",
            "<meta name=\"csrf-token\" content=\"S3CRET\">",
            "db:\n  secret: |\n    S3CRET\n\n    S3CRET\n  host: x\n",
            "+  secret: >-\n+    S3CRET\n",
            "- token: |\n    S3CRET\n",
            "secret = \"\"\"\nS3CRET\nS3CRET\"\"\"\nhost = 1\n",
            "password: '''\nS3CRET\n'''\n",
            "password:\n  S3CRET\nhost: x\n",
        ] {
            let shown = hide(text);
            assert!(!shown.contains("S3CRET") && shown.contains("[redacted]"), "{text}\n{shown}");
            assert_eq!(shown.lines().count(), text.lines().count(), "{shown}");
            assert_eq!(hide(&shown), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            r#"[{"name":"PATH","value":"/usr/bin"}]"#,
            "- name: HOME\n  value: /root\n",
            "db:\n  note: |\n    a text\n  host: x\n",
            "auth:\n  basic: true\n  realm: x\n",
            "tokens:\n  - name: a\n",
            "password: |\nhost: x\n",
            "<meta name=\"viewport\" content=\"width=device-width\">",
        ] {
            assert_eq!(hide(text), text);
        }
        assert_eq!(hide("secret: |\n  S3CRET\nhost: |\n  a\n"), "secret: |\n  [redacted]\nhost: |\n  a\n");
    }
}
