//! Databases with the embedded schema, on both engines, and manifests applied to them.
//!
//! Invariant: both engines run the same text, but for words that only one of them knows; what is compared names rows
//! and holds no ids or times.

use crate::schema_map::support::for_sqlite;
use crate::support::database_server::{DatabaseServer, Schema, quick, shared};
use motionctl::db::{Connection, FileAccess, Limits, Source, Tls};
use motionctl::outcome::{Failure, FailureKind, Finding};
use motionctl::seed::apply::{Advisory, Applied, NotApplied, SeedEvent, SeedRequest, Stopped};
use motionctl::seed::manifest::{Manifest, validate};
use motionctl::seed::map::Map;
use motionctl::seed::plan::lines;
use motionctl::seed::snapshot::Unnamed;
use motionctl::seed::undo::{Foreseen, Keep, KeptRun, Record, Store, UndoRequest, Undone};
use motionctl::seed::{Planned, Session};
use motionctl::values::{RootPath, RunId};
use std::path::PathBuf;
use tempfile::TempDir;

/// The document's example.
pub const EXAMPLE: &str = include_str!("../../../fixtures/manifests/good/example.yaml");
/// The embedded schema, in the words of SQLite.
const SCHEMA: &str = include_str!("../../../templates/seed/schema.sql");

/// The name of a database that is a file.
const FILE: &str = "motion.db";

/// A database that a test may change.
pub struct Db {
    pub schema: Option<Schema<'static>>,
    folder: TempDir,
    pub map: Map,
}

impl Db {
    /// One with the embedded schema on each engine.
    pub fn both() -> [Self; 2] {
        Self::both_with(str::to_owned, str::to_owned)
    }

    /// As [`Db::both`], with what this manifest says.
    pub fn staffed(text: &str) -> [Self; 2] {
        Self::both().map(|db| {
            db.apply(text);
            db
        })
    }

    /// One on each engine, with a schema and a map that differ from the embedded ones.
    pub fn both_with(schema: impl Fn(&str) -> String, map: impl Fn(&str) -> String) -> [Self; 2] {
        [Self::sqlite(&schema, &map), Self::mariadb(&schema, &map)]
    }

    /// One with the embedded schema in a file.
    pub fn in_file() -> Self {
        Self::sqlite(str::to_owned, str::to_owned)
    }

    /// One with the embedded schema on a server.
    pub fn on_server() -> Self {
        Self::mariadb(str::to_owned, str::to_owned)
    }

    /// A file.
    pub fn sqlite(schema: impl Fn(&str) -> String, map: impl Fn(&str) -> String) -> Self {
        let db = Self { schema: None, folder: folder(), map: reviewed(map) };
        let source = Source::File { path: db.file(), access: FileAccess::Create };
        let mut conn = Connection::open(&source, &Limits::work()).expect("a file");
        conn.script(&schema(SCHEMA)).expect("the schema");
        db
    }

    /// One on each engine, with a schema in the words of MariaDB and the map that is made of it.
    pub fn both_of(schema: &str, map: impl Fn(&mut Connection) -> Map) -> [Self; 2] {
        let folder_of_file = folder();
        let source = Source::File { path: folder_of_file.path().join(FILE), access: FileAccess::Create };
        let mut conn = Connection::open(&source, &Limits::work()).expect("a file");
        conn.script(&for_sqlite(schema)).expect("the schema");
        let file = Self { schema: None, folder: folder_of_file, map: map(&mut conn) };
        let database = shared().schema();
        database.sql(schema);
        let map = map(&mut database.connect());
        [file, Self { schema: Some(database), folder: folder(), map }]
    }

    /// A schema of a server whose settings are the test's own.
    pub fn on(server: &'static DatabaseServer) -> Self {
        let database = server.schema();
        database.sql(&for_mariadb(SCHEMA));
        Self { schema: Some(database), folder: folder(), map: reviewed(str::to_owned) }
    }

    /// A schema of the shared server.
    pub fn mariadb(schema: impl Fn(&str) -> String, map: impl Fn(&str) -> String) -> Self {
        let database = shared().schema();
        database.sql(&for_mariadb(&schema(SCHEMA)));
        Self { schema: Some(database), folder: folder(), map: reviewed(map) }
    }

    /// The file of a database that is one.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// A folder for what belongs to it.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn is_server(&self) -> bool {
        self.schema.is_some()
    }

    /// As `--db` has it.
    pub fn url(&self) -> String {
        match &self.schema {
            Some(schema) => schema.url(),
            None => format!("sqlite:{}", self.file().display()),
        }
    }

    /// A map for `--map`: the built-in one, signed.
    pub fn map_file(&self) -> PathBuf {
        let path = self.folder.path().join("map.toml");
        let signed = Map::built_in_text().replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
        std::fs::write(&path, signed).expect("writing");
        path
    }

    /// A user of the server with these privileges on the schema, and the file that holds the password.
    pub fn user(&self, privileges: &str) -> (String, PathBuf) {
        use std::os::unix::fs::PermissionsExt;
        let schema = self.schema.as_ref().expect("a server");
        let password = self.folder().join("password");
        std::fs::write(&password, "secret").expect("writing");
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        (schema.user("secret", privileges), password)
    }

    pub fn connect(&self) -> Connection {
        match &self.schema {
            Some(schema) => schema.connect(),
            None => {
                let source = Source::File { path: self.file(), access: FileAccess::Write };
                Connection::open(&source, &Limits::work()).expect("a file")
            }
        }
    }

    pub fn session(&self) -> Session {
        Session::of(self.connect(), self.map.clone()).expect("a session")
    }

    /// A session of a user of the server whose password is `secret`.
    pub fn session_of(&self, user: &str) -> Session {
        let schema = self.schema.as_ref().expect("a server");
        let source = schema.server.by_tcp(user, "secret", &schema.name, Tls::Off);
        let conn = Connection::open(&source, &Limits::work()).expect("a connection");
        Session::of(conn, self.map.clone()).expect("a session")
    }

    /// Runs statements of both engines.
    pub fn sql(&self, text: &str) {
        self.connect().script(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }

    /// Rows, their columns joined by bars.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let rows = self.connect().rows(sql, &[]).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let shown = |row: &motionctl::db::Row| {
            row.values().iter().map(motionctl::db::Value::display).collect::<Vec<_>>().join("|")
        };
        rows.iter().map(shown).collect()
    }

    pub fn plan(&self, text: &str) -> Result<Planned, Failure> {
        self.session().plan(&manifest(text), Unnamed::Stay)
    }

    pub fn plan_and_prune(&self, text: &str) -> Result<Planned, Failure> {
        self.session().plan(&manifest(text), Unnamed::Go)
    }

    /// Plans and applies, whatever the findings.
    pub fn apply(&self, text: &str) -> Applied {
        self.try_apply(text, Unnamed::Stay).unwrap_or_else(|failure| panic!("{failure}\n{text}"))
    }

    pub fn try_apply(&self, text: &str, unnamed: Unnamed) -> Result<Applied, Failure> {
        let manifest = manifest(text);
        let planned = self.session().plan(&manifest, unnamed)?;
        Ok(self.carry_out(&manifest, unnamed, &planned, Advisory::Taken, &mut |_| Ok(()))?)
    }

    /// Applies what was planned, and hears of its progress.
    pub fn carry_out(
        &self,
        manifest: &Manifest,
        unnamed: Unnamed,
        planned: &Planned,
        advisory: Advisory,
        watch: &mut dyn FnMut(SeedEvent<'_>) -> Result<(), Stopped>,
    ) -> Result<Applied, NotApplied> {
        let request = SeedRequest { manifest, unnamed, planned, advisory, keep: None };
        self.session().apply(&request, &mut || Ok(self.session()), watch)
    }

    /// Where runs of this database are kept.
    pub fn runs(&self) -> Store {
        Store::at(RootPath::new(self.folder().join("runs")).expect("an absolute path"))
    }

    /// Plans and applies, and keeps what an undo needs.
    pub fn apply_and_keep(&self, text: &str, unnamed: Unnamed) -> Result<RunId, Failure> {
        let manifest = manifest(text);
        let planned = self.session().plan(&manifest, unnamed)?;
        let keep = Keep::new(self.runs(), "uid 7".to_owned(), "m.yaml".to_owned())?;
        let (planned, keep) = (&planned, Some(&keep));
        let request = SeedRequest { manifest: &manifest, unnamed, planned, advisory: Advisory::Left, keep };
        self.session().apply(&request, &mut || Ok(self.session()), &mut |_| Ok(()))?;
        Ok(keep.expect("a place").id().clone())
    }

    /// What undoing a run would do.
    pub fn foresee(&self, run: &RunId) -> Result<Foreseen, Failure> {
        let (kept, record) = self.kept(run);
        self.session().foresee_undo(&kept, &record)
    }

    /// Undoes a run, whatever the findings but one.
    pub fn undo(&self, run: &RunId) -> Result<Applied, Failure> {
        let (kept, record) = self.kept(run);
        let foreseen = self.session().foresee_undo(&kept, &record)?;
        if let Some(moved) = foreseen.findings.iter().find(|finding| finding.code.name() == "seed.undo-moved")
        {
            return Err(Failure::new(FailureKind::Refused, moved.evidence.join("; ")));
        }
        let request = UndoRequest { kept: &kept, record: &record, foreseen: &foreseen };
        let undone = self.session().undo(&request, &mut || Ok(self.session()), &mut |_| Ok(()))?;
        let mark = Undone { at: jiff::Timestamp::now(), actor: "uid 7".to_owned() };
        self.runs().undone(run, &mark).expect("a mark");
        Ok(undone)
    }

    /// A run and its rows.
    pub fn kept(&self, run: &RunId) -> (KeptRun, Record) {
        let (runs, unread) = self.runs().list().expect("a list");
        assert!(unread.is_empty(), "{unread:?}");
        let kept = runs.into_iter().find(|kept| kept.head.id == *run).expect("the run");
        (kept, self.runs().record(run).expect("rows"))
    }

    /// Every row of every table with all its columns, ids and times.
    pub fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in self.tables() {
            let mut rows = self.rows(&format!("SELECT * FROM {table}"));
            rows.sort();
            all.extend(rows.into_iter().map(|row| format!("{table} {row}")));
        }
        all
    }

    fn tables(&self) -> Vec<String> {
        self.rows(if self.is_server() {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_name NOT IN ('writes', 'motionctl')"
        } else {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('writes', 'motionctl') \
             AND name NOT LIKE 'sqlite%'"
        })
    }

    /// Everything that is managed, by name.
    pub fn dump(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut add = |what: &str, sql: String| {
            all.extend(self.rows(&sql).into_iter().map(|row| format!("{what} {row}")));
        };
        let agents = "SELECT name, fullname, email, internal, role, online FROM users ORDER BY name";
        add("user", agents.to_owned());
        add("profile", "SELECT name, enabled, description FROM agent_profiles ORDER BY name".to_owned());
        let link = |table: &str, owner: [&str; 2], member: [&str; 2], more: &str| {
            format!(
                "SELECT o.name, m.name{more} FROM {table} l JOIN {} o ON o.id = l.{} JOIN {} m ON m.id = l.{} \
                 ORDER BY o.name, m.name",
                owner[0], owner[1], member[0], member[1]
            )
        };
        let (profile, user) = (["agent_profiles", "AgentProfileId"], ["users", "UserId"]);
        add("agents", link("agent_profile_has_users", profile, user, ""));
        for (channel, key) in [("voice", "Voice"), ("chat", "Chat"), ("mail", "Mail")] {
            let own = if channel == "voice" { "type" } else { "timeout" };
            let table = format!("{channel}_queues");
            add(channel, format!("SELECT name, strategy, {own}, description FROM {table} ORDER BY name"));
            let (column, penalty) =
                (format!("{key}QueueId"), if channel == "voice" { ", l.penalty" } else { "" });
            let queue = [table.as_str(), column.as_str()];
            let links = format!("agent_profile_has_{channel}_queues");
            add(&format!("{channel} of profile"), link(&links, profile, queue, penalty));
            let links = format!("user_has_{channel}_queues");
            add(&format!("personal {channel}"), link(&links, user, queue, ""));
        }
        all
    }

    /// From now on every write to the managed tables is recorded.
    pub fn record_writes(&self) {
        self.sql(
            "CREATE TABLE writes (id INTEGER PRIMARY KEY, what VARCHAR(64))"
                .replace(
                    "id INTEGER PRIMARY KEY",
                    if self.is_server() {
                        "id INTEGER PRIMARY KEY AUTO_INCREMENT"
                    } else {
                        "id INTEGER PRIMARY KEY"
                    },
                )
                .as_str(),
        );
        for table in self.tables() {
            for event in ["insert", "update", "delete"] {
                let insert = format!("INSERT INTO writes (what) VALUES ('{event} {table}')");
                let body = if self.is_server() { insert } else { format!("BEGIN {insert}; END") };
                self.sql(&format!(
                    "CREATE TRIGGER {table}_{event} AFTER {event} ON {table} FOR EACH ROW {body}"
                ));
            }
        }
    }

    /// What was written since, in order.
    pub fn writes(&self) -> Vec<String> {
        self.rows("SELECT what FROM writes ORDER BY id")
    }
}

/// A manifest that is right.
pub fn manifest(text: &str) -> Manifest {
    let text = if text.starts_with("version") || text.starts_with('#') {
        text.to_owned()
    } else {
        format!("version: 1\n{text}")
    };
    let validated = validate(text.as_bytes(), "m.yaml");
    validated.manifest.unwrap_or_else(|| panic!("{:?}\n{text}", validated.problems))
}

/// A plan's lines, words parted by one space.
pub fn shown(planned: &Planned) -> Vec<String> {
    lines(&planned.plan).iter().map(|line| line.join(" ")).collect()
}

/// The codes of findings, with their level.
pub fn codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{:?} {}", finding.level, finding.code).to_lowercase()).collect()
}

/// The one finding of a code.
pub fn finding<'a>(findings: &'a [Finding], code: &str) -> &'a Finding {
    let found: Vec<_> = findings.iter().filter(|finding| finding.code.name() == code).collect();
    assert_eq!(found.len(), 1, "{code} among {findings:#?}");
    found[0]
}

/// Problems as `line:column message`.
pub fn problems(failure: &Failure) -> Vec<String> {
    let shown = |problem: &motionctl::outcome::ProblemSection| {
        let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
        format!("{}:{} {}{hint}", problem.line, problem.column, problem.message)
    };
    failure.problems.iter().map(shown).collect()
}

/// The schema in MariaDB's words.
pub fn for_mariadb(schema: &str) -> String {
    let lines: Vec<String> = schema
        .lines()
        .filter(|line| !line.starts_with("PRAGMA") && !line.starts_with("--"))
        .map(|line| {
            line.replace(
                "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
                "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY",
            )
            .replace(" COLLATE NOCASE", "")
        })
        .collect();
    lines.join("\n")
}

fn folder() -> TempDir {
    quick::folder("motionctl-seed-")
}

fn reviewed(map: impl Fn(&str) -> String) -> Map {
    let text = Map::built_in_text().replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
    Map::parse("test", &map(&text)).expect("a map")
}
