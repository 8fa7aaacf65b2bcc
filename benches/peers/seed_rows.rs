//! What is seeded: agents, queues, profiles and memberships of any number, as a manifest and as SQL for the peers.
//!
//! Invariant: the manifest and every SQL of one size leave the same rows behind, which `check` counts.

use std::fmt::Write as _;

/// Rows in one statement of the peer.
pub const BATCH: usize = 1_000;
const TIMES: &str = "'2026-01-01 00:00:00', '2026-01-01 00:00:00'";

/// What is loaded: half of the queues are voice, half chat; every profile has as many of everything.
#[derive(Clone, Copy)]
pub struct Size {
    pub agents: usize,
    pub profiles: usize,
    pub queues: usize,
    pub agents_of_a_profile: usize,
    pub queues_of_a_profile: usize,
}

/// 20,000 memberships.
pub const USUAL: Size =
    Size { agents: 2_000, profiles: 200, queues: 200, agents_of_a_profile: 90, queues_of_a_profile: 10 };
/// A tenth of it, and a hundredth.
pub const SMALL: Size = Size { agents: 200, profiles: 20, queues: 20, ..USUAL };
pub const TINY: Size = Size { agents: 90, profiles: 2, queues: 10, ..USUAL };
/// A million.
pub const HUGE: Size =
    Size { agents: 20_000, profiles: 2_000, queues: 200, agents_of_a_profile: 490, queues_of_a_profile: 10 };

impl Size {
    pub fn memberships(&self) -> usize {
        self.profiles * (self.agents_of_a_profile + self.queues_of_a_profile)
    }

    /// The members of a profile: neighbours, so that all are used.
    fn members(profile: usize, each: usize, of: usize) -> impl Iterator<Item = usize> {
        (0..each).map(move |index| (profile * each + index) % of)
    }

    pub fn manifest(&self) -> String {
        let mut text = String::from("version: 1\nqueues:\n  voice:\n");
        let each = self.queues / 2;
        for queue in 0..each {
            writeln!(text, "    - {{ name: Voice {queue}, strategy: rrmemory, type: inbound }}")
                .expect("text");
        }
        text.push_str("  chat:\n");
        for queue in 0..each {
            writeln!(text, "    - {{ name: Chat {queue}, strategy: beepall, timeout: 30 }}").expect("text");
        }
        text.push_str("agents:\n");
        for agent in 0..self.agents {
            writeln!(
                text,
                "  - {{ username: agent{agent}, fullname: Agent {agent}, email: a{agent}@example.test, internal: \"{}\" }}",
                10_000 + agent
            )
            .expect("text");
        }
        text.push_str("profiles:\n");
        for profile in 0..self.profiles {
            writeln!(text, "  - name: Profile {profile}\n    agents:").expect("text");
            for agent in Self::members(profile, self.agents_of_a_profile, self.agents) {
                writeln!(text, "      - agent{agent}").expect("text");
            }
            text.push_str("    queues:\n");
            for (channel, name) in [("voice", "Voice"), ("chat", "Chat")] {
                writeln!(text, "      {channel}:").expect("text");
                for queue in Self::members(profile, self.queues_of_a_profile / 2, each) {
                    writeln!(text, "        - {name} {queue}").expect("text");
                }
            }
        }
        text
    }

    /// The same rows as SQL, with ids that are known beforehand.
    pub fn sql(&self, batch: usize, begin: &str, commit: &str) -> String {
        let each = self.queues / 2;
        let mut text = begin.to_owned();
        let mut add = |table: &str, columns: &str, rows: Vec<String>| {
            for rows in rows.chunks(batch) {
                let rows = rows.join(", ");
                writeln!(text, "INSERT INTO {table} ({columns}, createdAt, updatedAt) VALUES {rows};")
                    .expect("text");
            }
        };
        let rows = |count: usize, row: &dyn Fn(usize) -> String| -> Vec<String> {
            (0..count).map(|index| format!("({}, {}, {TIMES})", index + 1, row(index))).collect()
        };
        let voice = rows(each, &|q| format!("'Voice {q}', 'rrmemory', 'inbound', NULL"));
        add("voice_queues", "id, name, strategy, type, description", voice);
        let chat = rows(each, &|q| format!("'Chat {q}', 'beepall', 30, NULL"));
        add("chat_queues", "id, name, strategy, timeout, description", chat);
        let agents = rows(self.agents, &|a| {
            format!("'agent{a}', 'Agent {a}', 'a{a}@example.test', '{}', 'agent'", 10_000 + a)
        });
        add("users", "id, name, fullname, email, internal, role", agents);
        let profiles = rows(self.profiles, &|p| format!("'Profile {p}', 1, NULL"));
        add("agent_profiles", "id, name, enabled, description", profiles);
        let links = |count: usize, of: usize, more: &str| -> Vec<String> {
            let row =
                |profile: usize, member: usize| format!("({}, {}{more}, {TIMES})", profile + 1, member + 1);
            (0..self.profiles)
                .flat_map(|profile| Self::members(profile, count, of).map(move |member| row(profile, member)))
                .collect()
        };
        let agents = links(self.agents_of_a_profile, self.agents, "");
        add("agent_profile_has_users", "AgentProfileId, UserId", agents);
        let queues = self.queues_of_a_profile / 2;
        let voice = links(queues, each, ", 0");
        add("agent_profile_has_voice_queues", "AgentProfileId, VoiceQueueId, penalty", voice);
        add("agent_profile_has_chat_queues", "AgentProfileId, ChatQueueId", links(queues, each, ""));
        text.push_str(commit);
        text
    }

    /// The same rows, one by one, as an application makes them through its object mapper (find or create): both ends of a
    /// link are looked up by name, and each row is looked for and inserted in a transaction of its own.
    pub fn sql_by_name(&self) -> String {
        let each = self.queues / 2;
        let mut text = String::new();
        let mut row = |table: &str, columns: &str, name: &str, values: &str| {
            writeln!(
                text,
                "BEGIN;\nSELECT COUNT(*) INTO @there FROM {table} WHERE name = '{name}';\n\
                 INSERT INTO {table} (name, {columns}, createdAt, updatedAt) \
                 SELECT '{name}', {values}, {TIMES} FROM DUAL WHERE @there = 0;\nCOMMIT;"
            )
            .expect("text");
        };
        for queue in 0..each {
            row("voice_queues", "strategy, type", &format!("Voice {queue}"), "'rrmemory', 'inbound'");
            row("chat_queues", "strategy, timeout", &format!("Chat {queue}"), "'beepall', 30");
        }
        for agent in 0..self.agents {
            let values = format!("'Agent {agent}', 'a{agent}@example.test', '{}', 'agent'", 10_000 + agent);
            row("users", "fullname, email, internal, role", &format!("agent{agent}"), &values);
        }
        for profile in 0..self.profiles {
            row("agent_profiles", "enabled", &format!("Profile {profile}"), "1");
        }
        let queues = self.queues_of_a_profile / 2;
        let links = [
            ("users", "UserId", "agent_profile_has_users", "agent", self.agents_of_a_profile, self.agents),
            ("voice_queues", "VoiceQueueId", "agent_profile_has_voice_queues", "Voice ", queues, each),
            ("chat_queues", "ChatQueueId", "agent_profile_has_chat_queues", "Chat ", queues, each),
        ];
        for profile in 0..self.profiles {
            for (members, column, table, prefix, count, of) in links {
                for member in Self::members(profile, count, of) {
                    writeln!(
                        text,
                        "SELECT id INTO @profile FROM agent_profiles WHERE name = 'Profile {profile}';\n\
                         SELECT id INTO @member FROM {members} WHERE name = '{prefix}{member}';\nBEGIN;\n\
                         SELECT COUNT(*) INTO @there FROM {table} \
                         WHERE AgentProfileId = @profile AND {column} = @member;\n\
                         INSERT INTO {table} (AgentProfileId, {column}, createdAt, updatedAt) \
                         SELECT @profile, @member, {TIMES} FROM DUAL WHERE @there = 0;\nCOMMIT;"
                    )
                    .expect("text");
                }
            }
        }
        text
    }

    /// Both peers must have done the same work: `ask` answers a question of one row, its columns parted by tabs.
    pub fn check(&self, ask: impl FnOnce(&str) -> String) {
        let found = ask("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM agent_profiles), \
             (SELECT COUNT(*) FROM agent_profile_has_users) + (SELECT COUNT(*) FROM agent_profile_has_voice_queues) \
             + (SELECT COUNT(*) FROM agent_profile_has_chat_queues)");
        let expected = format!("{}\t{}\t{}", self.agents, self.profiles, self.memberships());
        assert_eq!(found, expected, "rows are missing");
    }
}

/// The embedded schema in MariaDB's words.
pub fn for_mariadb(schema: &str) -> String {
    let lines = schema.lines().filter(|line| !line.starts_with("PRAGMA") && !line.starts_with("--"));
    let key = ("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY");
    let lines: Vec<_> = lines.map(|line| line.replace(key.0, key.1).replace(" COLLATE NOCASE", "")).collect();
    lines.join("\n")
}
