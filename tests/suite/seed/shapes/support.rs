//! Databases whose links share tables, with the maps that discovery proposes for them, completed as a person does it.
//!
//! Invariant: what is there is read by statements that were written for each shape by hand, and never by the map.

use crate::schema_map::support::{for_sqlite, proposed};
use crate::seed::property::Tables;
use crate::seed::support::{Db, manifest};
use motionctl::db::Connection;
use motionctl::outcome::Failure;
use motionctl::seed::Planned;
use motionctl::seed::map::Map;
use motionctl::seed::snapshot::Unnamed;
use regex::Regex;
use std::path::Path;
use toml::Table;

/// A shape of links.
pub struct Shape {
    /// Its fixture.
    pub name: &'static str,
    /// The tables of agents, profiles, voice queues and chat queues.
    pub named: [&'static str; 4],
    /// The table of a profile's voice queues.
    pub voice: &'static str,
    /// The tables of links.
    pub tables: &'static [&'static str],
    /// Every row of these tables: profile, agent, what, and how much it weighs or who made it.
    pub links: &'static str,
    /// Rows in these tables that are no links that the map knows, of agents only.
    pub foreign: &'static str,
    /// The same, of the first profile.
    pub foreign_of_profile: &'static str,
    /// How many rows these two are.
    pub foreign_rows: usize,
    /// What a new row holds that only a person can say: section, column.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Where the model's things are.
    pub model: Tables,
}

/// Whether links have keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// As the fixture has them.
    Given,
    /// Neither a primary key nor a unique one: a pair may be there twice.
    None,
}

impl Shape {
    /// One database on each engine.
    pub fn databases(&'static self, keys: Keys) -> [Db; 2] {
        let schema = self.schema();
        let both = Db::both_of(&schema, |conn| self.map(conn, keys));
        for db in &both {
            // Rows from which discovery learned.
            self.tables.iter().for_each(|table| db.sql(&format!("DELETE FROM {table}")));
            if keys == Keys::None {
                let bare = self.tables.iter().map(|table| bare(&schema, table)).collect::<String>();
                db.sql(&if db.is_server() { bare } else { for_sqlite(&bare) });
            }
        }
        both
    }

    /// The rows of all tables of links.
    pub fn links(&self, db: &Db) -> Vec<String> {
        let mut rows = db.rows(self.links);
        rows.sort_unstable();
        rows
    }

    /// The same with everything that their tables hold: keys, times, and what else.
    pub fn whole(&self, db: &Db) -> Vec<String> {
        let rows =
            self.tables.iter().flat_map(|table| db.rows(&format!("SELECT '{table}', t.* FROM {table} t")));
        let mut rows: Vec<String> = rows.collect();
        rows.sort_unstable();
        rows
    }

    fn schema(&self) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/database/shapes");
        let sql = std::fs::read_to_string(path.join(format!("{}.sql", self.name))).expect("a fixture");
        // What discovery must tell from these tables is tested with it.
        let (sql, _) = sql.split_once("-- What follows is not what it seems.").expect("decoys");
        // A channel that the map does not know.
        sql.replace("ENUM('voice','chat','email')", "ENUM('voice','chat','email','sms')")
    }

    /// What discovery proposes, reviewed.
    fn map(&self, conn: &mut Connection, keys: Keys) -> Map {
        let mut map: Table = proposed(conn).to_toml("a test").parse().expect("TOML");
        map.insert("reviewed_by".to_owned(), "Ann".into());
        section(&mut map, &["users"]).insert("create".to_owned(), true.into());
        for queues in
            section(&mut map, &["queues"]).iter_mut().filter_map(|(_, queues)| queues.as_table_mut())
        {
            queues.insert("create".to_owned(), true.into());
        }
        for (channel, column) in self.fixed {
            let fixed: Table = [((*column).to_owned(), "seed".into())].into_iter().collect();
            section(&mut map, &["links", "personal", channel]).insert("fixed".to_owned(), fixed.into());
        }
        if keys == Keys::None {
            section(&mut map, &["links", "profile_agents", "columns"]).remove("id");
            for kind in ["profile_queues", "personal"] {
                for (_, link) in section(&mut map, &["links", kind]) {
                    link["columns"].as_table_mut().expect("columns").remove("id");
                }
            }
            // As they were with their keys.
            map.remove("tables");
        }
        Map::parse("proposal", &map.to_string()).unwrap_or_else(|error| panic!("{error}\n{map}"))
    }
}

fn section<'m>(map: &'m mut Table, path: &[&str]) -> &'m mut Table {
    let below = |table: &'m mut Table, key: &&str| table.get_mut(*key)?.as_table_mut();
    path.iter().try_fold(map, below).unwrap_or_else(|| panic!("no section {path:?}"))
}

/// A table made again without its keys.
fn bare(schema: &str, table: &str) -> String {
    let pattern = format!(r"CREATE TABLE {table} \((?s:.*?)\) ENGINE=InnoDB;");
    let found = Regex::new(&pattern).expect("a pattern").find(schema).expect("the table").as_str();
    let is_key =
        |line: &str| ["id ", "UNIQUE", "PRIMARY"].iter().any(|word| line.trim_start().starts_with(word));
    let lines: Vec<&str> = found.lines().filter(|line| !is_key(line)).collect();
    format!("DROP TABLE {table};\n{}\n", lines.join("\n").replace(",\n)", "\n)"))
}

/// What came and what went.
pub fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let mut gone: Vec<&String> = before.iter().collect();
    let mut new = Vec::new();
    for line in after {
        match gone.iter().position(|known| *known == line) {
            Some(index) => drop(gone.remove(index)),
            None => new.push(format!("+ {line}")),
        }
    }
    gone.into_iter().map(|line| format!("- {line}")).chain(new).collect()
}

/// Plans; what a manifest names that is not there is a failure.
pub fn planned(db: &Db, text: &str, unnamed: Unnamed) -> Planned {
    let planned = db.session().plan(&manifest(text), unnamed);
    planned.unwrap_or_else(|failure: Failure| panic!("{failure} {:?}\n{text}", failure.problems))
}

/// Every channel in one table, told apart by a column; the queue's column belongs to no one table.
pub static DISCRIMINATOR: Shape = Shape {
    name: "discriminator",
    named: ["users", "AgentProfiles", "voice_queues", "chat_queues"],
    voice: "agent_profile_queues",
    tables: &["agent_profile_members", "agent_profile_queues", "agent_queues"],
    links: "
        SELECT p.name, u.name, 'agents', '' FROM agent_profile_members l
            JOIN AgentProfiles p ON p.id = l.profile_id JOIN users u ON u.id = l.user_id
        UNION ALL SELECT p.name, '-', CASE l.channel WHEN 'email' THEN 'mail' ELSE l.channel END,
            COALESCE(v.name, c.name, m.name, l.QueueId)
            FROM agent_profile_queues l JOIN AgentProfiles p ON p.id = l.AgentProfileId
            LEFT JOIN voice_queues v ON l.channel = 'voice' AND v.id = l.QueueId
            LEFT JOIN chat_queues c ON l.channel = 'chat' AND c.id = l.QueueId
            LEFT JOIN EmailQueues m ON l.channel IN ('email', 'mail') AND m.id = l.QueueId
            WHERE l.channel <> 'voice' AND l.penalty = 0
        UNION ALL SELECT p.name, l.penalty, l.channel, v.name
            FROM agent_profile_queues l JOIN AgentProfiles p ON p.id = l.AgentProfileId
            JOIN voice_queues v ON v.id = l.QueueId WHERE l.channel = 'voice'
        UNION ALL SELECT '-', u.name, l.queue_type, COALESCE(v.name, c.name, m.name, l.QueueId)
            FROM agent_queues l JOIN users u ON u.id = l.UserId
            LEFT JOIN voice_queues v ON l.queue_type = 'voice' AND v.id = l.QueueId
            LEFT JOIN chat_queues c ON l.queue_type = 'chat' AND c.id = l.QueueId
            LEFT JOIN EmailQueues m ON l.queue_type = 'mail' AND m.id = l.QueueId
            WHERE l.addedBy = 'seed' OR l.queue_type = 'sms'",
    foreign: "
        INSERT INTO agent_queues (UserId, QueueId, queue_type, addedBy) VALUES
            (1, 1, 'sms', 'somebody'), (1, 2, 'sms', 'somebody')",
    foreign_of_profile: "
        INSERT INTO agent_profile_queues (AgentProfileId, QueueId, channel, createdAt, updatedAt) VALUES
            (1, 1, 'sms', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (1, 2, 'sms', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_rows: 4,
    fixed: &[("voice", "addedBy"), ("chat", "addedBy"), ("mail", "addedBy")],
    model: Tables {
        profiles: "SELECT name, isEnabled FROM AgentProfiles ORDER BY name",
        agents:
            "SELECT p.name, u.name FROM agent_profile_members l JOIN AgentProfiles p ON p.id = l.profile_id
            JOIN users u ON u.id = l.user_id ORDER BY p.name, u.name",
        queues: "SELECT p.name, q.name, l.penalty FROM agent_profile_queues l
            JOIN AgentProfiles p ON p.id = l.AgentProfileId JOIN voice_queues q ON q.id = l.QueueId
            WHERE l.channel = 'voice' ORDER BY p.name, q.name",
        clear: "DELETE FROM agent_profile_members; DELETE FROM agent_profile_queues; DELETE FROM AgentProfiles",
        others: "SELECT * FROM agent_queues ORDER BY UserId, queue_type, QueueId",
    },
};

/// A table for each channel, with the links of profiles and of agents.
pub static ONE_TABLE: Shape = Shape {
    name: "one-table",
    named: ["users", "agent_profiles", "voice_queues", "chat_queues"],
    voice: "user_has_voice_queues",
    tables: &["agent_profile_has_users", "user_has_voice_queues", "user_has_chat_queues", "user_has_mail_queues"],
    links: "
        SELECT p.name, u.name, 'agents', '' FROM agent_profile_has_users l
            JOIN agent_profiles p ON p.id = l.AgentProfileId JOIN users u ON u.id = l.UserId
        UNION ALL SELECT COALESCE(p.name, '-'), CASE WHEN u.id IS NULL THEN l.penalty ELSE u.name END, 'voice', q.name
            FROM user_has_voice_queues l JOIN voice_queues q ON q.id = l.VoiceQueueId
            LEFT JOIN agent_profiles p ON p.id = l.AgentProfileId LEFT JOIN users u ON u.id = l.UserId
            WHERE u.id IS NULL OR l.penalty = 0
        UNION ALL SELECT COALESCE(p.name, '-'), COALESCE(u.name, '-'), 'chat', q.name
            FROM user_has_chat_queues l JOIN chat_queues q ON q.id = l.ChatQueueId
            LEFT JOIN agent_profiles p ON p.id = l.AgentProfileId LEFT JOIN users u ON u.id = l.UserId
        UNION ALL SELECT COALESCE(p.name, '-'), COALESCE(u.name, '-'), 'mail', q.name
            FROM user_has_mail_queues l JOIN mail_queues q ON q.id = l.MailQueueId
            LEFT JOIN agent_profiles p ON p.id = l.AgentProfileId LEFT JOIN users u ON u.id = l.UserId",
    foreign: "
        INSERT INTO user_has_voice_queues (VoiceQueueId, UserId, AgentProfileId, createdAt, updatedAt) VALUES
            (1, NULL, NULL, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_of_profile: "
        INSERT INTO user_has_voice_queues (VoiceQueueId, UserId, AgentProfileId, createdAt, updatedAt) VALUES
            (1, 1, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00');
        INSERT INTO user_has_chat_queues (ChatQueueId, UserId, AgentProfileId, createdAt, updatedAt) VALUES
            (2, 1, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_rows: 3,
    fixed: &[],
    model: Tables {
        profiles: "SELECT name, enabled FROM agent_profiles WHERE deletedAt IS NULL ORDER BY name",
        agents: "SELECT p.name, u.name FROM agent_profile_has_users l JOIN agent_profiles p ON p.id = l.AgentProfileId
            JOIN users u ON u.id = l.UserId ORDER BY p.name, u.name",
        queues: "SELECT p.name, q.name, l.penalty FROM user_has_voice_queues l
            JOIN agent_profiles p ON p.id = l.AgentProfileId JOIN voice_queues q ON q.id = l.VoiceQueueId
            ORDER BY p.name, q.name",
        clear: "DELETE FROM agent_profile_has_users; DELETE FROM user_has_voice_queues WHERE AgentProfileId IS NOT NULL;
            DELETE FROM agent_profiles",
        others: "SELECT id, UserId, VoiceQueueId, 'voice', penalty, updatedAt FROM user_has_voice_queues
            WHERE AgentProfileId IS NULL UNION ALL
            SELECT id, UserId, ChatQueueId, 'chat', AgentProfileId, updatedAt FROM user_has_chat_queues
            ORDER BY 4, 1",
    },
};

/// One table for every channel, for profiles and for agents, without foreign keys.
pub static BOTH: Shape = Shape {
    name: "without-keys",
    named: ["Users", "AgentProfile", "VoiceQueues", "chatQueues"],
    voice: "queue_members",
    tables: &["agent_profile_agent", "queue_members"],
    links: "
        SELECT p.name, u.user_name, 'agents', '' FROM agent_profile_agent l
            JOIN AgentProfile p ON p.id = l.agent_profile_id JOIN Users u ON u.id = l.agent_id
        UNION ALL SELECT p.name, l.penalty, 'voice', q.name FROM queue_members l
            JOIN AgentProfile p ON p.id = l.agent_profile_id JOIN VoiceQueues q ON q.id = l.queue_id
            WHERE l.agent_id IS NULL AND l.channel = 'VOICE'
        UNION ALL SELECT COALESCE(p.name, '-'), COALESCE(u.user_name, '-'), LOWER(l.channel),
            COALESCE(v.name, c.name, l.queue_id) FROM queue_members l
            LEFT JOIN AgentProfile p ON p.id = l.agent_profile_id LEFT JOIN Users u ON u.id = l.agent_id
            LEFT JOIN VoiceQueues v ON l.channel = 'VOICE' AND v.id = l.queue_id
            LEFT JOIN chatQueues c ON l.channel = 'CHAT' AND c.id = l.queue_id
            WHERE (l.agent_id IS NOT NULL OR l.channel <> 'VOICE') AND l.penalty IS NULL",
    foreign: "
        INSERT INTO queue_members (agent_id, agent_profile_id, queue_id, channel, created_at, updated_at) VALUES
            (1, NULL, 1, 'FAX', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (NULL, NULL, 1, 'CHAT', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_of_profile: "
        INSERT INTO queue_members (agent_id, agent_profile_id, queue_id, channel, created_at, updated_at) VALUES
            (NULL, 1, 1, 'FAX', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (1, 1, 1, 'VOICE', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (1, 1, 2, 'CHAT', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_rows: 5,
    fixed: &[],
    model: Tables {
        profiles: "SELECT name, active FROM AgentProfile ORDER BY name",
        agents: "SELECT p.name, u.user_name FROM agent_profile_agent l JOIN AgentProfile p ON p.id = l.agent_profile_id
            JOIN Users u ON u.id = l.agent_id ORDER BY p.name, u.user_name",
        queues: "SELECT p.name, q.name, l.penalty FROM queue_members l JOIN AgentProfile p ON p.id = l.agent_profile_id
            JOIN VoiceQueues q ON q.id = l.queue_id WHERE l.channel = 'VOICE' ORDER BY p.name, q.name",
        clear: "DELETE FROM agent_profile_agent; DELETE FROM queue_members WHERE agent_profile_id IS NOT NULL;
            DELETE FROM AgentProfile",
        others: "SELECT * FROM queue_members WHERE agent_profile_id IS NULL ORDER BY channel, agent_id, queue_id",
    },
};

/// One table for every channel, for profiles and for agents, with a column for the queues of each channel.
pub static COLUMNS: Shape = Shape {
    name: "queue-columns",
    named: ["users", "agent_profiles", "voice_queues", "chat_queues"],
    voice: "user_has_queues",
    tables: &["agent_profile_has_users", "user_has_queues"],
    links: "
        SELECT p.name, u.name, 'agents', '' FROM agent_profile_has_users l
            JOIN agent_profiles p ON p.id = l.AgentProfileId JOIN users u ON u.id = l.UserId
        UNION ALL SELECT p.name, l.penalty, 'voice', q.name FROM user_has_queues l
            JOIN agent_profiles p ON p.id = l.AgentProfileId JOIN voice_queues q ON q.id = l.VoiceQueueId
            WHERE l.UserId IS NULL AND l.ChatQueueId IS NULL AND l.MailQueueId IS NULL
        UNION ALL SELECT COALESCE(p.name, '-'), COALESCE(u.name, '-'),
            CASE WHEN l.VoiceQueueId > 0 THEN 'voice' WHEN l.ChatQueueId > 0 THEN 'chat' ELSE 'mail' END,
            COALESCE(v.name, c.name, m.name) FROM user_has_queues l
            LEFT JOIN agent_profiles p ON p.id = l.AgentProfileId LEFT JOIN users u ON u.id = l.UserId
            LEFT JOIN voice_queues v ON v.id = l.VoiceQueueId LEFT JOIN chat_queues c ON c.id = l.ChatQueueId
            LEFT JOIN mail_queues m ON m.id = l.MailQueueId
            WHERE (l.UserId IS NOT NULL OR l.VoiceQueueId IS NULL) AND l.penalty IS NULL",
    foreign: "
        INSERT INTO user_has_queues (UserId, AgentProfileId, VoiceQueueId, ChatQueueId, createdAt, updatedAt) VALUES
            (1, NULL, NULL, NULL, '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (1, NULL, 1, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (NULL, NULL, NULL, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_of_profile: "
        INSERT INTO user_has_queues (UserId, AgentProfileId, VoiceQueueId, ChatQueueId, createdAt, updatedAt) VALUES
            (NULL, 1, NULL, NULL, '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (NULL, 1, 2, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
            (1, 1, NULL, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    foreign_rows: 6,
    fixed: &[],
    model: Tables {
        profiles: "SELECT name, enabled FROM agent_profiles ORDER BY name",
        agents: "SELECT p.name, u.name FROM agent_profile_has_users l JOIN agent_profiles p ON p.id = l.AgentProfileId
            JOIN users u ON u.id = l.UserId ORDER BY p.name, u.name",
        queues: "SELECT p.name, q.name, l.penalty FROM user_has_queues l
            JOIN agent_profiles p ON p.id = l.AgentProfileId JOIN voice_queues q ON q.id = l.VoiceQueueId
            ORDER BY p.name, q.name",
        clear: "DELETE FROM agent_profile_has_users; DELETE FROM user_has_queues WHERE AgentProfileId IS NOT NULL;
            DELETE FROM agent_profiles",
        others: "SELECT * FROM user_has_queues WHERE AgentProfileId IS NULL ORDER BY id",
    },
};

/// Every shape on every engine.
pub fn everywhere(keys: &'static [Keys]) -> impl Iterator<Item = (&'static Shape, Keys, Db)> {
    let shapes = [&DISCRIMINATOR, &ONE_TABLE, &BOTH, &COLUMNS];
    let with_keys = shapes.into_iter().flat_map(|shape| keys.iter().map(move |keys| (shape, *keys)));
    with_keys.flat_map(|(shape, keys)| shape.databases(keys).map(|db| (shape, keys, db)))
}
