//! How fast a MariaDB is seeded, beside the database's own client with SQL that was written for the purpose.
//!
//! Invariant: whole processes are measured, by turns, on one server with the usual durability, and what they leave
//! behind is counted. Every limit is printed with what was measured; one that is missed fails the run.

#![expect(clippy::disallowed_methods, reason = "runs a server, its client and the binary")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/suite/support/database_server/mod.rs"]
mod database_server;

use database_server::{DatabaseServer, Schema};
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Runs of each kind; medians are compared.
const RUNS: usize = 5;
/// Rows in one statement of the peer.
const BATCH: usize = 1_000;
const TIMES: &str = "'2026-01-01 00:00:00', '2026-01-01 00:00:00'";

/// What is loaded: half of the queues are voice, half chat; every profile has as many of everything.
#[derive(Clone, Copy)]
struct Size {
    agents: usize,
    profiles: usize,
    queues: usize,
    agents_of_a_profile: usize,
    queues_of_a_profile: usize,
}

/// 20,000 memberships.
const USUAL: Size =
    Size { agents: 2_000, profiles: 200, queues: 200, agents_of_a_profile: 90, queues_of_a_profile: 10 };
/// 100,000 memberships.
const LARGE: Size =
    Size { agents: 2_000, profiles: 200, queues: 200, agents_of_a_profile: 490, queues_of_a_profile: 10 };
/// A million, of everything ten times as many.
const HUGE: Size = Size { agents: 20_000, profiles: 2_000, ..LARGE };

fn main() -> ExitCode {
    let bench = Bench::start();
    let mut table = Table::default();
    bench.usual(&mut table);
    bench.huge(&mut table);
    table.print()
}

/// A server, a folder for files, and a map that is signed.
struct Bench {
    server: DatabaseServer,
    folder: tempfile::TempDir,
}

impl Bench {
    fn start() -> Self {
        let server = DatabaseServer::start(&[
            "--innodb-buffer-pool-size=256M",
            "--innodb-log-file-size=96M",
            "--innodb-flush-log-at-trx-commit=1",
            "--innodb-flush-method=fsync",
        ]);
        let folder = tempfile::tempdir().expect("a folder");
        let map = include_str!("../templates/seed/schema-map.toml");
        let map = map.replace("reviewed_by = \"\"", "reviewed_by = \"bench\"");
        fs::write(folder.path().join("map.toml"), map).expect("writing");
        Self { server, folder }
    }

    /// The load of a large call centre, against two peers.
    fn usual(&self, table: &mut Table) {
        let manifest = self.file("usual.yaml", &USUAL.manifest());
        let batches = self.file("batches.sql", &USUAL.sql(BATCH, "BEGIN;\n", "COMMIT;\n"));
        let single = self.file("single.sql", &USUAL.sql(1, "", ""));
        let by_name = self.file("by-name.sql", &USUAL.sql_by_name());
        let (mut apply, mut again, mut peer) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let schema = self.schema();
            apply.push(self.apply(&schema, &manifest));
            USUAL.check(&schema);
            again.push(self.apply(&schema, &manifest));
            drop(schema);
            let schema = self.schema();
            peer.push(self.client(&schema, &batches));
            USUAL.check(&schema);
        }
        let loaded = |file| {
            let schema = self.schema();
            let time = self.client(&schema, file);
            USUAL.check(&schema);
            time
        };
        let (rows, names) = (loaded(&single), loaded(&by_name));
        let (apply, again, peer) = (median(apply), median(again), median(peer));
        let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        let what = "20,000 memberships: apply, to mariadb < batches.sql";
        table.add(what, apply, peer, ratio(apply, peer), Limit::Most(2.0));
        table.add(
            "the same again: nothing to do, to the same",
            again,
            peer,
            ratio(again, peer),
            Limit::Most(1.0),
        );
        let what = "row by row, find or create; to apply";
        table.add(what, names, apply, ratio(names, apply), Limit::Least(20.0));
        table.add("row by row, ids known beforehand; to apply", rows, apply, ratio(rows, apply), Limit::None);
    }

    /// Whether time grows as the rows do, and how much memory that takes.
    fn huge(&self, table: &mut Table) {
        let mut times = Vec::new();
        for (name, size, runs) in [("large.yaml", LARGE, RUNS), ("huge.yaml", HUGE, 1)] {
            let manifest = self.file(name, &size.manifest());
            let mut runs: Vec<Duration> = (0..runs)
                .map(|_| {
                    let schema = self.schema();
                    let time = self.apply(&schema, &manifest);
                    size.check(&schema);
                    time
                })
                .collect();
            runs.sort();
            times.push(
                runs[runs.len() / 2] / u32::try_from(size.memberships() / 1_000).expect("a small number"),
            );
        }
        let ratio = times[1].as_secs_f64() / times[0].as_secs_f64();
        table.add(
            "1,000 of 1,000,000 memberships, to 1,000 of 100,000",
            times[1],
            times[0],
            ratio,
            Limit::Most(1.3),
        );
        // Of all processes that have ended; none is larger than the last one.
        let kib = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage").max_rss();
        table.add_memory("1,000,000 memberships: peak memory", kib as f64 / 1024.0, 600.0);
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("writing");
        path
    }

    /// An empty schema.
    fn schema(&self) -> Schema<'_> {
        let schema = self.server.schema();
        schema.sql(&for_mariadb(include_str!("../templates/seed/schema.sql")));
        schema
    }

    fn apply(&self, schema: &Schema<'_>, manifest: &Path) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_motionctl"));
        command.args(["seed", "apply", "--yes", "--json", "--db", &schema.url(), "--map"]);
        command.arg(self.folder.path().join("map.toml")).arg(manifest);
        timed(command.stdin(Stdio::null()))
    }

    fn client(&self, schema: &Schema<'_>, sql: &Path) -> Duration {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4"]);
        command.arg(format!("--socket={}", self.server.file("socket").display())).arg(&schema.name);
        timed(command.stdin(File::open(sql).expect("a file")))
    }
}

/// How long a process takes that must do its work.
fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.output().expect("it starts");
    let time = start.elapsed();
    let shown = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(4_000)]).into_owned();
    assert!(output.status.success(), "{command:?}\n{}\n{}", shown(&output.stdout), shown(&output.stderr));
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

impl Size {
    fn memberships(&self) -> usize {
        self.profiles * (self.agents_of_a_profile + self.queues_of_a_profile)
    }

    /// The members of a profile: neighbours, so that all are used.
    fn members(profile: usize, each: usize, of: usize) -> impl Iterator<Item = usize> {
        (0..each).map(move |index| (profile * each + index) % of)
    }

    fn manifest(&self) -> String {
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
    fn sql(&self, batch: usize, begin: &str, commit: &str) -> String {
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
    fn sql_by_name(&self) -> String {
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

    /// Both peers must have done the same work.
    fn check(&self, schema: &Schema<'_>) {
        let found = schema.sql(
            "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM agent_profiles), \
             (SELECT COUNT(*) FROM agent_profile_has_users) + (SELECT COUNT(*) FROM agent_profile_has_voice_queues) \
             + (SELECT COUNT(*) FROM agent_profile_has_chat_queues)",
        );
        let expected = format!("{}\t{}\t{}", self.agents, self.profiles, self.memberships());
        assert_eq!(found, expected, "rows are missing");
    }
}

/// What a measure must keep.
#[derive(Clone, Copy)]
enum Limit {
    Most(f64),
    Least(f64),
    /// Only shown.
    None,
}

#[derive(Default)]
struct Table {
    lines: Vec<[String; 5]>,
    missed: usize,
}

impl Table {
    fn add(&mut self, what: &str, one: Duration, other: Duration, ratio: f64, limit: Limit) {
        let (limit, kept) = match limit {
            Limit::Most(most) => (format!("≤ {most:.1}x"), ratio <= most),
            Limit::Least(least) => (format!("≥ {least:.1}x"), ratio >= least),
            Limit::None => (String::new(), true),
        };
        let times = format!("{:.1} ms / {:.1} ms", millis(one), millis(other));
        self.line(what, times, format!("{ratio:.2}x"), limit, kept);
    }

    fn add_memory(&mut self, what: &str, mib: f64, most: f64) {
        self.line(what, String::new(), format!("{mib:.0} MiB"), format!("< {most:.0} MiB"), mib < most);
    }

    fn line(&mut self, what: &str, times: String, measured: String, limit: String, kept: bool) {
        self.missed += usize::from(!kept);
        let verdict = if kept { "kept" } else { "MISSED" };
        self.lines.push([what.to_owned(), times, measured, limit, verdict.to_owned()]);
    }

    fn print(&self) -> ExitCode {
        for [what, times, measured, limit, verdict] in &self.lines {
            println!("{what:<54} {times:>24} {measured:>9} {limit:>10}  {verdict}");
        }
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The embedded schema in MariaDB's words.
fn for_mariadb(schema: &str) -> String {
    let lines = schema.lines().filter(|line| !line.starts_with("PRAGMA") && !line.starts_with("--"));
    let key = ("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY");
    let lines: Vec<_> = lines.map(|line| line.replace(key.0, key.1).replace(" COLLATE NOCASE", "")).collect();
    lines.join("\n")
}
