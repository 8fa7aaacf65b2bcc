//! Reads scalars, mappings and lists of a tree, and keeps what is wrong.
//!
//! Invariant: a fault is reported once, and reading goes on behind it. What
//! was not written is no fault where the file breaks off before its place.

use super::model::{Managed, Name, Spanned};
use super::place::Place;
use super::problem::{Problem, shown};
use super::scalar::{Plain, classify};
use super::source::Source;
use super::suggest;
use super::tree::{Node, Value};
use std::collections::HashMap;

/// No person reads more of them.
const MOST_PROBLEMS: usize = 10_000;

/// A key of a mapping and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct MappingEntry<'t> {
    /// Where the key stands.
    pub key: Place,
    /// What it is called.
    pub name: &'static str,
    pub value: Node<'t>,
}

/// The values of known keys, in the order in which they were asked for.
pub(super) type Fields<'t, const N: usize> = [Option<MappingEntry<'t>>; N];

/// What was found wrong so far.
#[derive(Debug)]
pub(super) struct Reader {
    problems: Vec<Problem>,
    /// What places lead to, for messages that name another one.
    source: Source,
}

impl Reader {
    /// Goes on from what YAML itself had to say.
    pub fn new(problems: Vec<Problem>, source: Source) -> Self {
        Self { problems, source }
    }

    /// A place as a message about what is `here` names it.
    pub fn in_words(&self, place: Place, here: Place) -> String {
        self.source.in_words(place, here)
    }

    /// Keeps a problem.
    pub fn report(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// All problems as they were found.
    pub fn into_unplaced(self) -> Vec<Problem> {
        self.problems
    }

    /// All problems in the order of the file, each once and inside of it.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        self.source.keep_inside(problems.iter_mut().map(|problem| &mut problem.place));
        problems.sort_by(|a, b| (a.place, a.weight, &a.message).cmp(&(b.place, b.weight, &b.message)));
        problems.dedup();
        problems
    }

    /// The values of `known` keys of a mapping; `what` is what the mapping is.
    pub fn fields<'t, const N: usize>(
        &mut self,
        node: Node<'t>,
        what: &str,
        known: [&'static str; N],
    ) -> Option<Fields<'t, N>> {
        self.expect_mapping(node, what)?;
        let mut fields: Fields<'t, N> = [None; N];
        // A misspelt key stands for the one that was meant, which is not missing then.
        let mut meant: Fields<'t, N> = [None; N];
        for (key, value) in node.entries() {
            let Some(text) = self.key(key) else { continue };
            let Some(index) = known.iter().position(|name| **name == **text) else {
                if let Some(index) = self.unknown_key(key.place, text, what, &known) {
                    meant[index] = Some(MappingEntry { key: key.place, name: known[index], value });
                }
                continue;
            };
            if let Some(first) = &fields[index] {
                let message = format!("{} is given twice in {what}", shown(text));
                let hint = format!("it stands first in {}", self.in_words(first.key, key.place));
                self.report(Problem::error(key.place, message).hint(hint));
                continue;
            }
            fields[index] = Some(MappingEntry { key: key.place, name: known[index], value });
        }
        for (field, meant) in fields.iter_mut().zip(meant) {
            *field = field.or(meant);
        }
        Some(fields)
    }

    /// A mapping whose keys are names of the user's own.
    pub fn free_fields<'t>(&mut self, node: Node<'t>, what: &str) -> Vec<(Spanned<Name>, Node<'t>)> {
        if self.expect_mapping(node, what).is_none() {
            return Vec::new();
        }
        let mut seen: HashMap<&Name, Place> = HashMap::new();
        let mut fields = Vec::new();
        for (key, value) in node.entries() {
            if self.key(key).is_none() {
                continue;
            }
            let Some(name) = self.name(key, "a name") else { continue };
            let (Value::Plain(text) | Value::Quoted(text)) = key.value() else { continue };
            if let Some(first) = seen.insert(text, key.place) {
                let message = format!("{} is given twice in {what}", shown(text));
                let hint = format!("it stands first in {}", self.in_words(first, key.place));
                self.report(Problem::error(key.place, message).hint(hint));
                continue;
            }
            fields.push((name, value));
        }
        fields
    }

    /// The items of a list; `what` is what the list holds.
    pub fn items<'t>(&mut self, entry: MappingEntry<'t>, what: &str) -> Vec<Node<'t>> {
        match entry.value.value() {
            Value::Sequence => return entry.value.children().collect(),
            Value::Broken => {}
            Value::Mapping => {
                let item = match what {
                    "moves" => "- { from: … }",
                    "agents" => "- { username: … }",
                    "profiles" | "queues" => "- { name: … }",
                    _ => "- …",
                };
                let hint = format!("begin each of them with a dash: `{item}`");
                self.wrong(entry, &format!("a list of {what}"), &hint);
            }
            _ => self.wrong(entry, &format!("a list of {what}"), "write `[]` for none, or leave the key out"),
        }
        Vec::new()
    }

    /// What must be there; nothing is missing where the file breaks off.
    pub fn require<'t>(
        &mut self,
        field: Option<MappingEntry<'t>>,
        key: &str,
        what: &str,
        node: Node<'t>,
    ) -> Option<MappingEntry<'t>> {
        if field.is_none() && node.is_closed() {
            self.report(Problem::error(node.place, format!("{what} without `{key}`")));
        }
        field
    }

    /// A name: text that is not blank.
    pub fn name(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<Name>> {
        let text = self.text(node, what)?;
        if text.value.trim().is_empty() {
            self.report(Problem::error(node.place, format!("{what} is blank")));
            return None;
        }
        Some(text)
    }

    /// A text that every reader of YAML takes for one.
    pub fn text(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<Name>> {
        let found = |text: &Name| Some(Spanned { value: text.clone(), place: node.place });
        match node.value() {
            Value::Quoted(text) => return found(text),
            Value::Plain(text) => match classify(text) {
                Plain::Text => return found(text),
                Plain::Integer(value) if value >= 0 => return found(text),
                Plain::Empty => {
                    self.report(Problem::error(node.place, format!("{what} has no value")));
                }
                other => self.report(quote_it(node.place, text, other)),
            },
            Value::Sequence => self.report(Problem::error(node.place, format!("{what} is text, not a list"))),
            Value::Mapping => {
                self.report(Problem::error(node.place, format!("{what} is text, not a mapping")));
            }
            Value::Broken => {}
        }
        None
    }

    /// A name behind a key that cannot be cleared.
    pub fn field_name(&mut self, entry: MappingEntry<'_>) -> Option<Spanned<Name>> {
        self.not_null(entry)?;
        self.name(entry.value, &format!("`{}`", entry.name))
    }

    /// A name behind a key that can be cleared.
    pub fn managed_name(&mut self, field: Option<MappingEntry<'_>>) -> Managed<Name> {
        self.managed(field, Self::name)
    }

    /// A text behind a key that can be cleared; it may be empty in quotes.
    pub fn managed_text(&mut self, field: Option<MappingEntry<'_>>) -> Managed<Name> {
        self.managed(field, Self::text)
    }

    /// A whole number behind a key that can be cleared.
    pub fn managed_number(&mut self, field: Option<MappingEntry<'_>>) -> Managed<u32> {
        self.managed(field, Self::number)
    }

    /// A whole number that a signed column of 32 bits holds.
    pub fn number(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<u32>> {
        let plain = match node.value() {
            Value::Plain(text) => Some(classify(text)),
            Value::Broken => return None,
            _ => None,
        };
        if let Some(Plain::Integer(value)) = plain
            && let Ok(value) = u32::try_from(value)
            && i32::try_from(value).is_ok()
        {
            return Some(Spanned { value, place: node.place });
        }
        let problem = Problem::error(node.place, format!("{what} is a whole number from 0 to {}", i32::MAX));
        self.report(problem.hint("write its digits, without quotes, leading zeros or a sign"));
        None
    }

    /// `true` or `false`, and none of YAML's other words for them.
    pub fn boolean(&mut self, entry: MappingEntry<'_>) -> Option<Spanned<bool>> {
        if let Value::Plain(text) = entry.value.value()
            && let Plain::Bool(value) = classify(text)
        {
            return Some(Spanned { value, place: entry.value.place });
        }
        self.wrong(entry, "`true` or `false`", "without quotes, in lower case");
        None
    }

    /// A value that is not what the key takes.
    pub fn wrong(&mut self, entry: MappingEntry<'_>, wanted: &str, hint: &str) {
        let place = match entry.value.value() {
            Value::Broken => return,
            Value::Plain(text) if text.is_empty() => entry.key,
            _ => entry.value.place,
        };
        self.report(Problem::error(place, format!("`{}` takes {wanted}", entry.name)).hint(hint));
    }

    /// Refuses nothing and `null` behind a key that cannot be cleared.
    pub fn not_null(&mut self, entry: MappingEntry<'_>) -> Option<()> {
        let Value::Plain(text) = entry.value.value() else { return Some(()) };
        match classify(text) {
            Plain::Empty => self.report(no_value(entry)),
            Plain::Null => {
                let problem =
                    Problem::error(entry.value.place, format!("`{}` cannot be cleared", entry.name));
                self.report(
                    problem.hint("leave the key out to leave it as it is; quote `null` if it is text"),
                );
            }
            _ => return Some(()),
        }
        None
    }

    fn managed<T>(
        &mut self,
        field: Option<MappingEntry<'_>>,
        read: impl FnOnce(&mut Self, Node<'_>, &str) -> Option<Spanned<T>>,
    ) -> Managed<T> {
        let Some(entry) = field else { return Managed::Absent };
        if let Value::Plain(text) = entry.value.value() {
            match classify(text) {
                Plain::Null => return Managed::Null(entry.value.place),
                Plain::Empty => {
                    self.report(no_value(entry));
                    return Managed::Absent;
                }
                _ => {}
            }
        }
        match read(self, entry.value, &format!("`{}`", entry.name)) {
            Some(spanned) => Managed::Value(spanned),
            None => Managed::Absent,
        }
    }

    fn expect_mapping(&mut self, node: Node<'_>, what: &str) -> Option<()> {
        match node.value() {
            Value::Mapping => return Some(()),
            Value::Broken => {}
            _ => {
                let problem = Problem::error(node.place, format!("{what} is a mapping, `key: value`"));
                self.report(problem);
            }
        }
        None
    }

    fn key<'t>(&mut self, node: Node<'t>) -> Option<&'t Name> {
        match node.value() {
            Value::Plain(text) if **text == *"<<" => {
                let problem = Problem::error(node.place, "merge keys (`<<`) are not read");
                self.report(problem.hint("YAML 1.2 has none; write the keys out, or alias a whole value"));
                None
            }
            Value::Plain(text) | Value::Quoted(text) => Some(text),
            Value::Sequence | Value::Mapping => {
                let problem = Problem::error(node.place, "a key is one word, not a list or a mapping");
                self.report(problem.hint("put `{{ site.NAME }}` in quotes, if that is what it is"));
                None
            }
            Value::Broken => None,
        }
    }

    /// Reports a key that is not known, and says which was probably meant.
    fn unknown_key(&mut self, place: Place, text: &str, what: &str, known: &[&'static str]) -> Option<usize> {
        // Comparing takes time, and nobody would read it.
        if self.problems.len() >= MOST_PROBLEMS {
            return None;
        }
        let problem = Problem::error(place, format!("unknown key {} in {what}", shown(text)));
        let meant = suggest::suggest(text, known.iter().copied());
        let hint = match (meant, elsewhere(text)) {
            (Some(suggestion), _) => format!("did you mean `{suggestion}`?"),
            (None, Some(hint)) => hint.to_owned(),
            (None, None) => format!("{what} has {}", listed(known)),
        };
        self.report(problem.hint(hint));
        known.iter().position(|name| Some(*name) == meant)
    }
}

/// Keys that are known in other places, and ones that many expect.
fn elsewhere(key: &str) -> Option<&'static str> {
    Some(match key {
        "penalty" => "a penalty belongs to a voice queue of a profile: `profiles[].queues.voice`",
        "timeout" | "weight" => "voice queues have none; a column of that name goes under `settings`",
        "type" => "only voice queues have a type",
        "password" | "passwd" | "secret" => {
            "a manifest holds no passwords; an agent sets one through the reset mail"
        }
        "personal" => "the Personal Profile belongs to an agent: `agents[].personal`",
        "absent" => "only profiles are deleted; agents, queues and User Profiles never are",
        "previous_name" => "only profiles are renamed; queues and usernames are keys of other tables",
        "id" => "rows are found by their names; ids differ from server to server",
        "queues" => "queues are linked to an agent under `personal`, by channel",
        _ => return None,
    })
}

fn no_value(entry: MappingEntry<'_>) -> Problem {
    Problem::error(entry.key, format!("`{}` has no value", entry.name))
        .hint("leave the key out to leave it as it is")
}

fn quote_it(place: Place, text: &str, what: Plain) -> Problem {
    let taken = match what {
        Plain::Null => "null",
        Plain::Bool(_) => "true or false",
        Plain::Ambiguous(what) => what,
        Plain::Integer(_) => "a negative number",
        Plain::Empty | Plain::Text => "something else",
    };
    let hint = match what {
        _ if text.len() > 40 => "quote it".to_owned(),
        Plain::Ambiguous("null") => format!("quote it: '{text}'; only `null` clears a column"),
        _ => format!("quote it: '{text}'"),
    };
    Problem::error(place, format!("readers of YAML may take {} for {taken}", shown(text))).hint(hint)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
