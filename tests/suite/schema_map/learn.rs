//! `learn` on each shape: a person makes the profile as Motion would, on a server that is at work meanwhile.
//!
//! Invariant: the person is played by SQL that knows the shape; what is learned is compared with the shape and never
//! with what `discover` concludes.

use super::shapes::links;
use super::support::{Database, lines, proposed};
use motionctl::db::{Access, Catalog};
use motionctl::seed::Channel::{Chat, Mail, Openchannel, Voice};
use motionctl::seed::discover::{Grade, Proposal, discover_around, record};
use motionctl::seed::learn::{
    Changes, Choice, Fate, Lesson, Picture, Task, after_deletion, choose, compare, lesson, outranked, photograph,
};
use motionctl::seed::map::LinkKind::{self, Personal, ProfileAgents, ProfileQueues};
use motionctl::seed::map::Map;

const T: &str = "'2026-01-02 03:04:05'";
/// The id of the profile that the person makes.
const P: i64 = 9;

/// Agents and queues of the documented tables, the channels of which all shapes but one have.
fn people() -> String {
    let queue = |table: &str, id: i64, name: &str, more: &str| {
        format!(
            "INSERT INTO {table} (id, name, strategy, createdAt, updatedAt{}) VALUES ({id}, '{name}', 'rrmemory', {T}, {T}{});\n",
            if more.is_empty() { "" } else { ", type" },
            if more.is_empty() { String::new() } else { format!(", '{more}'") },
        )
    };
    let user = |id: i64, name: &str, role: &str, online: u8| {
        format!(
            "INSERT INTO users (id, name, fullname, email, role, online, createdAt, updatedAt) \
             VALUES ({id}, '{name}', 'Somebody', 'private@example.test', '{role}', {online}, {T}, {T});\n"
        )
    };
    [
        user(41, "ann", "agent", 0),
        user(42, "bob", "agent", 1),
        user(43, "root", "admin", 0),
        queue("voice_queues", 11, "Talk Now", "inbound"),
        queue("voice_queues", 12, "Tech Hour", "inbound"),
        queue("chat_queues", 21, "Support", ""),
        queue("chat_queues", 22, "Medical", ""),
    ]
    .concat()
}

fn mail(table: &str) -> String {
    [31, 32]
        .map(|id| format!("INSERT INTO {table} (id, name, strategy, createdAt, updatedAt) VALUES ({id}, 'M{id}', 'beepall', {T}, {T});\n"))
        .concat()
}

/// What a server does meanwhile: logs in, reports, keeps a journal, with ids that are those of the task by chance.
fn noise(task: &Task) -> String {
    let (agent, voice) = (task.agent.id, task.queues[&Voice].of_profile.id);
    format!(
        "INSERT INTO report_member (membername, data3, data4, enterAt, createdAt, updatedAt) \
         VALUES ('bob', '{P}', '{agent}', {T}, {T}, {T}), ('bob', '{P}', '{voice}', {T}, {T}, {T});\n\
         INSERT INTO calls (agent, queue, state, secret) VALUES \
         ({agent}, {voice}, {P}, 'pw-of-a-customer'), ({agent}, 3, {P}, 'x'), (8, {voice}, {P}, 'y');\n\
         INSERT INTO journal (entity, who, data) VALUES \
         ('profile', 'root', '{{\"id\":{P},\"name\":\"{}\",\"agent\":{agent}}}');\n\
         INSERT INTO names_log (name, profile_id, user_id) VALUES ('{}', {P}, {agent}), ('{}', {P}, {agent});\n",
        task.profile, task.profile, task.profile
    )
}

const NOISY_TABLES: &str = "\
CREATE TABLE calls (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, agent INTEGER, queue INTEGER, state INTEGER,
  secret VARCHAR(64));
CREATE TABLE journal (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, entity VARCHAR(32), who VARCHAR(32), data TEXT);
CREATE TABLE names_log (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), profile_id INTEGER,
  user_id INTEGER);
";

/// A whole lesson.
struct Played {
    picture: Picture,
    changes: Vec<Changes>,
    lesson: Lesson,
    proposal: Proposal,
}

impl Played {
    fn text(&self) -> String {
        self.proposal.to_toml("a test")
    }

    fn map(&self) -> Map {
        let text = self.text();
        Map::parse("learned", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The grade of the line with a link's table.
    fn grade(&self, part: &str) -> Grade {
        let section = self.proposal.sections.iter().find(|section| section.key == part).expect(part);
        let grade = section.entries.iter().find_map(|entry| match entry {
            motionctl::seed::discover::Entry::Line(key, _, grade, _) if key == "table" => Some(*grade),
            _ => None,
        });
        grade.expect("a table")
    }
}

/// Looks, lets the person act, and looks again.
fn played(database: &mut Database, act: impl FnOnce(&Task) -> String) -> Played {
    let before = proposed(&mut database.connection);
    let task = choose(&mut database.connection, &before, &Choice::default(), "7f3a").expect("a task");
    let catalog = database.catalog();
    let picture = looking(database, |database| {
        photograph(&mut database.connection, &catalog, task, "salt", "now").expect("a picture")
    });
    let text = act(&picture.task);
    database.sql(&text);
    let catalog = database.catalog();
    let changes =
        looking(database, |database| compare(&mut database.connection, &catalog, &picture).expect("changes"));
    let lesson = lesson(&catalog, database.engine(), &picture, &changes, &before);
    let proposal = merged(database, &catalog, &lesson);
    Played { picture, changes, lesson, proposal }
}

fn merged(database: &mut Database, catalog: &Catalog, lesson: &Lesson) -> Proposal {
    let profiles = lesson.found.as_ref().map(|found| found.profiles.as_str());
    let samples = super::support::sampled(&mut database.connection, profiles);
    let mut proposal = discover_around(catalog, database.engine(), &samples, profiles);
    outranked(&mut proposal, &lesson.sections);
    record(catalog, &mut proposal);
    proposal
}

fn looking<T>(database: &mut Database, look: impl FnOnce(&mut Database) -> T) -> T {
    database.connection.begin(Access::ReadOnlySnapshot).expect("a view");
    let answer = look(database);
    database.connection.rollback().expect("its end");
    answer
}

/// What the person's profile is, in tables for each channel.
fn profile(task: &Task, table: &str, enabled: &str) -> String {
    format!(
        "INSERT INTO {table} (id, name, {enabled}, description, createdAt, updatedAt) VALUES \
         (8, 'Morning', 1, NULL, {T}, {T}), ({P}, '{}', 1, '{}', {T}, {T});\n",
        task.profile, task.description
    )
}

fn pair(task: &Task, channel: motionctl::seed::Channel) -> (i64, i64) {
    let pair = &task.queues[&channel];
    (pair.of_profile.id, pair.personal.as_ref().expect("a free queue").id)
}

fn check(shape: &str, more: &str, act: impl Fn(&Task) -> String, expected: &[(LinkKind, &str)]) {
    for mut database in Database::shaped(shape) {
        database.sql(&(NOISY_TABLES.to_owned() + &people() + more));
        let played = played(&mut database, |task| act(task) + &noise(task));
        assert_eq!(played.picture.task.agent.name, "ann", "who is not logged in");
        let text = played.text();
        let map = played.map();
        let expected: Vec<_> = expected.iter().map(|(kind, line)| (*kind, (*line).to_owned())).collect();
        assert_eq!(links(&map), expected, "{shape} on {:?}\n{text}", database.engine());
        assert_eq!(played.grade("profiles"), Grade::Learned, "{text}");
        for (kind, _) in &expected {
            assert_eq!(played.grade(&format!("links.{kind}")), Grade::Learned, "{kind}\n{text}");
        }
        let found = database.verify(&map);
        assert_eq!(lines(&found.mismatches), [""; 0], "{shape} on {:?}\n{text}", database.engine());
        assert_eq!(map.reviewed_by, "");
        let all = format!("{text}{:?}{:?}", played.lesson, serde_json::to_string(&played.picture));
        for secret in ["private@example.test", "pw-of-a-customer", "Morning"] {
            assert!(!all.contains(secret), "{secret} is shown");
        }
        let calls = played.changes.iter().find(|change| change.table == "calls").expect("noise is said");
        assert_eq!((calls.new, calls.changed, calls.gone), (3, 0, 0));
    }
}

/// A row of links with times, whatever its columns.
fn link(table: &str, columns: &str, values: &str) -> String {
    format!("INSERT INTO {table} ({columns}, createdAt, updatedAt) VALUES ({values}, {T}, {T});\n")
}

#[test]
fn a_table_for_each_channel_is_learned() {
    let act = |task: &Task| {
        let (a, p) = (task.agent.id, task.penalty);
        let ((v, pv), (c, pc), (m, pm)) = (pair(task, Voice), pair(task, Chat), pair(task, Mail));
        [
            profile(task, "agent_profiles", "enabled"),
            link("user_has_agent_profiles", "UserId, AgentProfileId", &format!("{a}, {P}")),
            // A colleague puts somebody into another profile meanwhile.
            link("user_has_agent_profiles", "UserId, AgentProfileId", "42, 8"),
            link("agent_profile_has_voice_queues", "AgentProfileId, VoiceQueueId, penalty", &format!("{P}, {v}, {p}")),
            link("agent_profile_has_chat_queues", "AgentProfileId, ChatQueueId", &format!("{P}, {c}")),
            link("agent_profile_has_mail_queues", "AgentProfileId, MailQueueId", &format!("{P}, {m}")),
            link("user_has_voice_queues", "UserId, VoiceQueueId", &format!("{a}, {pv}")),
            link("user_has_chat_queues", "UserId, ChatQueueId", &format!("{a}, {pc}")),
            link("user_has_mail_queues", "UserId, MailQueueId", &format!("{a}, {pm}")),
            format!("INSERT INTO agent_profile_voice_queue_history VALUES ({P}, {v});\n"),
            "UPDATE users SET online = 1, updatedAt = '2026-03-04 05:06:07' WHERE id = 41;\n".to_owned(),
        ]
        .concat()
    };
    check(
        "channel-tables",
        &mail("mail_queues"),
        act,
        &[
            (ProfileAgents, "user_has_agent_profiles AgentProfileId>UserId"),
            (ProfileQueues(Voice), "agent_profile_has_voice_queues AgentProfileId>VoiceQueueId +penalty"),
            (ProfileQueues(Chat), "agent_profile_has_chat_queues AgentProfileId>ChatQueueId"),
            (ProfileQueues(Mail), "agent_profile_has_mail_queues AgentProfileId>MailQueueId"),
            (Personal(Voice), "user_has_voice_queues UserId>VoiceQueueId"),
            (Personal(Chat), "user_has_chat_queues UserId>ChatQueueId"),
            (Personal(Mail), "user_has_mail_queues UserId>MailQueueId"),
        ],
    );
}

#[test]
fn one_table_with_a_discriminator_is_learned_with_its_values() {
    let act = |task: &Task| {
        let (a, p) = (task.agent.id, task.penalty);
        let ((v, pv), (c, pc), (m, pm)) = (pair(task, Voice), pair(task, Chat), pair(task, Mail));
        let of_profile = |queue: i64, channel: &str, penalty: i64| {
            link("agent_profile_queues", "QueueId, AgentProfileId, channel, penalty", &format!("{queue}, {P}, '{channel}', {penalty}"))
        };
        let personal = |queue: i64, channel: &str| {
            format!("INSERT INTO agent_queues VALUES ({a}, {queue}, '{channel}', 'admin');\n")
        };
        [
            profile(task, "AgentProfiles", "isEnabled"),
            format!("INSERT INTO agent_profile_members (profile_id, user_id) VALUES ({P}, {a});\n"),
            of_profile(v, "voice", p),
            of_profile(c, "chat", 0),
            of_profile(m, "email", 0),
            personal(pv, "voice_queue"),
            personal(pc, "chat_queue"),
            personal(pm, "mail_queue"),
            format!("INSERT INTO queue_channel_stats VALUES ({a}, {pv}, 'voice', 3);\n"),
        ]
        .concat()
    };
    check(
        "discriminator",
        &mail("EmailQueues"),
        act,
        &[
            (ProfileAgents, "agent_profile_members profile_id>user_id"),
            (ProfileQueues(Voice), "agent_profile_queues AgentProfileId>QueueId channel=\"voice\" +penalty"),
            (ProfileQueues(Chat), "agent_profile_queues AgentProfileId>QueueId channel=\"chat\""),
            (ProfileQueues(Mail), "agent_profile_queues AgentProfileId>QueueId channel=\"email\""),
            (Personal(Voice), "agent_queues UserId>QueueId queue_type=\"voice_queue\""),
            (Personal(Chat), "agent_queues UserId>QueueId queue_type=\"chat_queue\""),
            (Personal(Mail), "agent_queues UserId>QueueId queue_type=\"mail_queue\""),
        ],
    );
}

#[test]
fn personal_and_profile_links_in_one_table_are_told_apart_by_null() {
    let act = |task: &Task| {
        let (a, p) = (task.agent.id, task.penalty);
        let ((v, pv), (c, pc), (m, pm)) = (pair(task, Voice), pair(task, Chat), pair(task, Mail));
        [
            profile(task, "agent_profiles", "enabled"),
            link("agent_profile_has_users", "UserId, AgentProfileId", &format!("{a}, {P}")),
            link("user_has_voice_queues", "AgentProfileId, VoiceQueueId, penalty", &format!("{P}, {v}, {p}")),
            link("user_has_chat_queues", "AgentProfileId, ChatQueueId", &format!("{P}, {c}")),
            link("user_has_mail_queues", "AgentProfileId, MailQueueId", &format!("{P}, {m}")),
            link("user_has_voice_queues", "UserId, VoiceQueueId", &format!("{a}, {pv}")),
            link("user_has_chat_queues", "UserId, ChatQueueId", &format!("{a}, {pc}")),
            link("user_has_mail_queues", "UserId, MailQueueId", &format!("{a}, {pm}")),
        ]
        .concat()
    };
    check(
        "one-table",
        &mail("mail_queues"),
        act,
        &[
            (ProfileAgents, "agent_profile_has_users AgentProfileId>UserId"),
            (ProfileQueues(Voice), "user_has_voice_queues AgentProfileId>VoiceQueueId UserId=NULL +penalty"),
            (ProfileQueues(Chat), "user_has_chat_queues AgentProfileId>ChatQueueId UserId=NULL"),
            (ProfileQueues(Mail), "user_has_mail_queues AgentProfileId>MailQueueId UserId=NULL"),
            (Personal(Voice), "user_has_voice_queues UserId>VoiceQueueId AgentProfileId=NULL"),
            (Personal(Chat), "user_has_chat_queues UserId>ChatQueueId AgentProfileId=NULL"),
            (Personal(Mail), "user_has_mail_queues UserId>MailQueueId AgentProfileId=NULL"),
        ],
    );
}

#[test]
fn a_column_for_the_queues_of_each_channel_is_learned() {
    let act = |task: &Task| {
        let (a, p) = (task.agent.id, task.penalty);
        let ((v, pv), (c, pc), (m, pm)) = (pair(task, Voice), pair(task, Chat), pair(task, Mail));
        let row = |owner: &str, id: i64, queue: &str, member: i64| {
            link("user_has_queues", &format!("{owner}, {queue}"), &format!("{id}, {member}"))
        };
        [
            profile(task, "agent_profiles", "enabled"),
            link("agent_profile_has_users", "UserId, AgentProfileId", &format!("{a}, {P}")),
            link("user_has_queues", "AgentProfileId, VoiceQueueId, penalty", &format!("{P}, {v}, {p}")),
            row("AgentProfileId", P, "ChatQueueId", c),
            row("AgentProfileId", P, "MailQueueId", m),
            row("UserId", a, "VoiceQueueId", pv),
            row("UserId", a, "ChatQueueId", pc),
            row("UserId", a, "MailQueueId", pm),
        ]
        .concat()
    };
    let of_profile = "user_has_queues AgentProfileId>";
    let personal = "user_has_queues UserId>";
    check(
        "queue-columns",
        &mail("mail_queues"),
        act,
        &[
            (ProfileAgents, "agent_profile_has_users AgentProfileId>UserId"),
            (
                ProfileQueues(Voice),
                &format!("{of_profile}VoiceQueueId UserId=NULL ChatQueueId=NULL MailQueueId=NULL +penalty"),
            ),
            (ProfileQueues(Chat), &format!("{of_profile}ChatQueueId UserId=NULL MailQueueId=NULL VoiceQueueId=NULL")),
            (ProfileQueues(Mail), &format!("{of_profile}MailQueueId UserId=NULL ChatQueueId=NULL VoiceQueueId=NULL")),
            (Personal(Voice), &format!("{personal}VoiceQueueId AgentProfileId=NULL ChatQueueId=NULL MailQueueId=NULL")),
            (Personal(Chat), &format!("{personal}ChatQueueId AgentProfileId=NULL MailQueueId=NULL VoiceQueueId=NULL")),
            (Personal(Mail), &format!("{personal}MailQueueId AgentProfileId=NULL ChatQueueId=NULL VoiceQueueId=NULL")),
        ],
    );
}

#[test]
fn without_foreign_keys_and_with_names_of_other_conventions() {
    let people = format!(
        "INSERT INTO Users (id, user_name, full_name, role, created_at, updated_at) VALUES \
         (41, 'ann', 'Ann', 'agent', {T}, {T}), (43, 'root', 'Root', 'admin', {T}, {T});\n\
         INSERT INTO VoiceQueues (id, strategy, name, type) VALUES (11, 's', 'V1', 'inbound'), (12, 's', 'V2', 'inbound');\n\
         INSERT INTO chatQueues (id, strategy, name, timeout) VALUES (21, 's', 'C1', 1), (22, 's', 'C2', 1);\n\
         INSERT INTO cm_open_channel_queues (id, strategy, name, timeout) VALUES (31, 's', 'O1', 1);\n"
    );
    for mut database in Database::shaped("without-keys") {
        database.sql(&people);
        let played = played(&mut database, |task| {
            let a = task.agent.id;
            let mut text = format!(
                "INSERT INTO AgentProfile (id, name, active) VALUES ({P}, '{}', 1);\n\
                 INSERT INTO agent_profile_agent VALUES ({P}, {a});\n",
                task.profile
            );
            for (channel, word) in [(Voice, "VOICE"), (Chat, "CHAT"), (Openchannel, "OPEN_CHANNEL")] {
                let (of_profile, personal) = pair(task, channel);
                let penalty = if channel == Voice { task.penalty.to_string() } else { "NULL".to_owned() };
                text += &format!(
                    "INSERT INTO queue_members (agent_id, agent_profile_id, queue_id, channel, penalty, created_at, updated_at) \
                     VALUES (NULL, {P}, {of_profile}, '{word}', {penalty}, {T}, {T}), ({a}, NULL, {personal}, '{word}', NULL, {T}, {T});\n\
                     INSERT INTO queue_members_log (agent_id, agent_profile_id, queue_id, channel) VALUES ({a}, NULL, {personal}, '{word}');\n"
                );
            }
            text
        });
        let map = played.map();
        let of = "queue_members agent_profile_id>queue_id";
        let personal = "queue_members agent_id>queue_id";
        let expected = [
            (ProfileAgents, "agent_profile_agent agent_profile_id>agent_id".to_owned()),
            (ProfileQueues(Voice), format!("{of} channel=\"VOICE\" agent_id=NULL +penalty")),
            (ProfileQueues(Chat), format!("{of} channel=\"CHAT\" agent_id=NULL")),
            (ProfileQueues(Openchannel), format!("{of} channel=\"OPEN_CHANNEL\" agent_id=NULL")),
            (Personal(Voice), format!("{personal} channel=\"VOICE\" agent_profile_id=NULL")),
            (Personal(Chat), format!("{personal} channel=\"CHAT\" agent_profile_id=NULL")),
            (Personal(Openchannel), format!("{personal} channel=\"OPEN_CHANNEL\" agent_profile_id=NULL")),
        ];
        assert_eq!(links(&map), expected, "{}", played.text());
        assert_eq!(lines(&database.verify(&map).mismatches), [""; 0], "{}", played.text());
    }
}

/// Agents, voice queues and whatever tables a test is about.
fn small(tables: &str) -> String {
    format!(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, \
         fullname VARCHAR(64), email VARCHAR(64), internal INTEGER, role VARCHAR(16), online TINYINT(1));\n\
         CREATE TABLE voice_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, \
         strategy VARCHAR(16), type VARCHAR(16));\n\
         INSERT INTO users (id, name, role) VALUES (41, 'ann', 'agent');\n\
         INSERT INTO voice_queues (id, name) VALUES (11, 'V1'), (12, 'V2');\n{tables}"
    )
}

/// Plays on a schema of a test's own, on both engines.
fn on_small(tables: &str, act: impl Fn(&Task) -> String, judge: impl Fn(&mut Database, Played)) {
    for mut database in Database::both() {
        database.sql(&small(tables));
        let played = played(&mut database, &act);
        judge(&mut database, played);
    }
}

const PROFILES: &str = "CREATE TABLE cfg_9 (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, label VARCHAR(64), \
                        is_active TINYINT(1) NOT NULL, note VARCHAR(64), kind VARCHAR(16) NOT NULL);\n";

fn in_cfg(task: &Task) -> String {
    format!(
        "INSERT INTO cfg_9 (id, label, is_active, note, kind) VALUES ({P}, '{}', 1, '{}', 'agent');\n",
        task.profile, task.description
    )
}

#[test]
fn names_that_say_nothing_are_no_hindrance() {
    let tables = PROFILES.to_owned()
        + "CREATE TABLE cfg_10 (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b));\n\
           CREATE TABLE cfg_11 (a INTEGER NOT NULL, b INTEGER NOT NULL, w INTEGER, PRIMARY KEY (a, b));\n\
           CREATE TABLE cfg_12 (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b));\n";
    let act = |task: &Task| {
        let (voice, personal) = pair(task, Voice);
        let a = task.agent.id;
        format!(
            "{}INSERT INTO cfg_10 VALUES ({a}, {P});\nINSERT INTO cfg_11 VALUES ({P}, {voice}, {});\n\
             INSERT INTO cfg_12 VALUES ({personal}, {a});\n",
            in_cfg(task),
            task.penalty
        )
    };
    on_small(&tables, act, |database, played| {
        let map = played.map();
        let expected = [
            (ProfileAgents, "cfg_10 b>a".to_owned()),
            (ProfileQueues(Voice), "cfg_11 a>b +w".to_owned()),
            (Personal(Voice), "cfg_12 b>a".to_owned()),
        ];
        assert_eq!(links(&map), expected, "{}", played.text());
        let profiles = map.profiles.as_ref().expect("profiles");
        assert_eq!(
            (profiles.columns.name.as_str(), profiles.columns.enabled.as_str()),
            ("label", "is_active")
        );
        assert_eq!(profiles.columns.description.as_ref().map(|column| column.as_str()), Some("note"));
        assert!(played.text().contains("kind = \"agent\"  # likely: a new row needs a value"), "{}", played.text());
        assert_eq!(lines(&database.verify(&map).mismatches), [""; 0]);
    });
}

#[test]
fn of_two_tables_with_the_same_ends_the_one_that_got_the_row_is_taken() {
    let tables = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE profile_members (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (profile_id, user_id));\n\
         CREATE TABLE profile_supervisors (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (profile_id, user_id));\n\
         CREATE TABLE profile_queues (profile_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, PRIMARY KEY (profile_id, queue_id));\n\
         CREATE TABLE profile_blocked_queues (profile_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, PRIMARY KEY (profile_id, queue_id));\n\
         CREATE TABLE user_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n";
    let act = |task: &Task| {
        format!(
            "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n\
             INSERT INTO profile_members VALUES ({P}, {a});\nINSERT INTO profile_queues VALUES ({P}, {});\n\
             INSERT INTO profile_supervisors VALUES (3, {a});\n",
            task.profile,
            pair(task, Voice).0,
            a = task.agent.id,
        )
    };
    on_small(tables, act, |_, played| {
        let found: Vec<_> = played.lesson.parts.iter().map(|(part, table)| format!("{part} {table}")).collect();
        assert_eq!(
            found,
            ["profiles profiles", "links.profile_agents profile_members", "links.profile_queues.voice profile_queues"]
        );
        let note = "links.personal.voice: no new row has both ids; was this step left out?";
        assert!(played.lesson.notes.contains(&note.to_owned()), "{:?}", played.lesson.notes);
    });
}

#[test]
fn what_cannot_be_mapped_is_said_with_its_reason() {
    let uuid = "CREATE TABLE profiles (id CHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(64), enabled TINYINT(1));\n";
    let act = |task: &Task| {
        format!("INSERT INTO profiles VALUES ('0b5c7b1e-0000-4000-8000-000000000001', '{}', 1);\n", task.profile)
    };
    on_small(uuid, act, |_, played| {
        let why = played.lesson.missing.expect("a reason");
        assert!(
            why.to_lowercase().ends_with("its key is id (char(36)): links by anything else than one whole number cannot be mapped"),
            "{why}"
        );
        assert!(played.lesson.sections.is_empty() && played.lesson.found.is_none());
    });
    let by_name = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE profile_users (profile VARCHAR(64) NOT NULL, username VARCHAR(64) NOT NULL, PRIMARY KEY (profile, username));\n";
    let act = |task: &Task| {
        format!(
            "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{name}', 1);\n\
             INSERT INTO profile_users VALUES ('{name}', '{}');\n",
            task.agent.name,
            name = task.profile,
        )
    };
    on_small(by_name, act, |_, played| {
        assert_eq!(played.lesson.parts, [("profiles".to_owned(), "profiles".to_owned())]);
        let note = "profile_users: profile holds the profile's name, not its id";
        assert!(played.lesson.notes.iter().any(|known| known.starts_with(note)), "{:?}", played.lesson.notes);
    });
    on_small("", |_| String::new(), |_, played| {
        assert_eq!(played.lesson.missing.as_deref(), Some("no new row has the name \"Motionctl learns 7f3a\""));
    });
    let at_once = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE rights (profile_id INTEGER NOT NULL, agent_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, \
         PRIMARY KEY (profile_id, agent_id, queue_id));\n";
    let act = |task: &Task| {
        format!(
            "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\nINSERT INTO rights VALUES ({P}, {}, {});\n",
            task.profile,
            task.agent.id,
            pair(task, Voice).0
        )
    };
    on_small(at_once, act, |_, played| {
        assert_eq!(played.lesson.parts.len(), 1, "{:?}", played.lesson.parts);
        let note = "rights: its rows belong to an agent, the profile and a queue at once; such links cannot be mapped";
        assert!(played.lesson.notes.contains(&note.to_owned()), "{:?}", played.lesson.notes);
    });
}

#[test]
fn ids_that_are_equal_by_chance_are_told_apart_by_names_or_not_at_all() {
    let with = |columns: &str| {
        PROFILES.to_owned() + &format!("CREATE TABLE both_ends ({columns}, PRIMARY KEY (a, b));\n")
    };
    let act = |task: &Task| {
        format!(
            "INSERT INTO cfg_9 (id, label, is_active, note, kind) VALUES ({a}, '{}', 1, 'n', 'k');\nINSERT INTO both_ends VALUES ({a}, {a});\n",
            task.profile,
            a = task.agent.id
        )
    };
    on_small(&with("a INTEGER NOT NULL, b INTEGER NOT NULL"), act, |_, played| {
        assert_eq!(played.lesson.parts.len(), 1, "{:?}", played.lesson.parts);
    });
    let keys = "a INTEGER NOT NULL, b INTEGER NOT NULL, FOREIGN KEY (a) REFERENCES users (id), FOREIGN KEY (b) REFERENCES cfg_9 (id)";
    on_small(&with(keys), act, |_, played| {
        let map = played.map();
        assert_eq!(links(&map), [(ProfileAgents, "both_ends b>a".to_owned())]);
    });
}

/// Two tables of links with marks, and what a deletion does to the rows of a profile.
fn after(deletion: &str, judge: impl Fn(&Map, &str, Vec<(String, Fate)>)) {
    let tables = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1), \
         gone DATETIME, updatedAt DATETIME);\n\
         CREATE TABLE profile_users (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, deletedAt DATETIME, \
         PRIMARY KEY (profile_id, user_id));\n";
    for mut database in Database::both() {
        database.sql(&small(tables));
        let mut played = played(&mut database, |task| {
            format!(
                "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\nINSERT INTO profile_users VALUES ({P}, {}, NULL);\n",
                task.profile, task.agent.id
            )
        });
        let found = played.lesson.found.clone().expect("the profile");
        let catalog: Catalog = database.catalog();
        let undone = looking(&mut database, |database| {
            after_deletion(&mut database.connection, &catalog, &played.picture, &found).expect("a look")
        });
        assert!(undone.is_undone(), "nobody has deleted it");
        database.sql(deletion);
        let learned = looking(&mut database, |database| {
            after_deletion(&mut database.connection, &catalog, &played.picture, &found).expect("a look")
        });
        assert!(!learned.is_undone());
        played.lesson.sections = learned.found.sections;
        played.proposal = merged(&mut database, &catalog, &played.lesson);
        judge(&played.map(), &played.text(), learned.fates);
    }
}

#[test]
fn what_a_deletion_does_is_learned_from_one() {
    let deleted = |map: &Map| {
        let of_links = map.link(ProfileAgents).and_then(|link| link.deleted.clone());
        let of_profiles = map.profiles.as_ref().and_then(|profiles| profiles.columns.deleted.clone());
        [of_profiles, of_links].map(|column| column.map(|column| column.to_string()))
    };
    let soft = format!("UPDATE profiles SET gone = {T}, updatedAt = {T};\nUPDATE profile_users SET deletedAt = {T};\n");
    after(&soft, |map, text, fates| {
        assert_eq!(deleted(map), [Some("gone".to_owned()), Some("deletedAt".to_owned())], "{text}");
        assert!(text.contains("deleted = \"gone\"  # learned: Motion set it when the profile was deleted"), "{text}");
        let expected = [Fate::Marked("gone".to_owned()), Fate::Marked("deletedAt".to_owned())];
        assert_eq!(fates.into_iter().map(|(_, fate)| fate).collect::<Vec<_>>(), expected);
    });
    after("DELETE FROM profile_users;\nDELETE FROM profiles;\n", |map, text, fates| {
        assert_eq!(deleted(map), [None, None], "{text}");
        assert!(fates.iter().all(|(_, fate)| *fate == Fate::Gone));
        assert!(!text.contains("\nrevive"), "{text}");
    });
    let mixed = format!("UPDATE profiles SET gone = {T};\nDELETE FROM profile_users;\n");
    after(&mixed, |map, text, _| assert_eq!(deleted(map), [Some("gone".to_owned()), None], "{text}"));
}

#[test]
fn in_a_table_that_is_too_large_new_rows_are_found_by_their_key() {
    let [_, mut database] = Database::both();
    database.sql(&small(
        "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE profile_users (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, profile_id INTEGER, user_id INTEGER);\n\
         CREATE TABLE cdr (a VARCHAR(8), b INTEGER);\n\
         INSERT INTO profile_users (profile_id, user_id) SELECT 1, seq FROM seq_1000_to_101100;\n\
         INSERT INTO cdr SELECT 'x', seq FROM seq_1_to_100100;\n\
         ANALYZE TABLE profile_users, cdr;\n",
    ));
    let played = played(&mut database, |task| {
        format!(
            "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n\
             INSERT INTO profile_users (profile_id, user_id) VALUES ({P}, {});\nUPDATE profile_users SET user_id = 1 WHERE id = 1;\n",
            task.profile, task.agent.id
        )
    });
    assert_eq!(
        played.picture.unseen(),
        [
            "cdr: not looked at: it has more than 100000 rows, and no whole number as its key",
            "profile_users: it is large; only rows with a new id will be found, not changed ones",
        ]
    );
    assert_eq!(links(&played.map()), [(ProfileAgents, "profile_users profile_id>user_id".to_owned())]);
    let change = played.changes.iter().find(|change| change.table == "profile_users").expect("a change");
    assert_eq!((change.new, change.changed), (1, 0));
}
