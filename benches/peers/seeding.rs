//! `seed apply` beside the database's own client, which is fed SQL that was written for the purpose.
//!
//! Invariant: whole processes, by turns, on one server with the usual durability; a server's CPU counts with its
//! client's, since a client can make its server work; what both leave behind is counted. The peer knows all ids
//! beforehand and looks at nothing: it is the least that a load can cost.

use crate::Bench;
use crate::measure::{Job, Run, by_turns, median_run};
use crate::seed_rows::{BATCH, HUGE, SMALL, Size, TINY, USUAL, for_mariadb};
use crate::support::database_server::{DatabaseServer, Schema};
use crate::table::{Row, Table, Target};
use std::fs;
use std::path::{Path, PathBuf};

/// In memory if there is room (`support::database_server::quick`), but asked to be durable.
const DURABLE: [&str; 4] = [
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=96M",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-flush-method=fsync",
];

/// The load of a large call centre.
pub fn usual(bench: &Bench, table: &mut Table) {
    let place = Place::start();
    let manifest = place.file("usual.yaml", &USUAL.manifest());
    let batches = place.file("batches.sql", &USUAL.sql(BATCH, "BEGIN;\n", "COMMIT;\n"));
    let mut again = Vec::new();
    let (apply, peer) = by_turns(
        bench.runs,
        || {
            let schema = place.schema();
            let run = place.apply(&schema, &manifest);
            USUAL.check(|question| schema.sql(question));
            again.push(place.apply(&schema, &manifest));
            run
        },
        || place.load(USUAL, &batches),
    );
    let again = median_run(again);
    let what = "seed apply, 2,000 agents, 20,000 memberships, beside mariadb < batches.sql";
    beside(table, what, &apply, &peer);
    let what = "seed apply again, nothing to do, beside the same load: wall s";
    table.add(Row::beside(what, again.wall, peer.wall, Target::RatioAtMost(1.0)));
    table.add(Row::limit("seed apply, 20,000 memberships: peak MiB", apply.peak, 64.0));
    let single = place.load(USUAL, &place.file("single.sql", &USUAL.sql(1, "", "")));
    let by_name = place.load(USUAL, &place.file("by-name.sql", &USUAL.sql_by_name()));
    let what = "seed apply, 20,000 memberships, beside row by row with find or create: wall s";
    table.add(Row::beside(what, apply.wall, by_name.wall, Target::TimesAtLeast(20.0)));
    let what = "seed apply, 20,000 memberships, beside row by row, ids known: wall s";
    table.add(Row::beside(what, apply.wall, single.wall, Target::None));
}

/// A million memberships.
pub fn huge(bench: &Bench, table: &mut Table) {
    let place = Place::start();
    let manifest = place.file("huge.yaml", &HUGE.manifest());
    let batches = place.file("batches.sql", &HUGE.sql(BATCH, "BEGIN;\n", "COMMIT;\n"));
    let (apply, peer) =
        by_turns(bench.runs.min(3), || place.seed(HUGE, &manifest), || place.load(HUGE, &batches));
    beside(table, "seed apply, 1,000,000 memberships, beside mariadb < batches.sql", &apply, &peer);
    table.add(Row::limit("seed apply, 1,000,000 memberships: peak MiB", apply.peak, 256.0));
}

/// A file of SQLite's, beside its own program.
pub fn sqlite(bench: &Bench, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("usual.yaml"), USUAL.manifest()).expect("writing");
    fs::write(at("schema.sql"), include_str!("../../templates/seed/schema.sql")).expect("writing");
    fs::write(at("batches.sql"), USUAL.sql(BATCH, "BEGIN;\n", "COMMIT;\n")).expect("writing");
    let checked = |file: &Path, job: Job| {
        let _absent = fs::remove_file(file);
        let run = job.run();
        let ask = |question: &str| {
            Job::new(["sqlite3", "-batch", "-separator", "\t"])
                .and(file)
                .and(question)
                .run()
                .said
                .trim()
                .to_owned()
        };
        USUAL.check(ask);
        run
    };
    let url = format!("sqlite:{}", at("ours.db").display());
    let ours = Job::ours(["seed", "apply", "--yes", "--json", "--db", &url]).and(at("usual.yaml"));
    let read = |name: &str| format!(".read {}", at(name).display());
    let peer =
        Job::new(["sqlite3", "-batch"]).and(at("peer.db")).and(read("schema.sql")).and(read("batches.sql"));
    let (apply, peer) = by_turns(
        bench.runs,
        || checked(&at("ours.db"), ours.clone()),
        || checked(&at("peer.db"), peer.clone()),
    );
    let what = "seed apply to SQLite, 20,000 memberships, beside sqlite3 .read";
    table.add(Row::beside(format!("{what}: wall s"), apply.wall, peer.wall, Target::None));
    table.add(Row::beside(format!("{what}: CPU s"), apply.cpu, peer.cpu, Target::None));
}

/// CPU seconds of applies of 200, 2,000 and 20,000 memberships.
pub fn growth(runs: usize) -> [f64; 3] {
    let place = Place::start();
    [TINY, SMALL, USUAL].map(|size| {
        let manifest = place.file(&format!("{}.yaml", size.memberships()), &size.manifest());
        median_run((0..runs).map(|_| place.seed(size, &manifest)).collect()).cpu
    })
}

fn beside(table: &mut Table, what: &str, apply: &Run, peer: &Run) {
    table.add(Row::beside(format!("{what}: wall s"), apply.wall, peer.wall, Target::RatioAtMost(1.2)));
    table.add(Row::beside(format!("{what}: CPU s of both ends"), apply.cpu, peer.cpu, Target::None));
}

/// A server, a folder for files, and a map that is signed.
pub struct Place {
    pub server: DatabaseServer,
    folder: tempfile::TempDir,
}

impl Place {
    pub fn start() -> Self {
        let server = DatabaseServer::start(&DURABLE);
        let folder = tempfile::tempdir().expect("a folder");
        let map = include_str!("../../templates/seed/schema-map.toml");
        let map = map.replace("reviewed_by = \"\"", "reviewed_by = \"bench\"");
        fs::write(folder.path().join("map.toml"), map).expect("writing");
        Self { server, folder }
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("writing");
        path
    }

    /// An empty schema.
    pub fn schema(&self) -> Schema<'_> {
        let schema = self.server.schema();
        schema.sql(&for_mariadb(include_str!("../../templates/seed/schema.sql")));
        schema
    }

    /// A command of `seed` on a schema.
    pub fn command(&self, words: &[&str], schema: &Schema<'_>) -> Job {
        self.asking(Job::ours(words), schema)
    }

    /// A command with where the database is and what its tables mean.
    pub fn asking(&self, job: Job, schema: &Schema<'_>) -> Job {
        job.and("--db").and(schema.url()).and("--map").and(self.folder.path().join("map.toml"))
    }

    pub fn apply(&self, schema: &Schema<'_>, manifest: &Path) -> Run {
        self.with_server(&self.command(&["seed", "apply", "--yes", "--json"], schema).and(manifest))
    }

    /// Applies it to an empty schema.
    fn seed(&self, size: Size, manifest: &Path) -> Run {
        let schema = self.schema();
        let run = self.apply(&schema, manifest);
        size.check(|question| schema.sql(question));
        run
    }

    /// The peer: SQL into an empty schema.
    fn load(&self, size: Size, sql: &Path) -> Run {
        let schema = self.schema();
        let socket = format!("--socket={}", self.server.file("socket").display());
        let client = ["mariadb", "--no-defaults", "--user=root", "--default-character-set=utf8mb4"];
        let run = self.with_server(&Job::new(client).and(socket).and(&schema.name).reading(sql));
        size.check(|question| schema.sql(question));
        run
    }

    /// A run, and what the server computed meanwhile.
    fn with_server(&self, job: &Job) -> Run {
        let before = self.server_cpu();
        let mut run = job.run();
        run.cpu += self.server_cpu() - before;
        run
    }

    /// Seconds of CPU that the server has used since it began.
    fn server_cpu(&self) -> f64 {
        let pid = fs::read_to_string(self.server.file("pid")).expect("its pid");
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).expect("it runs");
        // Behind the name, which may hold anything: field 3 is the first, user and system time are 14 and 15, in
        // hundredths of a second on every Linux that we know.
        let fields: Vec<f64> = stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .split(' ')
            .map(|field| field.parse().unwrap_or(0.0))
            .collect();
        (fields[11] + fields[12]) / 100.0
    }
}
