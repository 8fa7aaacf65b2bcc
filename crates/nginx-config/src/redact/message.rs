//! What NGINX says of a configuration: it quotes words of it, whole or in part, in small letters, and from a variable's
//! sign on.
//!
//! Invariant: what is quoted beside a place that holds a secret is hidden; so is what a hidden word of the configuration
//! holds, wherever it is quoted. The place itself stays.

use super::mask::{REDACTED, pattern};
use super::table::{self, Field};
use super::text::Kind;
use super::words::{hidden_words, holds_secret};
use super::{free_text, list};
use crate::config::{Config, File};
use crate::node::FileId;
use crate::tree::{DirectiveId, Tree};
use regex::{Captures, Regex};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A shorter part of a secret says nothing of it, and stands in too many words.
const SHORTEST: usize = 3;

static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern(r#""[^"]*""#));
static UNKNOWN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(unknown|closing bracket in) "(.*)" variable"#));

/// What nginx says, with the quoted arguments of a secret directive replaced.
/// nginx names the place at the end of a line: `… in /etc/nginx/x.conf:12`.
#[must_use]
pub fn redact_message(config: &Config, message: &str) -> String {
    let secrets = Secrets::of(config);
    message.lines().map(|line| secrets.line(config, line)).collect::<Vec<_>>().join("\n")
}

/// What of a configuration must not be quoted.
struct Secrets {
    /// The hidden words, in small letters as `map` compares them.
    words: BTreeSet<String>,
    /// Words that are values of secrets, though they look like variables alone.
    tails: BTreeSet<String>,
}

impl Secrets {
    fn of(config: &Config) -> Self {
        let mut secrets = Self { words: BTreeSet::new(), tails: BTreeSet::new() };
        for (_, file) in config.files() {
            for directive in file.tree.walk() {
                secrets.add(&file.tree, directive);
            }
        }
        secrets
    }

    fn add(&mut self, tree: &Tree, id: DirectiveId) {
        let small = |text: &str| text.to_lowercase();
        self.words.extend(hidden_words(tree, id).iter().map(|word| small(word)));
        let directive = tree.directive(id);
        let field = table::field(&directive.name.text());
        // Behind a name, or all of it where the directive itself is one.
        let first = usize::from(field.is_some_and(|field| field != Field::From(0)));
        if holds_secret(tree, id) && (field.is_some() || list::gives_secret(tree, directive)) {
            self.tails.extend(directive.args.iter().skip(first).map(|word| small(&word.text())));
        }
    }

    fn line(&self, config: &Config, line: &str) -> String {
        let (said, place) = place(config, line);
        let behind = &line[said.len()..];
        let is_secret = place.is_some_and(|(id, number)| Self::is_secret_at(config.file(id), number));
        let said = match (is_secret, said.find('"'), said.rfind('"')) {
            // A quotation may hold quotes of its own: all between the first and the last one is hidden.
            (true, Some(first), Some(last))
                if first < last && table::field(&said[first + 1..last]).is_none() =>
            {
                format!("{}\"{REDACTED}\"{}", &said[..first], &said[last + 1..])
            }
            _ => self.quotations(said),
        };
        let place = if place.is_some() { behind.to_owned() } else { free_text::shown(behind, Kind::Prose) };
        free_text::shown(&said, Kind::Prose) + &place
    }

    /// Whether the directive that NGINX speaks of there holds a secret.
    fn is_secret_at(file: &File, number: usize) -> bool {
        file.tree.walk().any(|id| {
            let directive = file.tree.directive(id);
            // Of a block the line of its words counts, and not those of what stands in it.
            let end = match directive.body {
                crate::Body::Block { open, .. } => open.end,
                _ => directive.span.end,
            };
            let lines = file.tree.position(directive.span.start).line..=file.tree.position(end).line;
            lines.contains(&number) && holds_secret(&file.tree, id)
        })
    }

    /// Without the quotations that are a part of a secret, or hold one.
    fn quotations(&self, said: &str) -> String {
        let unknown = UNKNOWN.captures(said).map(|found| found[2].to_lowercase());
        let is_tail = |name: &str| {
            let forms = [format!("${name}"), format!("${{{name}}}")];
            self.tails
                .iter()
                .chain(&self.words)
                .any(|word| forms.iter().any(|form| word.contains(form.as_str())))
        };
        if unknown.is_some_and(|name| is_tail(&name)) {
            return UNKNOWN.replace(said, format!("$1 \"{REDACTED}\" variable")).into_owned();
        }
        let shown = |found: &Captures<'_>| {
            // A long word is cut off.
            let quoted = found[0].trim_matches('"').trim_end_matches("...").to_lowercase();
            let holds = |word: &String| {
                quoted.len() >= SHORTEST && word.contains(&quoted)
                    || word.len() > SHORTEST && quoted.contains(word.as_str())
            };
            let is_name = table::field(&quoted).is_some() || quoted.starts_with('/') && !quoted.contains('=');
            match !is_name && self.words.iter().any(holds) {
                true => format!("\"{REDACTED}\""),
                false => found[0].to_owned(),
            }
        };
        QUOTED.replace_all(said, shown).into_owned()
    }
}

/// What is said before the place, and the place, where a line ends with one. A path may hold blanks and colons: it is
/// one of those that the configuration was read from.
fn place<'l>(config: &Config, line: &'l str) -> (&'l str, Option<(FileId, usize)>) {
    let trimmed = line.trim_end();
    let Some((before, number)) = trimmed.rsplit_once(':') else { return (line, None) };
    let Ok(number) = number.parse::<usize>() else { return (line, None) };
    let ends = |file: &File| {
        file.paths().filter_map(|path| before.strip_suffix(&*path.to_string_lossy())).map(str::len).min()
    };
    let found = config.files().filter_map(|(id, file)| Some((ends(file)?, id))).min();
    match found {
        Some((length, id)) => (line[..length].trim_end_matches(" in "), Some((id, number))),
        None => (line, None),
    }
}
