//! Databases of the shapes in `fixtures/database/shapes`, on both engines.
//!
//! Invariant: both engines run the same text, but for words that only one of them knows.

use crate::support::database_server::{Schema, option_file, shared};
use motionctl::db::{Catalog, Connection, Engine, Limits, Source};
use motionctl::seed::discover::{Proposal, Samples, discover, wanted_samples};
use motionctl::seed::map::{Ident, Map};
use motionctl::seed::verify::{Verification, verify};
use regex::Regex;
use std::fs;
use std::path::Path;

/// The shapes.
pub const SHAPES: [&str; 9] = [
    "channel-tables", "competing", "discriminator", "lower-case", "one-table", "prefixed", "queue-columns",
    "several-values", "without-keys",
];

/// A database that a test may change.
pub struct Database {
    pub connection: Connection,
    schema: Option<Schema<'static>>,
}

impl Database {
    /// An empty one on each engine.
    pub fn both() -> [Self; 2] {
        let memory = Connection::open(&Source::Memory, &Limits::work()).expect("memory");
        let schema = shared().schema();
        let connection = schema.connect();
        [Self { connection: memory, schema: None }, Self { connection, schema: Some(schema) }]
    }

    /// One of a shape on each engine.
    pub fn shaped(shape: &str) -> [Self; 2] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/database/shapes");
        let sql = fs::read_to_string(path.join(format!("{shape}.sql"))).expect("a fixture");
        let mut both = Self::both();
        for database in &mut both {
            database.sql(&sql);
        }
        both
    }

    /// Runs a script written for MariaDB.
    pub fn sql(&mut self, text: &str) {
        match &self.schema {
            Some(schema) => {
                schema.sql(text);
            }
            None => self.connection.script(&for_sqlite(text)).expect("SQLite takes it"),
        }
    }

    /// Whether it is MariaDB.
    pub fn is_server(&self) -> bool {
        self.schema.is_some()
    }

    /// Its URL, of a server.
    pub fn url(&self) -> String {
        self.schema.as_ref().expect("a server").url()
    }

    /// The flags of a user who may only read.
    pub fn reader(&self, folder: &Path) -> [String; 4] {
        let schema = self.schema.as_ref().expect("a server");
        let user = schema.user("pw", "SELECT");
        let socket = schema.server.file("socket");
        let url = format!("mysql://{user}@localhost/{}?socket={}", schema.name, socket.display());
        let file = option_file(folder, "[client]\npassword=pw\n");
        ["--db".to_owned(), url, "--defaults-file".to_owned(), file.display().to_string()]
    }

    pub fn engine(&self) -> Engine {
        self.connection.engine()
    }

    pub fn catalog(&mut self) -> Catalog {
        Catalog::read(&mut self.connection).expect("a catalog")
    }

    /// What discovery proposes.
    pub fn discover(&mut self) -> Proposal {
        proposed(&mut self.connection)
    }

    /// The map that discovery proposes, signed.
    pub fn map(&mut self) -> Map {
        let text = self.discover().to_toml("a test").replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
        Map::parse("proposal", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The map held against the database as it is now, in all its parts.
    pub fn verify(&mut self, map: &Map) -> Verification {
        let needs = motionctl::seed::map::Needs::all(map);
        verify(map, &self.catalog(), self.engine(), &needs)
    }
}

/// What discovery proposes, with the values that it asks for.
pub fn proposed(connection: &mut Connection) -> Proposal {
    let samples = sampled(connection, None);
    let catalog = Catalog::read(connection).expect("a catalog");
    discover(&catalog, connection.engine(), &samples)
}

/// The values that discovery asks for, where the table of profiles may be known.
pub fn sampled(connection: &mut Connection, profiles: Option<&str>) -> Samples {
    let engine = connection.engine();
    let catalog = Catalog::read(connection).expect("a catalog");
    let mut samples = Samples::new();
    for (table, column) in wanted_samples(&catalog, engine, profiles) {
        let quoted = |name: &str| name.parse::<Ident>().expect("a name").quoted();
        let (column_name, table_name) = (quoted(&column), quoted(&table));
        let sql = format!(
            "SELECT {column_name} FROM {table_name} GROUP BY {column_name} ORDER BY COUNT(*) DESC, {column_name}"
        );
        let rows = connection.rows(&sql, &[]).expect("rows");
        let values = rows.iter().map(|row| row.text(0).expect("text").to_owned()).collect();
        samples.insert((table, column), values);
    }
    samples
}

/// The same statements in the words of SQLite.
pub fn for_sqlite(text: &str) -> String {
    let replacements = [
        ("AUTO_INCREMENT", "AUTOINCREMENT"),
        (r"ENUM\([^)]*\)", "VARCHAR(32)"),
        (r" CHARACTER SET \w+", ""),
        (r" COLLATE \w+", ""),
        (r" INVISIBLE", ""),
        (r"\) ENGINE=[^;]*;", ");"),
    ];
    replacements.iter().fold(text.to_owned(), |text, (from, to)| {
        Regex::new(from).expect("a pattern").replace_all(&text, *to).into_owned()
    })
}

/// Lines for comparison.
pub fn lines(found: &[motionctl::seed::verify::Difference]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}
