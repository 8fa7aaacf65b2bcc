//! Queues, agents and profiles with their columns.
//!
//! Invariant: a column is written as the reader takes it, or left out with a comment; NULL is written where a new row
//! would get something else.

use super::{Lists, Writer};
use crate::db::Value;
use crate::db::catalog::ColumnDefault;
use crate::seed::manifest::{Name, asks, quoted, scalar, shown};
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::{is_set, noun};
use crate::seed::snapshot::{Column, Field, Kind, Record, Section};
use std::collections::BTreeSet;

/// The largest number that readers of YAML agree on; the reader takes no longer one.
const LARGEST: i64 = 999_999_999_999_999;

impl Writer<'_> {
    /// `queues`, by channel.
    pub(super) fn queues(&mut self) {
        let mut is_open = false;
        for channel in self.channels.clone() {
            let part = Part::Queues(channel);
            let records = self.nameable.sorted(part);
            if records.is_empty() {
                continue;
            }
            if !is_open {
                self.text.open(0, "queues");
                is_open = true;
            }
            self.text.open(1, channel.name());
            for record in records {
                self.text.item(2, &format!("name: {}", scalar(&record.name)));
                self.columns(part, record, 3);
                self.export.queues += 1;
            }
        }
    }

    /// `agents`, with their Personal Profiles.
    pub(super) fn agents(&mut self) {
        let records = self.nameable.sorted(Part::Users);
        if !records.is_empty() {
            self.text.open(0, "agents");
        }
        let section = Section::of(self.map, Part::Users);
        if let Some(internal) = section.and_then(|section| section.position(&Field::Internal)) {
            self.shared = shared_extensions(&records, internal);
        }
        for record in records {
            self.text.item(1, &format!("username: {}", scalar(&record.name)));
            self.columns(Part::Users, record, 2);
            self.by_channel(record, 2, "personal", LinkKind::Personal);
            self.export.agents += 1;
        }
    }

    /// `profiles`, all or these.
    pub(super) fn profiles(&mut self, only: Option<&BTreeSet<i64>>) {
        let mut records = self.nameable.sorted(Part::Profiles);
        records.retain(|record| only.is_none_or(|only| only.contains(&record.id)));
        if !records.is_empty() {
            self.text.open(0, "profiles");
        }
        for record in records {
            self.text.item(1, &format!("name: {}", scalar(&record.name)));
            self.columns(Part::Profiles, record, 2);
            if self.has_links(LinkKind::ProfileAgents) {
                self.list(record, 2, "agents", LinkKind::ProfileAgents);
            }
            self.by_channel(record, 2, "queues", LinkKind::ProfileQueues);
            self.export.profiles += 1;
        }
    }

    /// The columns besides the name; settings below a key of their own.
    fn columns(&mut self, part: Part, record: &Record, level: usize) {
        let map = self.map;
        let Some(section) = Section::of(map, part) else { return };
        let mut settings = Vec::new();
        for (column, value) in section.columns.iter().zip(&record.values) {
            if value.is_null() && self.is_implied(&section, column) {
                continue;
            }
            let is_shared = column.field == Field::Internal && self.shared.contains(&value.display());
            let written = match written(column, value) {
                Ok(_) if is_shared => Err("shared"),
                answer => answer,
            };
            match (written, &column.field) {
                (Ok(written), Field::Setting(name)) => settings.push((name.clone(), written)),
                (Ok(written), field) => self.text.value(level, &field.to_string(), &written),
                (Err(_), Field::Internal) if is_shared => {
                    self.leave_out(shared_extension(&record.name, &value.display()));
                }
                (Err(why), field) => {
                    let row = format!("{} {}", noun(part), shown(&record.name));
                    self.leave_out(format!("{row}: `{field}` is {why}"));
                }
            }
        }
        self.settings(&settings, level);
    }

    fn settings(&mut self, settings: &[(Name, String)], level: usize) {
        if !settings.is_empty() {
            self.text.open(level, "settings");
        }
        for (name, value) in settings {
            self.text.value(level + 1, &scalar(name), value);
        }
    }

    /// Whether a column that nobody speaks of is NULL in a new row.
    fn is_implied(&self, section: &Section<'_>, column: &Column<'_>) -> bool {
        if column.field == Field::Internal {
            return true;
        }
        let is_fixed = section.fixed.keys().any(|fixed| fixed.is_column(column.ident.as_str()));
        let table = self.catalog.table(section.table.as_str());
        let default =
            table.and_then(|table| table.column(column.ident.as_str())).map(|column| &column.default);
        let is_null = matches!(default, Some(ColumnDefault::None | ColumnDefault::Null));
        self.lists == Lists::Merge && !is_fixed && (is_null || column.field == Field::Description)
    }
}

/// What is said of an extension of several agents; a plan against the export reads it back.
pub(in crate::seed) fn shared_extension(username: &str, extension: &str) -> String {
    let row = format!("{} {}", noun(Part::Users), shown(username));
    let number = if extension.is_empty() { String::new() } else { quoted(extension) };
    format!("{row}: `internal` is that of another agent, too: {number}")
}

/// Extensions of more than one of these agents, which no two agents of a manifest have.
fn shared_extensions(agents: &[&Record], internal: usize) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let extensions = agents.iter().map(|agent| &agent.values[internal]).filter(|value| !value.is_null());
    extensions.map(Value::display).filter(|extension| !seen.insert(extension.clone())).collect()
}

/// A value as a manifest writes it, or why it cannot.
fn written(column: &Column<'_>, value: &Value) -> Result<String, &'static str> {
    match (&column.field, column.kind, value) {
        (Field::Enabled, _, Value::Null) => Err("neither true nor false"),
        (_, _, Value::Null) => Ok("null".to_owned()),
        (_, Kind::Flag, value) => Ok(is_set(value).to_string()),
        (_, _, Value::Bytes(_)) => Err("no text"),
        (field, Kind::Text, value) => text(field, &value.display()),
        (field, Kind::Integer, value) => integer(field, &value.display()),
        (_, Kind::Decimal, value) => Ok(quoted(&value.display())),
    }
}

fn text(field: &Field, text: &str) -> Result<String, &'static str> {
    let may_be_blank = matches!(field, Field::Description | Field::Setting(_));
    if text.trim().is_empty() && !may_be_blank {
        return Err("blank");
    }
    if asks(text) {
        return Err("read as a value of a site");
    }
    Ok(scalar(text).into_owned())
}

fn integer(field: &Field, digits: &str) -> Result<String, &'static str> {
    let Ok(number) = digits.parse::<i64>() else { return Err("no whole number") };
    let smallest = if matches!(field, Field::Setting(_)) { -LARGEST } else { 0 };
    let largest = if matches!(field, Field::Setting(_)) { LARGEST } else { i64::from(i32::MAX) };
    match number {
        number if number < smallest => Err("too small a number"),
        number if number > largest => Err("too large a number"),
        number => Ok(number.to_string()),
    }
}
