//! Values that stand apart from what says that they are secret: `"name": "DB_PASSWORD", "value": "…"`, the password of a
//! command, and what is written by codes (`%3D`).
//!
//! Invariant: what was hidden is not hidden further; everything else is left to the reading of free text.

use super::mask::{LETTERS, REDACTED, masked, pattern};
use super::name;
use super::text::{self, Kind};
use super::value::is_harmless;
use regex::Regex;
use std::sync::LazyLock;

/// What a field is called that holds the value.
const CONTENT: &str = "value|content|val";

/// A name in one field, and its value in the next one, or the other way round.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let (label, content) = (field("name|key|id|field|variable|var|env|property"), field(CONTENT));
    pattern(&format!(r#"{label}["'](?P<called>[{LETTERS}.$-]+)\\*["'][^<>{{}}\n]{{0,80}}?{content}"#))
});
static NAMED_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    let (label, content) = (field("name|key|id|field"), field(CONTENT));
    pattern(&format!(
        r#"{content}["'](?P<secret>[^"'\\\n]+)\\*["'][^<>{{}}\n]{{0,80}}?{label}["'](?P<called>[{LETTERS}.$-]+)"#
    ))
});
/// Command lines with a password beside a letter, or as the last word; each with the names that one begins with.
///
/// Between a name and its option may stand 200 letters, which is as many states of the pattern: they are compiled where
/// a name is met, and that is in few configurations.
static COMMANDS: [(&[&str], LazyLock<Regex>); 4] = [
    (
        &["mysql", "mariadb"],
        LazyLock::new(|| {
            command(
                r"(?-u:\b(?:mysql(?:admin|check|dump|import)?|mariadb(?:-\w+)?))",
                &format!("{OPTIONS}-p"),
            )
        }),
    ),
    (
        &["sshpass", "mongo"],
        LazyLock::new(|| command(r"(?-u:\b(?:sshpass|mongo\w*))", &format!(r"{OPTIONS}-p[ \t]*"))),
    ),
    (
        &["redis-cli"],
        LazyLock::new(|| command(r"(?-u:\b)redis-cli", &format!(r"{OPTIONS}(?:-a|--pass)[ \t]+"))),
    ),
    (
        &["htpasswd"],
        LazyLock::new(|| {
            let name = r"(?-u:\b)htpasswd";
            command(name, r"[ \t]+-[A-Za-z]*b[A-Za-z]*(?:[ \t]+[^\s|;&]+){1,2}[ \t]+")
        }),
    ),
];
const OPTIONS: &str = r"(?-u:\b)[^\n|;&]{0,200}?[ \t]";
/// A run of letters of which some are written by their codes.
static ENCODED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"[^\s"'<>&?=;,|]*%[0-9A-Fa-f]{2}[^\s"'<>&?;,|]*"#));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern("%([0-9A-Fa-f]{2})"));

fn command(name: &str, before: &str) -> Regex {
    pattern(&format!(r#"{name}{before}(?P<secret>'[^'\n]*'|"[^"\n]*"|[^\s'"|;&-][^\s|;&]*)"#))
}

fn field(names: &str) -> String {
    format!(r#"(?-u:\b)(?i:{names})\\*["']?[ \t]*[:=][ \t]*\\*"#)
}

/// The text without such values.
pub fn shown(text: &str) -> String {
    // Most words of a configuration hold nothing of the kind, and cost no search.
    let mut text = text.to_owned();
    if text.contains(['"', '\'']) && text.contains([':', '=']) && has_content(&text) {
        text = replaced(&text, &NAMED, |text, found| {
            let called = found.name("called")?.as_str();
            Some((called, text::value(text, found.get(0)?.end(), false)))
        });
        text = replaced(&text, &NAMED_BEHIND, |_, found| {
            Some((found.name("called")?.as_str(), found.name("secret")?.range()))
        });
    }
    let has_option = text.contains(" -") || text.contains("\t-");
    for (names, command) in COMMANDS.iter().filter(|_| has_option) {
        if !names.iter().any(|name| text.contains(name)) {
            continue;
        }
        text = replaced(&text, command, |_, found| Some(("password", found.name("secret")?.range())));
    }
    if !text.contains('%') {
        return text;
    }
    let encoded = |found: &regex::Captures<'_>| match hides_encoded(&found[0]) {
        true => REDACTED.to_owned(),
        false => found[0].to_owned(),
    };
    ENCODED.replace_all(&text, encoded).into_owned()
}

fn has_content(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    CONTENT.split('|').any(|name| lower.contains(name))
}

/// A text with what a pattern finds replaced, where its name speaks of a secret.
fn replaced<'t>(
    text: &'t str,
    searched: &Regex,
    value: impl Fn(&'t str, &regex::Captures<'t>) -> Option<(&'t str, std::ops::Range<usize>)>,
) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut kept = 0;
    for found in searched.captures_iter(text) {
        let Some((called, place)) = value(text, &found) else { continue };
        let is_secret = name::is_secret_name(called) && !is_harmless(called, &text[place.clone()]);
        if place.start >= kept && !place.is_empty() && is_secret {
            shown.push_str(&text[kept..place.start]);
            shown.push_str(&masked(&text[place.clone()]));
            kept = place.end;
        }
    }
    shown.push_str(&text[kept..]);
    shown
}

/// Whether a secret shows in a run when its codes are read, which may be written by codes themselves.
fn hides_encoded(run: &str) -> bool {
    const MOST: usize = 3;
    let mut run = run.to_owned();
    for _ in 0..MOST {
        let letters = |found: &regex::Captures<'_>| {
            let code = u8::from_str_radix(&found[1], 16).expect("two digits");
            // What is no letter of ASCII parts words, and no more.
            if code.is_ascii() { char::from(code).to_string() } else { "\u{fffd}".to_owned() }
        };
        let decoded = CODE.replace_all(&run, letters).into_owned();
        if decoded == run {
            return false;
        }
        if text::plain(&decoded, Kind::Prose) != decoded {
            return true;
        }
        run = decoded;
    }
    false
}
