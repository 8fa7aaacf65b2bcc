//! `learn` on each shape: a person makes the profile as Motion would, on a server that is at work meanwhile.
//!
//! Invariant: the person is played by SQL that knows the shape; what is learned is compared with the shape and never
//! with what `discover` concludes.

use super::shapes::{CHANNEL_TABLES, ONE_TABLE, QUEUE_COLUMNS, links};
use super::support::{Database, lines, proposed};
use motionctl::db::{Access, Catalog};
use motionctl::seed::Channel::{Chat, Mail, Openchannel, Voice};
use motionctl::seed::discover::{Grade, Proposal, discover_around, record};
use motionctl::seed::learn::{
    Changes, Choice, Lesson, Picture, Task, choose, compare, lesson, outranked, photograph,
};
use motionctl::seed::map::LinkKind::{self, Personal, ProfileAgents, ProfileQueues};
use motionctl::seed::map::Map;

pub const T: &str = "'2026-01-02 03:04:05'";
/// The id of the profile that the person makes.
pub const P: i64 = 9;

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
pub struct Played {
    pub picture: Picture,
    pub changes: Vec<Changes>,
    pub lesson: Lesson,
    pub proposal: Proposal,
}

impl Played {
    pub fn text(&self) -> String {
        self.proposal.to_toml("a test")
    }

    pub fn map(&self) -> Map {
        let text = self.text();
        Map::parse("learned", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The grade of the line with a link's table.
    pub fn grade(&self, part: &str) -> Grade {
        let section = self.proposal.sections.iter().find(|section| section.key == part).expect(part);
        let grade = section.entries.iter().find_map(|entry| match entry {
            motionctl::seed::discover::ProposalLine::Line(key, _, grade, _) if key == "table" => Some(*grade),
            _ => None,
        });
        grade.expect("a table")
    }
}

/// Looks, lets the person act, and looks again.
pub fn played(database: &mut Database, act: impl FnOnce(&Task) -> String) -> Played {
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

pub fn merged(database: &mut Database, catalog: &Catalog, lesson: &Lesson) -> Proposal {
    let profiles = lesson.found.as_ref().map(|found| found.profiles.as_str());
    let samples = super::support::sampled(&mut database.connection, profiles);
    let mut proposal = discover_around(catalog, database.engine(), &samples, profiles);
    outranked(&mut proposal, &lesson.sections);
    record(catalog, &mut proposal);
    proposal
}

pub fn looking<T>(database: &mut Database, look: impl FnOnce(&mut Database) -> T) -> T {
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

pub fn pair(task: &Task, channel: motionctl::seed::Channel) -> (i64, i64) {
    let pair = &task.queues[&channel];
    (pair.of_profile.id, pair.personal.as_ref().expect("a free queue").id)
}

/// The same queues with the same ids in each channel, as where ids start at 1 everywhere.
fn equal(people: &str) -> String {
    let ids = [("(21, ", "(11, "), ("(22, ", "(12, "), ("(31, ", "(11, "), ("(32, ", "(12, ")];
    ids.iter().fold(people.to_owned(), |text, (id, as_voice)| text.replace(id, as_voice))
}

fn check(shape: &str, more: &str, act: impl Fn(&Task) -> String, expected: &[(LinkKind, &str)]) {
    for mut database in Database::shaped(shape) {
        database.sql(&(NOISY_TABLES.to_owned() + &equal(&(people() + more))));
        let played = played(&mut database, |task| act(task) + &noise(task));
        assert_eq!(played.picture.task.doubts().len(), 2, "{:?}", played.picture.task.doubts());
        let expected: Vec<_> = expected.iter().map(|(kind, line)| (*kind, (*line).to_owned())).collect();
        let (found, engine) = (links(&played.map()), database.engine());
        assert_eq!(found, expected, "{shape} with equal ids on {engine:?}\n{}", played.text());
    }
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
            link(
                "agent_profile_has_voice_queues",
                "AgentProfileId, VoiceQueueId, penalty",
                &format!("{P}, {v}, {p}"),
            ),
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
    check("channel-tables", &mail("mail_queues"), act, CHANNEL_TABLES);
}

#[test]
fn one_table_with_a_discriminator_is_learned_with_its_values() {
    let act = |task: &Task| {
        let (a, p) = (task.agent.id, task.penalty);
        let ((v, pv), (c, pc), (m, pm)) = (pair(task, Voice), pair(task, Chat), pair(task, Mail));
        let of_profile = |queue: i64, channel: &str, penalty: i64| {
            link(
                "agent_profile_queues",
                "QueueId, AgentProfileId, channel, penalty",
                &format!("{queue}, {P}, '{channel}', {penalty}"),
            )
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
    check("one-table", &mail("mail_queues"), act, ONE_TABLE);
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
    check("queue-columns", &mail("mail_queues"), act, QUEUE_COLUMNS);
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
