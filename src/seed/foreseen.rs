//! What a rule of the database itself (a CHECK constraint) will refuse, found out before anything is written.
//!
//! Invariant: the server judges its rules by its own comparisons: each is asked as a question about the row as it would
//! be. Nothing is written, and a rule that cannot be asked so refuses nothing here.

use super::manifest::{Manifest, Place, Problem, shown};
use super::map::{Ident, Link, LinkKind, Map, Part};
use super::plan::{Draft, RowRef, noun};
use super::snapshot::{Field, Section};
use crate::db::catalog::{Check, Column, ColumnDefault, Table};
use crate::db::{Catalog, Connection, DbError, ErrorKind, Value, quoted};
use crate::outcome::Finding;
use crate::outcome::codes;
use std::collections::{BTreeMap, BTreeSet};

/// As many rows as one question is about.
const ROWS: usize = 50;

/// Asks about every row that a draft writes into a table with rules; what they refuse is added to its problems.
///
/// # Errors
/// When the connection is lost.
pub(super) fn refusals(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    manifest: &Manifest,
    draft: &mut Draft,
) -> Result<(), DbError> {
    let mut groups = rows(map, catalog, draft);
    groups.extend(links(map, catalog, manifest, draft));
    let mut unknown = BTreeSet::new();
    for group in groups {
        let (asked, unasked): (Vec<&Check>, Vec<&Check>) =
            group.table.checks.iter().partition(|check| check.columns.iter().all(|name| group.knows(name)));
        unknown.extend(unasked.into_iter().filter(|check| group.concerns(check)).map(|check| {
            format!("{} of {}: it is about values that the server fills in", check.name, group.table.name)
        }));
        for rows in group.rows.chunks(ROWS) {
            match group.ask(conn, &asked, rows) {
                Ok(problems) => draft.problems.extend(problems),
                Err(error) if matches!(error.kind(), ErrorKind::Lost | ErrorKind::Timeout) => {
                    return Err(error);
                }
                Err(error) => {
                    unknown.insert(format!("{}: {error}", group.table.name));
                }
            }
        }
    }
    if !unknown.is_empty() {
        let finding =
            Finding::new(codes::SEED_CHECK_UNKNOWN, "whether a rule of a table refuses a value is not known")
                .advice("the server says so when it is written; then everything is rolled back");
        draft.findings.push(finding.evidence_lines(unknown));
    }
    Ok(())
}

/// Rows of one shape that are to be in one table.
struct Group<'a> {
    table: &'a Table,
    /// The primary key of rows that are there; none of new ones.
    key: Option<&'a Ident>,
    /// The columns that the plan gives.
    columns: Vec<&'a Ident>,
    rows: Vec<Row>,
}

/// One row as it would be.
struct Row {
    id: Option<i64>,
    /// In the order of the group's columns.
    values: Vec<Value>,
    place: Place,
    what: String,
}

impl Group<'_> {
    fn given(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.is_column(name))
    }

    /// What a new row gets where the plan gives nothing, if that is no more than a value.
    fn default(&self, name: &str) -> Option<Value> {
        let column = self.table.column(name)?;
        match &column.default {
            _ if column.is_auto_increment() || column.is_generated() => None,
            ColumnDefault::Literal(text) => Some(typed(Value::from(text.as_str()), column)),
            ColumnDefault::Null => Some(Value::Null),
            ColumnDefault::None => column.nullable.then_some(Value::Null),
            ColumnDefault::Expression(_) => None,
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.given(name).is_some() || self.key.is_some() || self.default(name).is_some()
    }

    fn concerns(&self, check: &Check) -> bool {
        check.columns.iter().any(|name| self.given(name).is_some())
    }

    /// What the server says of these rows under these rules.
    fn ask(&self, conn: &mut Connection, checks: &[&Check], rows: &[Row]) -> Result<Vec<Problem>, DbError> {
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        let (sql, values) = self.question(checks, rows);
        let mut problems = Vec::new();
        for answer in conn.rows(&sql, &values)? {
            let Some(row) = usize::try_from(answer.int(0)?).ok().and_then(|number| rows.get(number)) else {
                continue;
            };
            for (index, check) in checks.iter().enumerate() {
                // NULL breaks no rule.
                if answer.value(index + 1).display() == "0" {
                    let message = format!(
                        "{} is refused by the rule {} of the table {}: {}",
                        row.what,
                        check.name,
                        self.table.name,
                        brief(&check.clause)
                    );
                    let hint = "give it a value that the database accepts, or ask who made the rule";
                    problems.push(Problem::error(row.place, message).hint(hint));
                }
            }
        }
        Ok(problems)
    }

    /// One SELECT that makes the rows as they would be, and holds each against every rule.
    fn question(&self, checks: &[&Check], rows: &[Row]) -> (String, Vec<Value>) {
        let needed = checks.iter().flat_map(|check| check.columns.iter().map(String::as_str));
        let needed: BTreeSet<&str> = needed.collect();
        let mut values = Vec::new();
        let mut selects = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            values.push(Value::from(number as u64));
            let mut columns = vec!["? AS `motionctl row`".to_owned()];
            for name in &needed {
                let column = quoted(name);
                let given = self.given(name).map(|index| row.values[index].clone());
                columns.push(match given.or_else(|| self.default(name).filter(|_| self.key.is_none())) {
                    Some(value) => {
                        values.push(match self.table.column(name) {
                            Some(definition) => typed(value, definition),
                            None => value,
                        });
                        // A value in the place of a column compares under the column's collation.
                        format!("IF(FALSE, t.{column}, ?) AS {column}")
                    }
                    None => format!("t.{column}"),
                });
            }
            let condition = match (self.key, row.id) {
                (Some(key), Some(id)) => {
                    values.push(id.into());
                    format!("t.{} = ?", key.quoted())
                }
                _ => "FALSE".to_owned(),
            };
            selects.push(format!(
                "SELECT {} FROM (SELECT 1) one LEFT JOIN {} t ON {condition}",
                columns.join(", "),
                quoted(&self.table.name)
            ));
        }
        let clauses: Vec<String> = checks.iter().map(|check| format!("({})", check.clause)).collect();
        let sql = format!(
            "SELECT `motionctl row`, {} FROM ({}) AS `motionctl rows`",
            clauses.join(", "),
            selects.join(" UNION ALL ")
        );
        (sql, values)
    }
}

/// As much of a rule as a person reads.
fn brief(clause: &str) -> String {
    const MOST: usize = 160;
    let line = clause.chars().map(|c| if c.is_control() { ' ' } else { c });
    if clause.chars().count() <= MOST { line.collect() } else { line.take(MOST).chain(['…']).collect() }
}

/// A number for a column of numbers: as a text it would be compared letter by letter.
fn typed(value: Value, column: &Column) -> Value {
    match &value {
        Value::Text(text) if column.data_type.ends_with("int") => {
            text.parse::<i64>().map_or(value, Value::from)
        }
        _ => value,
    }
}

/// New and changed agents, queues and profiles.
fn rows<'a>(map: &'a Map, catalog: &'a Catalog, draft: &Draft) -> Vec<Group<'a>> {
    let mut shapes: BTreeMap<(Part, bool, Vec<&Field>), Vec<Row>> = BTreeMap::new();
    let place = |part, row| draft.places.get(&(part, row)).copied();
    for (index, insert) in draft.plan.insert.iter().enumerate() {
        let row = RowRef::New(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(place) = place(insert.part, row) else { continue };
        let mut fields = vec![&Field::Name];
        fields.extend(insert.values.iter().map(|given| &given.field));
        let mut values = vec![Value::from(&*insert.name)];
        values.extend(insert.values.iter().map(|given| given.value.clone()));
        let what = format!("the new {} {}", noun(insert.part), shown(&insert.name));
        shapes.entry((insert.part, true, fields)).or_default().push(Row { id: None, values, place, what });
    }
    for update in &draft.plan.update {
        let Some(place) = place(update.part, RowRef::Id(update.id)) else { continue };
        let fields = update.changes.iter().map(|change| &change.field).collect();
        let values = update.changes.iter().map(|change| change.new.clone()).collect();
        let what = format!("the change of the {} {}", noun(update.part), shown(&update.name));
        let row = Row { id: Some(update.id), values, place, what };
        shapes.entry((update.part, false, fields)).or_default().push(row);
    }
    let mut groups = Vec::new();
    for ((part, is_new, fields), mut rows) in shapes {
        let Some(section) = Section::of(map, part) else { continue };
        let Some(table) = catalog.table(section.table.as_str()).filter(|table| !table.checks.is_empty())
        else {
            continue;
        };
        let mut columns: Vec<&Ident> = fields.iter().filter_map(|field| section.ident(field)).collect();
        if is_new {
            let role = section.role.map(|(column, agent)| (column, Value::from(agent)));
            let fixed = section.fixed.iter().map(|(column, value)| (column, Value::from(value)));
            for (column, value) in role.into_iter().chain(fixed) {
                if !columns.iter().any(|given| given.is_column(column.as_str())) {
                    columns.push(column);
                    rows.iter_mut().for_each(|row| row.values.push(value.clone()));
                }
            }
        }
        groups.push(Group { table, key: (!is_new).then_some(section.id), columns, rows });
    }
    groups
}

/// Penalties of links, each once: the ids at their ends are the server's.
fn links<'a>(map: &'a Map, catalog: &'a Catalog, manifest: &Manifest, draft: &Draft) -> Vec<Group<'a>> {
    let mut penalties: BTreeMap<LinkKind, BTreeSet<i32>> = BTreeMap::new();
    for (kind, links) in &draft.plan.link {
        penalties.entry(*kind).or_default().extend(links.iter().map(|link| link.penalty.unwrap_or(0)));
    }
    for (kind, links) in &draft.plan.weigh {
        penalties.entry(*kind).or_default().extend(links.iter().map(|link| link.penalty));
    }
    let mut groups = Vec::new();
    for (kind, penalties) in penalties {
        let Some(link) = map.link(kind) else { continue };
        let Some(table) = catalog.table(link.table.as_str()).filter(|table| !table.checks.is_empty()) else {
            continue;
        };
        let rows = penalties.into_iter().filter_map(|penalty| of_penalty(link, kind, penalty, manifest));
        let columns = link.penalty.iter().chain(link.fixed.keys()).collect();
        groups.push(Group { table, key: None, columns, rows: rows.collect() });
    }
    groups
}

fn of_penalty(link: &Link, kind: LinkKind, penalty: i32, manifest: &Manifest) -> Option<Row> {
    let mut values: Vec<Value> = link.penalty.iter().map(|_| i64::from(penalty).into()).collect();
    values.extend(link.fixed.values().map(Value::from));
    let LinkKind::ProfileQueues(channel) = kind else {
        let place = manifest.profiles.first().map(|profile| profile.name.place);
        let place = place.or_else(|| manifest.agents.first().map(|agent| agent.username.place))?;
        return Some(Row { id: None, values, place, what: format!("a new link of links.{kind}") });
    };
    let lists = manifest.profiles.iter().filter_map(|profile| profile.queues.get(&channel));
    let members: Vec<_> = lists.flat_map(|list| &list.members).collect();
    let said = |wanted: Option<u32>| members.iter().find(|member| member.penalty == wanted);
    let member = said(u32::try_from(penalty).ok()).or_else(|| said(None)).or(members.first())?;
    let what = match &link.penalty {
        Some(_) => format!("the penalty {penalty}"),
        None => format!("a new link of links.{kind}"),
    };
    Some(Row { id: None, values, place: member.place, what })
}
