//! Asking the database beside a migration: who is logged in before it, and again at the moment of the change.
//!
//! Invariant: what is known at the moment of the change decides, not what was known when the plan was shown. Nothing
//! here changes anything.

use crate::cli::args::DatabaseArgs;
use crate::cli::context::Context;
use crate::cli::database::{Database, Named};
use crate::db::{DbError, Engine, Limits, Server};
use crate::facts::SessionFacts;
use crate::host::Root;
use crate::inspect::database::{
    Survey, not_asked, not_asked_below_root, survey, survey_sessions, unreachable,
};
use crate::inspect::sessions::SessionTables;
use crate::inspect::tell_of_database_host;
use crate::outcome::codes::{self, Code};
use crate::outcome::{DatabaseSection, Failure, Finding, Outcome};
use crate::prepare::idle::{self, Online, is_about_sessions, nobody_to_ask, who_is_there_now};
use std::collections::BTreeSet;
use std::time::Duration;

/// What the database said about this server.
#[derive(Default)]
pub struct Asked {
    /// What there is to say.
    pub findings: Vec<Finding>,
    sessions: Option<SessionFacts>,
    database: Option<DatabaseSection>,
    /// Whether it is on this machine and has Motion's tables.
    is_here: bool,
}

impl Asked {
    /// Says what it leaves in question of all that is not known.
    pub fn settle(&self, root: &Root, findings: &mut Vec<Finding>) {
        tell_of_database_host(root, findings, self.is_here);
    }

    /// Puts it into the answer; the findings are the caller's to place.
    pub fn show(&self, outcome: &mut Outcome) {
        outcome.database.clone_from(&self.database);
        if let Some(sessions) = &self.sessions
            && let Ok(sessions) = serde_json::to_value(sessions)
        {
            outcome.details.add("sessions", sessions);
        }
    }
}

/// The database beside a change, and the tables that tell who is logged in.
pub struct Watch {
    database: Database,
    tables: SessionTables,
}

impl Watch {
    /// What the flags, the environment and the settings say.
    pub fn new(context: &Context, args: &DatabaseArgs) -> Result<Self, Failure> {
        let database = context.database(args)?;
        Ok(Self { database, tables: context.session_tables(args)? })
    }

    /// Asks who is logged in, and whether the database is one of several.
    pub fn ask(&self, context: &Context) -> Asked {
        let named = match &self.database {
            Database::Named(named) => named,
            Database::None(why) => {
                return Asked { findings: not_asked(&context.root, why), ..Asked::default() };
            }
            Database::Tree => return Asked { findings: not_asked_below_root(), ..Asked::default() },
        };
        context.progress.stage("asking the database who is logged in");
        let remote = named.source().remote_host();
        match named.open(context, &Limits::inspection()) {
            Ok(mut conn) => {
                let Survey { findings, sessions } = survey(&context.root, &mut conn, &self.tables, remote);
                let is_here = remote.is_none() && sessions.is_some();
                Asked { findings, sessions, database: Some(section(conn.server())), is_here }
            }
            Err(error) => Asked { findings: unreachable(&context.root, &error, remote), ..Asked::default() },
        }
    }

    /// Asks once more who is logged in, just before the first effect, and waits for everybody to leave if that was
    /// asked for. New findings take the place of the old ones in the answer.
    ///
    /// # Errors
    /// When agents are at work now, or not everybody left in time.
    pub fn at_the_moment(
        &self,
        context: &Context,
        accepted: &BTreeSet<Code>,
        wait: Option<Duration>,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let named = match &self.database {
            Database::Named(named) => named,
            Database::None(why) => return nobody_to_ask(why, accepted, wait),
            Database::Tree => return Ok(()),
        };
        if let Some(limit) = wait.filter(|_| !accepted.contains(&codes::SESSIONS_ONLINE)) {
            self.wait_until_idle(context, named, accepted, limit)?;
        }
        let now = match self.now(context, named) {
            Ok(survey) => survey.findings,
            Err(error) => {
                unreachable(&context.root, &error, None).into_iter().filter(is_about_sessions).collect()
            }
        };
        who_is_there_now(now, accepted, &mut outcome.findings)
    }

    fn wait_until_idle(
        &self,
        context: &Context,
        named: &Named,
        accepted: &BTreeSet<Code>,
        limit: Duration,
    ) -> Result<(), Failure> {
        let look = || self.seen(context, named).worth_waiting(accepted);
        wait_until(context, limit, look).map_err(|failure| {
            failure.with_hint(
                "nothing was changed; `motionctl check` tells who is logged in, and who only seems to be",
            )
        })
    }

    fn seen(&self, context: &Context, named: &Named) -> Online {
        match self.now(context, named) {
            Ok(survey) => Online::of(survey),
            Err(error) => Online::Unknown(error.to_string()),
        }
    }

    fn now(&self, context: &Context, named: &Named) -> Result<Survey, DbError> {
        let mut conn = named.open(context, &Limits::inspection())?;
        survey_sessions(&mut conn, &self.tables)
    }
}

/// Waits as [`idle::wait_until`] does, on the screen.
///
/// # Errors
/// Refused when the time is over, cancelled when somebody asked to stop.
pub fn wait_until(
    context: &Context,
    limit: Duration,
    look: impl FnMut() -> Option<String>,
) -> Result<(), Failure> {
    let progress = &context.progress;
    idle::wait_until(&context.stop, limit, look, |line, left, is_new| progress.waits(line, left, is_new))
}

/// All that is ever shown of a connection.
pub fn section(server: &Server) -> DatabaseSection {
    DatabaseSection {
        server: match server.engine {
            Engine::MariaDb => "MariaDB",
            Engine::MySql => "MySQL",
            Engine::Sqlite => "SQLite",
        }
        .to_owned(),
        version: server.version.clone(),
        user: server.user.clone(),
        host: server.host.clone(),
        schema: server.schema.clone(),
        transport: server.transport.to_owned(),
    }
}
