//! The database of a seeding command, and the schema map that says what its tables hold.
//!
//! Invariant: the built-in map serves SQLite alone; a server's map is a file. A database that cannot be asked is
//! exit 69, a map that is none is 65, a SQLite file that is not ours is 3.

use crate::cli::args::DatabaseArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::cli::database::{Database, MAP, Named};
use crate::cli::files::read_operand;
use crate::db::{Connection, Engine, FileAccess, Limits, Source};
use crate::outcome::{DatabaseSection, Failure, FailureKind};
use crate::seed::embedded::{Ownership, ownership};
use crate::seed::map::Map;
use crate::seed::unopened;
use std::path::{Path, PathBuf};

/// No map is larger.
const LARGEST_MAP: usize = 1 << 20;

/// A schema map, and where it is from.
pub struct MapFile {
    /// The file's name, or `built-in`.
    pub name: String,
    pub text: String,
    pub map: Map,
}

/// The database that is meant; exit 69 where there is none.
pub fn named(context: &Context, args: &DatabaseArgs) -> Result<Box<Named>, Failure> {
    let none = |why: String| {
        Err(Failure::new(FailureKind::Unavailable, format!("no database to ask: {why}"))
            .with_hint("name one with --db; --db sqlite is motionctl's own, in a file"))
    };
    match context.database(args)? {
        Database::Named(named) => Ok(named),
        Database::None(why) => none(why),
        Database::Tree => none("--root without --db asks none".to_owned()),
    }
}

/// Opens it, with this access to a file.
pub fn open(context: &Context, named: Named, access: FileAccess) -> Result<Connection, Failure> {
    named.with_access(access).open(context, &Limits::work()).map_err(|error| unopened(&error))
}

/// What may be shown of a connection.
pub fn shown(connection: &Connection) -> DatabaseSection {
    section(connection.server())
}

/// Refuses a SQLite file that somebody else made, by exit 3; says whether the schema is there already.
pub fn own(connection: &mut Connection) -> Result<Ownership, Failure> {
    if connection.engine() != Engine::Sqlite {
        return Ok(Ownership::Ours);
    }
    match ownership(connection).map_err(|error| unopened(&error))? {
        Ownership::Foreign(why) => {
            let message = format!("{} was not made by motionctl: {why}", connection.server().host);
            Err(Failure::new(FailureKind::Refused, message)
                .with_hint("name another file; a new one is made by apply"))
        }
        known => Ok(known),
    }
}

/// Whether a source is a SQLite file, whose map is built in.
pub fn is_file(source: &Source) -> bool {
    matches!(source, Source::File { .. } | Source::Memory)
}

/// The SQLite file of a source that is one.
pub fn file_of(source: &Source) -> Option<&Path> {
    match source {
        Source::File { path, .. } => Some(path),
        Source::Memory | Source::Server { .. } => None,
    }
}

/// The map for a database of this kind: the one named by a flag; else the built-in one for SQLite; else the one of
/// the settings, or in its usual place.
pub fn map(context: &Context, args: &DatabaseArgs, is_sqlite: bool) -> Result<MapFile, Failure> {
    match (&args.map, is_sqlite) {
        (Some(path), _) => from_file(path, read_operand(path)),
        (None, true) => Ok(built_in()),
        (None, false) => match usual_place(context) {
            Some(path) => from_file(&path, read_operand(&path)),
            None => from_file(Path::new(MAP), context.root.read(MAP)),
        },
    }
}

/// The map that is compiled in.
pub fn built_in() -> MapFile {
    MapFile { name: "built-in".to_owned(), text: Map::built_in_text().to_owned(), map: Map::built_in() }
}

/// Where the settings of this server say that the map is.
fn usual_place(context: &Context) -> Option<PathBuf> {
    context.settings.map.clone().filter(|_| context.root.is_live())
}

fn from_file(path: &Path, read: std::io::Result<Vec<u8>>) -> Result<MapFile, Failure> {
    let name = path.display().to_string();
    let bytes = read.map_err(|error| {
        let failure =
            Failure::new(FailureKind::Unavailable, format!("reading the schema map {name}: {error}"));
        failure.with_hint("motionctl seed schema discover proposes one; --map names another file")
    })?;
    let invalid = |why: String| Failure::new(FailureKind::Invalid, format!("reading the schema map: {why}"));
    if bytes.len() > LARGEST_MAP {
        return Err(invalid(format!("{name} is larger than 1 MiB")));
    }
    let text = String::from_utf8(bytes).map_err(|error| invalid(format!("{name} is not UTF-8: {error}")))?;
    let map = Map::parse(&name, &text).map_err(|error| invalid(error.to_string()))?;
    Ok(MapFile { name, text, map })
}
