//! Which database a command asks: flags, environment, settings, the local socket, in this order.
//!
//! Invariant: a password comes from a file or a terminal, never from arguments; a server that is missing is never
//! replaced by a file; below `--root` only a database that is named on the command line is asked.

use super::args::DatabaseArgs;
use super::context::Context;
use super::files::read_operand;
use super::{interrupt, manual};
use crate::db::{
    Connection, DbError, DbUrl, ErrorKind, FileAccess, Limits, OptionFile, OptionFileError, Secret, Source,
    SourceError, Wanted, local_sockets,
};
use crate::host::{machine, read_hidden};
use crate::inspect::sessions::{ProfileTable, SessionTable, SessionTables};
use crate::outcome::{Failure, FailureKind};
use crate::seed::map::{Ident, Map};
use console::Term;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Where the schema map lies below the root.
pub(super) const MAP: &str = "/etc/motionctl/schema-map.toml";

/// The database of a command.
pub enum Database {
    /// It can be asked.
    Named(Box<Named>),
    /// There is none to ask, and why.
    None(String),
    /// A tree below `--root`, for which none was named.
    Tree,
}

/// A database that can be asked.
pub struct Named {
    source: Source,
    origin: Origin,
    /// What a person typed when the server asked for a password.
    typed: RefCell<Option<Secret>>,
}

/// Whether somebody named the database, or it was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Named,
    Found,
}

impl Context {
    /// The database that is meant.
    ///
    /// # Errors
    /// When a flag, a variable or a setting is wrong, or a file with a password is open to others.
    pub fn database(&self, args: &DatabaseArgs) -> Result<Database, Failure> {
        let settings = &self.settings;
        let live = self.root.is_live();
        if args.no_db {
            return Ok(Database::None("--no-db".to_owned()));
        }
        if !live && args.db.is_none() {
            return Ok(Database::Tree);
        }
        let typed = args.db.as_deref().map(|text| url(text, "--db")).transpose()?;
        let variable = manual::DATABASE.text().filter(|_| live);
        let variable = variable.map(|text| url(&text, manual::DATABASE.name)).transpose()?;
        let set = settings.db.clone().filter(|_| live);
        if typed.is_none() && variable.is_none() && args.defaults_file.is_none() && settings.no_db {
            return Ok(Database::None("no_db in the settings".to_owned()));
        }
        // A copied tree's settings name files of another machine.
        let setting = |path: &Option<PathBuf>| path.clone().filter(|_| live);
        let options = args.defaults_file.clone().or_else(|| setting(&settings.defaults_file));
        let options =
            options.map(|path| OptionFile::read(&path)).transpose().map_err(|error| untrusted(&error))?;
        let password = manual::PASSWORD_FILE.value();
        let password = password.map(|path| Secret::read_file(Path::new(&path))).transpose();
        let wanted = Wanted {
            url: typed.or(variable).or(set),
            options,
            ca: args.db_ca.clone().or_else(|| setting(&settings.db_ca)),
            password: password.map_err(|error| no_password(&error))?,
        };
        meant(&wanted)
    }

    /// The tables that tell who is logged in: the schema map's, or those that are documented.
    ///
    /// # Errors
    /// When a map was named that cannot be read, or there is one that means nothing.
    pub fn session_tables(&self, args: &DatabaseArgs) -> Result<SessionTables, Failure> {
        let named = args.map.clone().or_else(|| self.settings.map.clone().filter(|_| self.root.is_live()));
        let place = named.clone().unwrap_or_else(|| PathBuf::from(MAP));
        let bytes = match &named {
            Some(path) => read_operand(path),
            None => self.root.read(MAP),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(SessionTables::default());
            }
            Err(error) => {
                let message = format!("reading the schema map {}: {error}", place.display());
                return Err(Failure::new(FailureKind::Unavailable, message));
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        let map = Map::parse(&place.display().to_string(), &text).map_err(|error| {
            Failure::new(FailureKind::Invalid, format!("reading the schema map: {error}"))
        })?;
        Ok(tables_of(&map))
    }
}

/// What a map says about sessions; what it does not say is as documented.
fn tables_of(map: &Map) -> SessionTables {
    let text = |name: &Ident| name.as_str().to_owned();
    let mut tables = SessionTables::default();
    let users = &map.users;
    tables.users.table = text(&users.table);
    tables.users.agent_role.clone_from(&users.agent_role);
    tables.users.name = text(&users.columns.name);
    tables.users.role = text(&users.columns.role);
    tables.users.online = text(&users.columns.online);
    if let Some(report) = &map.report_member {
        let columns = &report.columns;
        tables.sessions = SessionTable {
            table: text(&report.table),
            member: text(&columns.member),
            channel: columns.channel.as_ref().map(text),
            login: columns.kind.as_ref().map(text).zip(report.login.clone()),
            entered: text(&columns.entered),
            left: text(&columns.left),
            profile: columns.profile.iter().map(text).collect(),
        };
    }
    tables.profiles = map.profiles.as_ref().map(|profiles| ProfileTable {
        table: text(&profiles.table),
        id: text(&profiles.columns.id),
        name: text(&profiles.columns.name),
    });
    tables
}

impl Named {
    /// The same, with this access to a file; a server's privileges are the server's to know.
    #[must_use]
    pub fn with_access(self, access: FileAccess) -> Self {
        Self { source: self.source.with_access(access), ..self }
    }

    /// The source that is meant.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Opens a connection; asks for a password on a terminal where the server wants one and nobody gave it.
    ///
    /// # Errors
    /// When the database does not answer or refuses.
    pub fn open(&self, context: &Context, limits: &Limits) -> Result<Connection, DbError> {
        let typed = self.typed.borrow().clone();
        let has_password = typed.is_some() || self.source.has_password();
        let error = match Connection::open(&self.with(typed), limits) {
            Err(error) if error.kind() == ErrorKind::Credentials && !has_password => error,
            answer => return answer,
        };
        if self.origin == Origin::Found || !can_ask(context) {
            return Err(error);
        }
        context.progress.clear();
        let terminal = Term::stderr();
        let ask = || terminal.write_str(&format!("{error}\nPassword: "));
        let answer = interrupt::while_waiting(|| read_hidden(ask));
        // The line's end was not shown either; a terminal that has gone is noticed elsewhere.
        terminal.write_line("").ok();
        let Ok(password) = answer else { return Err(error) };
        let password = Secret::new(password);
        let conn = Connection::open(&self.with(Some(password.clone())), limits)?;
        self.typed.replace(Some(password));
        Ok(conn)
    }

    fn with(&self, password: Option<Secret>) -> Source {
        match password {
            Some(password) => self.source.clone().or_password(password),
            None => self.source.clone(),
        }
    }
}

fn can_ask(context: &Context) -> bool {
    !context.global.no_input
        && !context.global.json
        && console::user_attended_stderr()
        && console::user_attended()
}

fn url(text: &str, place: &str) -> Result<DbUrl, Failure> {
    // The text itself is not repeated: it may hold a password.
    text.parse().map_err(|error: crate::db::UrlError| {
        let failure = Failure::new(FailureKind::Usage, format!("{place}: {error}"));
        match error {
            crate::db::UrlError::Password => failure.with_hint(
                "every user of this machine can read arguments: put it into a file for --defaults-file, or name a file with MOTIONCTL_DB_PASSWORD_FILE",
            ),
            _ => failure.with_hint("mysql://USER@HOST:PORT/SCHEMA, mysql:///SCHEMA?socket=PATH, sqlite:FILE or sqlite"),
        }
    })
}

fn untrusted(error: &OptionFileError) -> Failure {
    match error {
        OptionFileError::Io { .. } => Failure::new(FailureKind::Unavailable, error.to_string()),
        OptionFileError::Open { path, .. } => Failure::new(FailureKind::Unavailable, error.to_string())
            .with_hint(format!("chmod 600 {}", path.display())),
        OptionFileError::Owner { .. } => {
            Failure::new(FailureKind::Unavailable, error.to_string()).with_hint("use a file of your own")
        }
        OptionFileError::Unfit { .. } | OptionFileError::NoGroup { .. } | OptionFileError::Line { .. } => {
            Failure::new(FailureKind::Invalid, error.to_string())
        }
    }
}

/// Somebody may have put the password itself where its file belongs: what cannot be read is never shown.
fn no_password(error: &OptionFileError) -> Failure {
    let message = match error {
        OptionFileError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound => {
            format!("the file that {} names does not exist", manual::PASSWORD_FILE.name)
        }
        OptionFileError::Io { cause, .. } => {
            format!("the file that {} names cannot be read: {cause}", manual::PASSWORD_FILE.name)
        }
        _ => return untrusted(error),
    };
    Failure::new(FailureKind::Unavailable, message).with_hint("it takes a path, not the password")
}

fn meant(wanted: &Wanted) -> Result<Database, Failure> {
    // Only root is let in without a password, and a failed login is a line in somebody's log.
    let found = machine::is_superuser().then(local_sockets).and_then(|sockets| sockets.into_iter().next());
    let origin = if wanted.url.is_some() || wanted.options.is_some() { Origin::Named } else { Origin::Found };
    let hint = "--db-ca FILE names the authority of an encrypted connection; ?tls=on trusts the public ones, ?tls=off does without";
    match wanted.source(found.as_deref()) {
        Ok(source) => Ok(Database::Named(Box::new(Named { source, origin, typed: RefCell::new(None) }))),
        Err(SourceError::None) if origin == Origin::Found => {
            Ok(Database::None(match machine::is_superuser() {
                true => "no --db, and no local database server was found".to_owned(),
                false => "no --db, and only root is let in by the local socket".to_owned(),
            }))
        }
        Err(error) => Err(Failure::new(FailureKind::Usage, error.to_string()).with_hint(hint)),
    }
}
