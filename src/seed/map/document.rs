//! The map's file: TOML as a person writes it, into a [`Map`].
//!
//! Invariant: an unknown key, a missing one and a contradiction are errors, and all contradictions
//! are named at once. Written by [`discover`](crate::seed), reviewed by a person.

use super::ident::Ident;
use super::link::{Condition, Link, LinkKind, Only};
use super::literal::Literal;
use super::model::{Effect, Map, Permissions, Profiles, Queues, ReportMember, TableDefinition, Users};
use super::rules;
use crate::seed::Channel;
use crate::values::line_and_column;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// Why a map is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapError {
    /// Where the file is, and everything that is wrong with it.
    pub complaints: Vec<String>,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.complaints.join("; "))
    }
}

impl std::error::Error for MapError {}

impl Map {
    /// Reads a map; `name` is the file's name in complaints.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line or key.
    pub fn parse(name: &str, text: &str) -> Result<Self, MapError> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
            MapError { complaints: vec![format!("{name}:{line}:{column}: {}", error.message().trim_end())] }
        })?;
        let mut complaints = Vec::new();
        let map = document.into_map(&mut complaints);
        complaints.extend(rules::complaints(&map));
        if complaints.is_empty() {
            return Ok(map);
        }
        Err(MapError { complaints: complaints.into_iter().map(|text| format!("{name}: {text}")).collect() })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    reviewed_by: String,
    users: Users,
    #[serde(default)]
    queues: BTreeMap<Channel, Queues>,
    profiles: Option<Profiles>,
    #[serde(default)]
    links: Links,
    report_member: Option<ReportMember>,
    permissions: Option<Permissions>,
    #[serde(default)]
    effects: BTreeMap<String, Effect>,
    #[serde(default)]
    tables: BTreeMap<Ident, TableDefinition>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Links {
    profile_agents: Option<LinkTable>,
    #[serde(default)]
    profile_queues: BTreeMap<Channel, LinkTable>,
    #[serde(default)]
    personal: BTreeMap<Channel, LinkTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkTable {
    table: Ident,
    columns: LinkColumns,
    only: Option<Only>,
    revive: Option<bool>,
    #[serde(default)]
    fixed: BTreeMap<Ident, Literal>,
    #[serde(default)]
    ignored: Vec<Ident>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkColumns {
    id: Option<Ident>,
    profile: Option<Ident>,
    agent: Option<Ident>,
    queue: Option<Ident>,
    penalty: Option<Ident>,
    created: Option<Ident>,
    updated: Option<Ident>,
    deleted: Option<Ident>,
}

impl Document {
    fn into_map(self, complaints: &mut Vec<String>) -> Map {
        if self.format != FORMAT {
            complaints.push(format!("format: this motionctl reads {FORMAT}, not {}", self.format));
        }
        Map {
            name: self.name,
            reviewed_by: self.reviewed_by.trim().to_owned(),
            users: self.users,
            queues: self.queues,
            profiles: self.profiles,
            links: self.links.into_links(complaints),
            report_member: self.report_member,
            permissions: self.permissions,
            effects: self.effects,
            tables: self.tables,
        }
    }
}

impl Links {
    fn into_links(self, complaints: &mut Vec<String>) -> BTreeMap<LinkKind, Link> {
        let agents = self.profile_agents.into_iter().map(|table| (LinkKind::ProfileAgents, table));
        let queues = self.profile_queues.into_iter();
        let queues = queues.map(|(channel, table)| (LinkKind::ProfileQueues(channel), table));
        let personal = self.personal.into_iter();
        let personal = personal.map(|(channel, table)| (LinkKind::Personal(channel), table));
        let mut links = BTreeMap::new();
        for (kind, table) in agents.chain(queues).chain(personal) {
            match table.into_link(kind) {
                Ok(link) => {
                    links.insert(kind, link);
                }
                Err(complaint) => complaints.push(complaint),
            }
        }
        let all: Vec<Link> = links.values().cloned().collect();
        for link in links.values_mut() {
            link.conditions.extend(rules::told_apart_by(link, &all).into_iter().map(Condition::IsNull));
        }
        links
    }
}

impl LinkTable {
    fn into_link(self, kind: LinkKind) -> Result<Link, String> {
        let LinkColumns { id, profile, agent, queue, penalty, created, updated, deleted } = self.columns;
        if self.revive.is_some() && deleted.is_none() {
            return Err(format!("links.{kind}: `revive` needs `columns.deleted`"));
        }
        // Right with and without a unique index; without one a map may prefer a new row.
        let revive = self.revive.unwrap_or(true);
        // What is named besides owner and member is NULL in these rows: the other kind's owner.
        let (owner, member, absent) = match kind {
            LinkKind::ProfileAgents => (("profile", profile), ("agent", agent), queue),
            LinkKind::ProfileQueues(_) => (("profile", profile), ("queue", queue), agent),
            LinkKind::Personal(_) => (("agent", agent), ("queue", queue), profile),
        };
        let needed = |(name, column): (&str, Option<Ident>)| {
            column.ok_or(format!("links.{kind}.columns: `{name}` is missing"))
        };
        let mut conditions = Vec::new();
        let mut fixed = self.fixed;
        if let Some(Only { column, value, also }) = self.only {
            if also.contains(&value) {
                return Err(format!("links.{kind}: `only` has {value} twice"));
            }
            if fixed.insert(column.clone(), value.clone()).is_some() {
                return Err(format!("links.{kind}: `{column}` is in `only` and in `fixed`"));
            }
            conditions.push(match also.as_slice() {
                [] => Condition::Equals(column, value),
                _ => Condition::OneOf(column, std::iter::once(value).chain(also).collect()),
            });
        }
        conditions.extend(absent.map(Condition::IsNull));
        let (owner, member) = (needed(owner)?, needed(member)?);
        let (table, ignored) = (self.table, self.ignored);
        Ok(Link {
            table,
            owner,
            member,
            conditions,
            fixed,
            id,
            penalty,
            created,
            updated,
            deleted,
            revive,
            ignored,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        format = 1
        reviewed_by = " Ann "
        [users]
        table = "users"
        agent_role = "agent"
        columns = { id = "id", name = "name", fullname = "fullname", email = "email", internal = "internal", role = "role", online = "online" }
        [queues.voice]
        table = "voice_queues"
        columns = { id = "id", name = "name", strategy = "strategy", type = "type" }
        [queues.chat]
        table = "chat_queues"
        columns = { id = "id", name = "name" }
        [profiles]
        table = "profiles"
        columns = { id = "id", name = "name", enabled = "enabled" }
    "#;

    fn complaints(more: &str) -> Vec<String> {
        match Map::parse("m.toml", &format!("{SMALL}{more}")) {
            Ok(_) => Vec::new(),
            Err(error) => error.complaints,
        }
    }

    #[test]
    fn the_built_in_map_is_one_and_has_every_channel() {
        let map = Map::built_in();
        assert!(!map.is_reviewed());
        for channel in Channel::ALL {
            for kind in [LinkKind::ProfileQueues(channel), LinkKind::Personal(channel)] {
                assert!(map.link(kind).is_some() && map.ends(kind).is_some(), "{kind}");
            }
            assert!(map.queues(channel).is_some_and(|queues| queues.create), "{channel}");
        }
        assert!(Map::built_in_text().contains("ASSUMPTION"));
    }

    #[test]
    fn the_three_shapes_of_links_become_one() {
        let shared = r#"
            [links.profile_queues.voice]
            table = "links"
            only = { column = "channel", value = "voice" }
            columns = { profile = "p", queue = "q", agent = "a", penalty = "penalty" }
            [links.personal.voice]
            table = "links"
            only = { column = "channel", value = "voice" }
            columns = { profile = "p", queue = "q", agent = "a" }
        "#;
        let map = Map::parse("m", &format!("{SMALL}{shared}")).expect("a map");
        let column = |name: &str| name.parse::<Ident>().expect("a name");
        let voice = Literal::Text("voice".to_owned());
        let equals = Condition::Equals(column("channel"), voice.clone());
        let of_profiles = map.link(LinkKind::ProfileQueues(Channel::Voice)).expect("links");
        assert_eq!((&of_profiles.owner, &of_profiles.member), (&column("p"), &column("q")));
        assert_eq!(of_profiles.conditions, [equals.clone(), Condition::IsNull(column("a"))]);
        assert_eq!(of_profiles.fixed, BTreeMap::from([(column("channel"), voice)]));
        let personal = map.link(LinkKind::Personal(Channel::Voice)).expect("links");
        assert_eq!((&personal.owner, &personal.member), (&column("a"), &column("q")));
        assert_eq!(personal.conditions, [equals, Condition::IsNull(column("p"))]);
    }

    #[test]
    fn several_values_may_mean_one_channel() {
        let links = |also: &str| {
            let only = format!("only = {{ column = \"channel\", value = \"Voice\", also = {also} }}");
            format!(
                "{SMALL}[links.personal.voice]\ntable = \"l\"\n{only}\ncolumns = {{ agent = \"a\", queue = \"q\" }}\n"
            )
        };
        let map = Map::parse("m", &links("[\"voice\", 1]")).expect("a map");
        let link = map.link(LinkKind::Personal(Channel::Voice)).expect("links");
        let values = ["Voice", "voice"].map(|text| Literal::Text(text.to_owned()));
        assert_eq!(link.conditions[0].values(), [&values[..], &[Literal::Integer(1)]].concat());
        // What is written is the first.
        assert_eq!(link.fixed.values().collect::<Vec<_>>(), [&values[0]]);
        let same = Map::parse("m", &links("[]")).expect("a map");
        let equals = same.link(LinkKind::Personal(Channel::Voice)).map(|link| link.conditions.clone());
        assert!(matches!(equals.as_deref(), Some([Condition::Equals(..)])));
        let twice = Map::parse("m", &links("[\"Voice\"]")).expect_err("the same value").to_string();
        assert!(twice.contains("links.personal.voice: `only` has \"Voice\" twice"), "{twice}");
        // Another kind with one of the values would have the same rows.
        let chat = "[links.personal.chat]\ntable = \"l\"\nonly = { column = \"channel\", value = \"voice\" }\n\
                    columns = { agent = \"a\", queue = \"q\" }\n";
        let mixed = Map::parse("m", &(links("[\"voice\"]") + chat)).expect_err("mixed up").to_string();
        assert!(mixed.contains("cannot be told from those of links.personal.voice"), "{mixed}");
    }

    #[test]
    fn errors_of_the_file_have_a_place() {
        let check = |text: &str, wanted: &str| {
            let error = Map::parse("m.toml", text).expect_err(text).to_string();
            assert!(error.contains(wanted), "{error}");
        };
        check("format = 1\nwrong = 2\n", "m.toml:2:1: unknown field `wrong`");
        check("format = 1\n[users]\ntable = \"a\\u0000\"\n", "m.toml:3:9: the name \"a\\0\" has a character");
        check("format = 1\n[queues.pigeon]\n", "m.toml:2:9: unknown variant `pigeon`");
        check("format = ", "m.toml:1:");
        check(&SMALL.replace("id = \"id\", name", "name"), "missing field `id`");
        check(&SMALL.replace("format = 1", "format = 2"), "m.toml: format: this motionctl reads 1, not 2");
        check(
            &SMALL.replace("enabled = \"enabled\"", "enabled = \"NAME\""),
            "profiles: the column `NAME` stands for two things",
        );
    }

    #[test]
    fn contradictions_are_all_named() {
        assert_eq!(complaints(""), [""; 0]);
        let link = |kind: &str, table: &str, columns: &str| {
            format!("[links.{kind}]\ntable = \"{table}\"\ncolumns = {{ {columns} }}\n")
        };
        let check = |more: &str, wanted: &[&str]| assert_eq!(complaints(more), wanted, "{more}");
        check(
            &(link("personal.voice", "l", "agent = \"a\", queue = \"q\"")
                + &link("personal.chat", "l", "agent = \"a\", queue = \"q\"")),
            &[
                "m.toml: links.personal.chat: its rows of `l` cannot be told from those of links.personal.voice; \
               `only` or a column that is NULL in one of them is missing",
            ],
        );
        // A queue column for each channel tells them apart.
        check(
            &(link("personal.voice", "l", "agent = \"a\", queue = \"v\"")
                + &link("personal.chat", "l", "agent = \"a\", queue = \"c\"")),
            &[],
        );
        check(
            &link("personal.fax", "l", "agent = \"a\", queue = \"q\""),
            &["m.toml: links.personal.fax: there are no `queues.fax`"],
        );
        check(
            &link("profile_queues.chat", "l", "profile = \"a\", queue = \"q\", penalty = \"p\""),
            &["m.toml: links.profile_queues.chat.columns: only voice queues of profiles have a `penalty`"],
        );
        check(
            &link("profile_agents", "l", "profile = \"a\""),
            &["m.toml: links.profile_agents.columns: `agent` is missing"],
        );
        check(
            &link("personal.voice", "l", "agent = \"a\", queue = \"A\""),
            &["m.toml: links.personal.voice: the column `A` stands for two things"],
        );
        let ignoring = |column: &str| {
            format!(
                "{}ignored = [\"{column}\"]\n",
                link("personal.voice", "l", "agent = \"a\", queue = \"q\"")
            )
        };
        check(&ignoring("muted"), &[]);
        check(&ignoring("Q"), &["m.toml: links.personal.voice: the column `Q` stands for two things"]);
    }

    #[test]
    fn the_hash_is_of_the_meaning() {
        let map = Map::parse("m", SMALL).expect("a map");
        assert_eq!(map.reviewed_by, "Ann");
        let same = SMALL.replace("Ann", "Bob").replace("[users]", "# people\n[users]");
        assert_eq!(Map::parse("m", &same).expect("a map").hash(), map.hash());
        let other = SMALL.replace("\"chat_queues\"", "\"chats\"");
        assert_ne!(Map::parse("m", &other).expect("a map").hash(), map.hash());
    }
}
