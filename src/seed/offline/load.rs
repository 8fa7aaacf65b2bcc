//! The rows of an export in a database in memory.
//!
//! Invariant: what the export says and no more; a column that it does not speak of is NULL.

use crate::db::{Connection, DbError, Value};
use crate::seed::manifest::{
    Agent, Links, Managed, Manifest, Name, Place, Profile, Queue, SettingValue, Spanned,
};
use crate::seed::map::{Condition, Link, LinkKind, Map, Part};
use crate::seed::snapshot::{Field, Section};
use std::collections::HashMap;

/// Why an export is not loaded.
pub(super) enum Trouble {
    Database(DbError),
    Lacking(Lacking),
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

struct Loader<'a> {
    conn: &'a mut Connection,
    map: &'a Map,
    ids: HashMap<(Part, Name), i64>,
}

pub(super) fn load(
    conn: &mut Connection,
    map: &Map,
    export: &Manifest,
    shared: &HashMap<Name, String>,
) -> Result<(), Trouble> {
    let mut loader = Loader { conn, map, ids: HashMap::new() };
    for queue in &export.queues {
        loader.row(Part::Queues(queue.channel), &queue.name, |field| of_queue(queue, field))?;
    }
    for agent in &export.agents {
        let internal = shared.get(&agent.username.value).map(String::as_str);
        loader.row(Part::Users, &agent.username, |field| of_agent(agent, internal, field))?;
    }
    for profile in &export.profiles {
        loader.row(Part::Profiles, &profile.name, |field| of_profile(profile, field))?;
    }
    for agent in &export.agents {
        for (channel, links) in &agent.personal {
            loader.links(LinkKind::Personal(*channel), &agent.username.value, links)?;
        }
    }
    for profile in &export.profiles {
        if let Some(links) = &profile.agents {
            loader.links(LinkKind::ProfileAgents, &profile.name.value, links)?;
        }
        for (channel, links) in &profile.queues {
            loader.links(LinkKind::ProfileQueues(*channel), &profile.name.value, links)?;
        }
    }
    Ok(())
}

impl Loader<'_> {
    fn row(
        &mut self,
        part: Part,
        name: &Spanned<Name>,
        value: impl Fn(&Field) -> Value,
    ) -> Result<(), Trouble> {
        let Some(section) = Section::of(self.map, part) else {
            return Err(Trouble::Lacking(Lacking {
                place: name.place,
                what: format!("the schema map has no section `{part}`"),
            }));
        };
        let mut columns = vec![section.name.quoted()];
        let mut values: Vec<Value> = vec![(&*name.value).into()];
        for column in &section.columns {
            columns.push(column.ident.quoted());
            values.push(value(&column.field));
        }
        if let Some((role, agent)) = section.role {
            columns.push(role.quoted());
            values.push(agent.into());
        }
        columns.extend(section.online.map(|online| online.quoted()));
        values.extend(section.online.map(|_| Value::Int(0)));
        let id = self.insert(section.table.quoted(), &columns, &values)?;
        self.ids.insert((part, name.value.clone()), id);
        Ok(())
    }

    fn insert(&mut self, table: String, columns: &[String], values: &[Value]) -> Result<i64, DbError> {
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", columns.join(", "));
        self.conn.change(&sql, values)?;
        let rows = self.conn.rows("SELECT last_insert_rowid()", &[])?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    fn links(&mut self, kind: LinkKind, owner: &Name, links: &Links) -> Result<(), Trouble> {
        let Some(link) = self.map.link(kind) else {
            return Err(Trouble::Lacking(Lacking {
                place: links.place,
                what: format!("the schema map has no section `links.{kind}`"),
            }));
        };
        let (owners, part) = crate::seed::plan::ends(kind);
        let owner = self.ids.get(&(owners, owner.clone())).copied().unwrap_or_default();
        for member in &links.members {
            let Some(id) = self.ids.get(&(part, member.name.clone())).copied() else {
                let what = format!(
                    "{} is linked and not in the export: make one of everything, without --only and --channel",
                    crate::seed::manifest::shown(&member.name)
                );
                return Err(Trouble::Lacking(Lacking { place: member.place, what }));
            };
            let (columns, values) = of_link(link, owner, id, member.penalty);
            self.insert(link.table.quoted(), &columns, &values)?;
        }
        Ok(())
    }
}

fn of_link(link: &Link, owner: i64, member: i64, penalty: Option<u32>) -> (Vec<String>, Vec<Value>) {
    let mut columns = vec![link.owner.quoted(), link.member.quoted()];
    let mut values = vec![Value::Int(owner), Value::Int(member)];
    if let Some(column) = &link.penalty {
        columns.push(column.quoted());
        values.push(penalty.map_or(Value::Null, |penalty| Value::Int(penalty.into())));
    }
    for condition in &link.conditions {
        if let Condition::Equals(column, literal) = condition {
            columns.push(column.quoted());
            values.push(literal.into());
        }
    }
    (columns, values)
}

fn text(managed: &Managed<Name>) -> Value {
    managed.value().map_or(Value::Null, |name| (&**name).into())
}

fn number(managed: &Managed<u32>) -> Value {
    managed.value().map_or(Value::Null, |number| Value::Int((*number).into()))
}

fn of_queue(queue: &Queue, field: &Field) -> Value {
    match field {
        Field::Strategy => text(&queue.strategy),
        Field::Kind => text(&queue.kind),
        Field::Timeout => number(&queue.timeout),
        Field::Weight => number(&queue.weight),
        Field::Description => text(&queue.description),
        Field::Setting(name) => {
            let set = queue.settings.iter().find(|set| set.column.value.eq_ignore_ascii_case(name));
            set.map_or(Value::Null, |set| match &set.value.value {
                SettingValue::Null => Value::Null,
                SettingValue::Bool(flag) => Value::Int((*flag).into()),
                SettingValue::Integer(number) => Value::Int(*number),
                SettingValue::Text(text) => (&**text).into(),
            })
        }
        _ => Value::Null,
    }
}

fn of_agent(agent: &Agent, shared: Option<&str>, field: &Field) -> Value {
    match field {
        Field::Fullname => text(&agent.fullname),
        Field::Email => text(&agent.email),
        Field::Internal => {
            let own = agent.internal.as_ref().map(|internal| &*internal.value);
            own.or(shared).map_or(Value::Null, Value::from)
        }
        _ => Value::Null,
    }
}

fn of_profile(profile: &Profile, field: &Field) -> Value {
    match field {
        Field::Enabled => {
            profile.enabled.as_ref().map_or(Value::Null, |enabled| Value::Int(enabled.value.into()))
        }
        Field::Description => text(&profile.description),
        _ => Value::Null,
    }
}

/// What keeps an export from being planned against.
pub(super) struct Lacking {
    pub(super) place: Place,
    pub(super) what: String,
}
