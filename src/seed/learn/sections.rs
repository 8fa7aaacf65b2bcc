//! What was learned, as lines of the map.
//!
//! Invariant: a line is called learned only where the row itself shows it: its table, its ids, the name that was
//! typed, a time that Motion wrote. Names alone keep the grade that names have.

use super::evidence::value;
use super::fixed::fixed;
use super::model::{CLEAR, LinkRow, Profile};
use super::picture::Task;
use super::told_apart::Mark;
use crate::db::catalog::{Column, Table};
use crate::db::{Catalog, Engine, Value};
use crate::seed::discover::entities::PROFILES;
use crate::seed::discover::fields::{DELETED, Field, TIMES, Type, find, takes};
use crate::seed::discover::offers::revival;
use crate::seed::discover::{
    Grade, Note, NoteKind, Proposal, ProposalLine, Section, TABLES, foresee, quoted_text, record,
};
use crate::seed::map::LinkKind;
use crate::seed::verify::describe;

/// The lines about profiles.
pub fn of_profile(profile: &Profile<'_>, task: &Task, engine: Engine) -> Vec<Section> {
    let table = profile.table;
    let mut head = Section::new("profiles");
    head.text("table", &table.name, Grade::Learned, "the profile that was made is a row of it");
    let mut lines = Lines::new("profiles.columns", table, profile.row, engine);
    lines.learned("id", &profile.id.0, "the links refer to it");
    lines.learned("name", &profile.name, "it holds the name that was typed");
    lines.enabled();
    if let Some(column) = column_with(profile, &task.description) {
        lines.learned("description", &column, "it holds the description that was typed");
    }
    lines.times();
    lines.deleted();
    let (section, used) = lines.done();
    let (fixed, remarks) = fixed("profiles", table, profile.row, &used, task);
    head.entries.extend(remarks);
    whole(head, section, fixed)
}

fn column_with(profile: &Profile<'_>, text: &str) -> Option<String> {
    let is = |value: &Value| matches!(value, Value::Text(its) if its.trim() == text);
    profile.row.iter().find(|(name, value)| is(value) && *name != profile.name).map(|(name, _)| name.clone())
}

/// The lines about links of a kind. `second` is the likeliest row of another table.
pub fn of_link(
    link: &LinkRow<'_>,
    second: Option<&LinkRow<'_>>,
    mark: Mark,
    task: &Task,
    engine: Engine,
) -> Vec<Section> {
    let part = format!("links.{}", link.kind);
    let mut head = Section::new(&part);
    let near = second.filter(|other| other.points + CLEAR > link.points);
    let grade = if near.is_some() { Grade::Likely } else { Grade::Learned };
    let mut why = format!("a new row of it has {} and {}", link.owner.column, link.member.column);
    if let Some(other) = second {
        why.push_str(&format!("; {} got such a row, too, with less that speaks for it", other.table.name));
    }
    head.text("table", &link.table.name, grade, why);
    let Mark { only, absent } = mark;
    if let Some((column, value)) = &only
        && let Some(value) = toml_value(value)
    {
        let line = format!("{{ column = {}, value = {value} }}", quoted_text(column));
        head.entries.push(ProposalLine::Line(
            "only".to_owned(),
            line,
            grade,
            "the row holds this value".to_owned(),
        ));
    }
    let mut lines = Lines::new(&format!("{part}.columns"), link.table, link.row, engine);
    let (owner, member, other) = keys(link.kind);
    lines.line(owner, &link.owner.column, grade, &format!("it holds the id; {}", link.owner.why));
    lines.line(member, &link.member.column, grade, &format!("it holds the id; {}", link.member.why));
    if let Some(absent) = &absent {
        lines.line(other, absent, grade, "it is NULL in the row");
    }
    lines.own_key();
    if link.kind == LinkKind::ProfileQueues(crate::seed::Channel::Voice) {
        lines.penalty(task.penalty, grade);
    }
    lines.times();
    lines.deleted();
    let (section, mut used) = lines.done();
    if section.entries.iter().any(|entry| matches!(entry, ProposalLine::Line(key, ..) if key == DELETED.key))
    {
        // Without the column that is NULL: a unique index with a NULL in it allows any number of rows.
        let ends = [&link.owner.column, &link.member.column].into_iter();
        let pair: Vec<&str> = ends.chain(only.iter().map(|(column, _)| column)).map(String::as_str).collect();
        head.entries.push(revival(link.table, &pair));
    }
    used.extend(only.map(|(column, _)| column));
    let (fixed, remarks) = fixed(&part, link.table, link.row, &used, task);
    head.entries.extend(remarks);
    whole(head, section, fixed)
}

/// The keys of owner and member, and of the column that is NULL.
pub fn keys(kind: LinkKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        LinkKind::ProfileAgents => ("profile", "agent", "queue"),
        LinkKind::ProfileQueues(_) => ("profile", "queue", "agent"),
        LinkKind::Personal(_) => ("agent", "queue", "profile"),
    }
}

fn whole(head: Section, columns: Section, fixed: Section) -> Vec<Section> {
    [head, columns, fixed].into_iter().filter(|section| !section.entries.is_empty()).collect()
}

fn toml_value(value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Text(text) => Some(quoted_text(text)),
        _ => None,
    }
}

/// The lines of one part's columns.
struct Lines<'a> {
    table: &'a Table,
    row: &'a [(String, Value)],
    engine: Engine,
    section: Section,
    used: Vec<String>,
}

impl<'a> Lines<'a> {
    fn new(section: &str, table: &'a Table, row: &'a [(String, Value)], engine: Engine) -> Self {
        Self { table, row, engine, section: Section::new(section), used: Vec::new() }
    }

    fn done(self) -> (Section, Vec<String>) {
        (self.section, self.used)
    }

    fn line(&mut self, key: &str, column: &str, grade: Grade, why: &str) {
        let what = self.table.column(column).map(|known| describe(self.table, known)).unwrap_or_default();
        self.section.text(key, column, grade, format!("{why}, {what}"));
        self.used.push(column.to_owned());
    }

    fn learned(&mut self, key: &str, column: &str, why: &str) {
        self.line(key, column, Grade::Learned, why);
    }

    fn value(&self, column: &Column) -> Option<&'a Value> {
        self.row.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value)
    }

    fn find(&self, field: &Field) -> Option<&'a Column> {
        find(self.table, field, self.engine)
            .map(|(column, _)| column)
            .filter(|column| !self.used.contains(&column.name))
    }

    /// The profile was made enabled: so 1 stands where it says so.
    fn enabled(&mut self) {
        let is_on = |column: &&Column| self.value(column).is_some_and(|value| value.display() == "1");
        let flags: Vec<&Column> = self
            .table
            .columns
            .iter()
            .filter(|column| takes(column, Type::Flag, self.engine) && !self.used.contains(&column.name))
            .filter(|column| ["tinyint", "bool", "boolean", "bit"].contains(&column.data_type.as_str()))
            .filter(is_on)
            .collect();
        match (self.find(&PROFILES[2]), flags.as_slice()) {
            (Some(column), _) if is_on(&column) => {
                self.learned(
                    "enabled",
                    &column.name,
                    "its name says so, and it is 1 in a profile that is enabled",
                );
            }
            (None, [column]) => {
                self.line(
                    "enabled",
                    &column.name,
                    Grade::Likely,
                    "the only flag that is 1 in a profile that is enabled",
                );
            }
            (found, _) => {
                let why = found.map_or_else(
                    || "no column is the only flag that is 1 in a profile that is enabled".to_owned(),
                    |column| format!("{} is not 1 in a profile that is enabled: was it?", column.name),
                );
                self.section.entries.push(ProposalLine::Missing("enabled".to_owned(), why));
            }
        }
    }

    fn times(&mut self) {
        for field in &TIMES {
            let Some(column) = self.find(field) else { continue };
            if self.value(column).is_some_and(|value| !value.is_null()) {
                self.learned(field.key, &column.name, "Motion wrote a time");
            }
        }
    }

    fn deleted(&mut self) {
        let Some(column) = self.find(&DELETED) else { return };
        if self.value(column).is_some_and(Value::is_null) {
            let why =
                "its name says so, and it is NULL in the new row; `learn --end --deleted` makes it sure";
            self.line(DELETED.key, &column.name, Grade::Likely, why);
        }
    }

    /// The row's own number, where it is none of the ends.
    fn own_key(&mut self) {
        if let Some(key) = super::look::number_key(self.table)
            && !self.used.iter().any(|used| used == key)
        {
            self.learned("id", key, "the table's own key");
        }
    }

    fn penalty(&mut self, penalty: i64, grade: Grade) {
        let holds = |column: &&Column| {
            value(&self.row.to_vec(), &column.name)
                .is_some_and(|value| value.display() == penalty.to_string())
        };
        let free = |column: &&Column| {
            takes(column, Type::Number, self.engine)
                && !self.used.contains(&column.name)
                && !column.is_auto_increment()
        };
        let columns: Vec<&Column> = self.table.columns.iter().filter(free).filter(holds).collect();
        let named = |column: &&&Column| crate::seed::discover::names::key(&column.name).contains("penalty");
        match (columns.iter().find(named), columns.as_slice()) {
            (Some(column), _) | (None, [column]) => {
                self.line("penalty", &column.name, grade, "it holds the penalty that was typed");
            }
            (None, _) => {
                let why = format!(
                    "links.profile_queues.voice: no column holds the penalty {penalty}; add `penalty` by hand if there is one"
                );
                self.section.entries.push(ProposalLine::Remark(why));
            }
        }
    }
}

/// Makes a part a comment, and says there why.
pub fn left_open(sections: &mut [Section], why: &str) {
    for section in sections.iter_mut() {
        section.is_open = true;
    }
    if let Some(head) = sections.first_mut() {
        head.entries.insert(0, ProposalLine::Remark(why.to_owned()));
    }
}

/// A part whose step made no row that shows it: what `discover` concludes of it is no more than a comment.
pub fn without_trace(kind: LinkKind) -> Section {
    let mut section = Section::new(format!("links.{kind}")).left_open();
    let why =
        "the step was to be done, and no new row shows it here: this is what discover concludes from names";
    section.entries.push(ProposalLine::Remark(why.to_owned()));
    section
}

fn is_line(entry: &ProposalLine) -> bool {
    matches!(entry, ProposalLine::Line(..))
}

/// What `discover` concludes, what was learned in its place, and `notes` of that; the whole is recorded and checked.
#[must_use]
pub fn taught(
    mut concluded: Proposal,
    learned: &[Section],
    notes: Vec<String>,
    catalog: &Catalog,
    engine: Engine,
) -> Proposal {
    outranked(&mut concluded, learned);
    record(catalog, &mut concluded);
    foresee(catalog, engine, &mut concluded);
    concluded.remarks = notes;
    concluded
}

/// The proposal with what was learned in the place of what `discover` concluded.
pub fn outranked(proposal: &mut Proposal, learned: &[Section]) {
    let is_trace = |section: &&Section| !section.is_open || section.entries.iter().any(is_line);
    for unseen in learned.iter().filter(|section| !is_trace(section)) {
        let part = |section: &&mut Section| is_part(&section.key, &unseen.key);
        for section in proposal.sections.iter_mut().filter(part) {
            section.is_open = true;
            if section.key == unseen.key {
                section.entries.splice(0..0, unseen.entries.iter().cloned());
            }
        }
    }
    let learned: Vec<&Section> = learned.iter().filter(is_trace).collect();
    let parts: Vec<&str> = learned
        .iter()
        .map(|section| section.key.as_str())
        .filter(|key| !key.ends_with(".columns") && !key.ends_with(".fixed"))
        .collect();
    let is_of = |key: &str| parts.iter().any(|part| is_part(key, part));
    let differs: Vec<Note> =
        learned.iter().filter_map(|section| differs(section, proposal, &parts)).collect();
    proposal.sections.retain(|section| !is_of(&section.key) && !section.key.starts_with("tables."));
    let notes = std::mem::take(&mut proposal.notes).into_iter().filter(|note| note.about != TABLES);
    let notes =
        notes.filter_map(|note| if parts.contains(&&*note.about) { concluded(note) } else { Some(note) });
    proposal.notes = notes.chain(differs).collect();
    // Of one kind what is sure comes first.
    proposal.sections.splice(0..0, learned.iter().map(|section| (*section).clone()));
    // As a person reads it: who, what, and then what belongs together.
    let rank = |key: &str| {
        let first = key.split('.').next().unwrap_or_default();
        ["users", "queues", "profiles", "links"].iter().position(|known| *known == first).unwrap_or(9)
    };
    proposal.sections.sort_by_key(|section| rank(&section.key));
}

/// A note of `discover` on a part that was learned: who comes next, and which view or which key is no part of a map.
fn concluded(note: Note) -> Option<Note> {
    // That it saw nothing says nothing where Motion has shown it.
    let says = || format!("it was learned; {DISCOVER}: {}", note.says);
    (note.kind != NoteKind::Absent).then(|| Note::open(note.about.clone(), says()))
}

/// How a note begins that is `discover`'s.
const DISCOVER: &str = "discover, which knows names and keys alone, says";

/// The table that `discover` takes where Motion wrote into another one, and its reasons.
fn differs(learned: &Section, proposal: &Proposal, parts: &[&str]) -> Option<Note> {
    let about = parts.iter().find(|part| **part == learned.key)?;
    let table = |section: &Section| {
        section.entries.iter().find_map(|entry| match entry {
            ProposalLine::Line(key, value, _, why) if key == "table" => Some((value.clone(), why.clone())),
            _ => None,
        })
    };
    let its = proposal.sections.iter().find(|section| section.key == *about && !section.is_open)?;
    let ((wrote, _), (taken, why)) = (table(learned)?, table(its)?);
    let taken_plain = taken.trim_matches('"');
    (wrote != taken).then(|| {
        let wrote = wrote.trim_matches('"');
        Note::open(*about, format!("it was learned in {wrote}; {DISCOVER}: {taken_plain} ({why})"))
    })
}

/// Whether a section is a part of the map, or one below it.
pub fn is_part(key: &str, part: &str) -> bool {
    key == part || key.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
}
