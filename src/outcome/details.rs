//! What a command has to say besides its sections: `details` of the document.
//!
//! Invariant: what people or another command read is a field. A key that is only for programs is [`Details::add`]ed, and
//! nobody here reads it back. The document has all of them side by side, in the order of their names.

use super::{BackupSection, ErrorSection, OutcomeKind, TrySection};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::fmt::Display;

/// A line of a table: its cells as people read them.
pub type Row = Vec<String>;

/// A line of a table.
#[must_use]
pub fn row(cells: &[&dyn Display]) -> Row {
    cells.iter().map(ToString::to_string).collect()
}

/// What a command has to say besides; what is absent does not apply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// How it ended, in a sentence of the command's own.
    pub verdict: Option<String>,
    /// The line of counts.
    pub summary: Option<String>,
    /// A table, such as the one of backups.
    pub rows: Option<Vec<Row>>,
    pub notes: Option<Vec<String>>,
    /// The file that the answer is, for who redirects it.
    pub text: Option<String>,
    /// The file that a plan was saved to.
    pub saved: Option<String>,
    /// The file that the page was written to.
    pub page: Option<String>,
    /// The archive that was written.
    pub archive: Option<String>,
    /// What goes with an undone run.
    pub loss: Option<String>,
    /// What could not be looked at.
    pub not_seen: Option<Vec<String>>,
    /// What a report was made with: names and texts.
    pub environment: Option<Vec<[String; 2]>>,
    /// What a check found, in an answer that is about something else.
    pub found: Option<FoundSection>,
    /// A server that an operator must look at.
    pub state: Option<StateSection>,
    /// The runs that the journal tells of, the newest first.
    pub runs: Option<Vec<RunSection>>,
    /// The backups of a report, the newest first.
    pub backups: Option<Vec<KeptBackup>>,
    /// What a monitor is told.
    pub check: Option<CheckSection>,
    /// What a script did in a private copy.
    pub tried: Option<TrySection>,
    /// Keys that only programs read.
    pub besides: Map<String, Value>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundSection {
    /// How the check ended.
    pub outcome: OutcomeKind,
    pub exit_code: u8,
    /// Why a change would not go on.
    pub error: Option<ErrorSection>,
}

/// What was seen of a server that an operator must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateSection {
    /// Each file of the newest run.
    pub disk: Vec<String>,
    /// What `nginx -t` says of them.
    pub nginx: String,
    /// The processes that serve.
    pub serving: Vec<String>,
}

/// A run of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunSection {
    pub id: String,
    /// `migration`, `rollback` or `restore-vendor`.
    pub kind: &'static str,
    pub began: String,
    pub ended: Option<String>,
    /// How it ended; none while it is open.
    pub outcome: Option<&'static str>,
    /// Why it went another way than forward.
    pub reason: Option<String>,
    /// Who asked for it.
    pub actor: String,
    pub command: String,
    /// The backup of before.
    pub backup: String,
    /// The files that it left changed.
    pub files: Vec<String>,
    /// Until when it was to be confirmed.
    pub confirm_by: Option<String>,
    pub confirmed_by: Option<String>,
    /// The run that took it back later.
    pub undone_by: Option<String>,
    /// Whether it is in place, and can be undone.
    pub undoable: bool,
}

/// A backup, and why it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptBackup {
    /// What every answer says of one.
    #[serde(flatten)]
    pub backup: BackupSection,
    /// When it was made.
    pub created: String,
    /// What it was made before.
    pub reason: String,
}

/// What a monitor is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckSection {
    /// The state in a word.
    pub state: &'static str,
    /// The one line that a monitor shows.
    pub line: String,
    /// What speaks for that state.
    pub reasons: Vec<CheckReason>,
}

/// One reason of a monitor's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReason {
    /// The state that it alone would mean.
    pub state: &'static str,
    /// What it is about.
    pub kind: &'static str,
    pub text: String,
}

impl Details {
    /// Adds a key that only programs read.
    pub fn add(&mut self, key: &str, value: impl Into<Value>) {
        self.besides.insert(key.to_owned(), value.into());
    }

    /// Notes for people, where there are any.
    pub fn set_notes(&mut self, notes: Vec<String>) {
        if !notes.is_empty() {
            self.notes = Some(notes);
        }
    }

    /// Takes such a key out again.
    pub fn remove(&mut self, key: &str) {
        self.besides.remove(key);
    }

    /// Whether programs get a list with something in it under that key.
    #[must_use]
    pub fn lists(&self, key: &str) -> bool {
        self.besides.get(key).and_then(Value::as_array).is_some_and(|all| !all.is_empty())
    }

    /// Whether there is nothing besides.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of it as the document has it.
    fn document(&self) -> Map<String, Value> {
        let Self {
            verdict,
            summary,
            rows,
            notes,
            text,
            saved,
            page,
            archive,
            loss,
            not_seen,
            environment,
            found,
            state,
            runs,
            backups,
            check,
            tried,
            besides,
        } = self;
        let typed = [
            ("verdict", json!(verdict)),
            ("summary", json!(summary)),
            ("rows", json!(rows)),
            ("notes", json!(notes)),
            ("text", json!(text)),
            ("saved", json!(saved)),
            ("page", json!(page)),
            ("archive", json!(archive)),
            ("loss", json!(loss)),
            ("not_seen", json!(not_seen)),
            ("environment", json!(environment)),
            ("found", json!(found)),
            ("state", json!(state)),
            ("runs", json!(runs)),
            ("backups", json!(backups)),
            ("check", json!(check)),
            ("try", json!(tried)),
        ];
        let typed = typed.into_iter().filter(|(_, value)| !value.is_null());
        let mut all = besides.clone();
        all.extend(typed.map(|(key, value)| (key.to_owned(), value)));
        all
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document().serialize(serializer)
    }
}
