//! Asking the database beside a migration: who is logged in before it, and again at the moment of the change.
//!
//! Invariant: what is known at the moment of the change decides, not what was known when the plan was shown. Nothing
//! here changes anything.

use crate::cli::args::DatabaseArgs;
use crate::cli::context::Context;
use crate::cli::database::{Database, Named};
use crate::db::{DbError, Engine, Limits, Server};
use crate::facts::SessionFacts;
use crate::host::{Root, clock};
use crate::inspect::database::{
    Survey, not_asked, not_asked_below_root, survey, survey_sessions, unreachable,
};
use crate::inspect::sessions::SessionTables;
use crate::inspect::tell_of_database_host;
use crate::outcome::codes::{self, Code};
use crate::outcome::{
    DatabaseSection, Failure, FailureKind, Finding, Level, Outcome, counted_as, duration_in_words,
    sort_findings,
};
use crate::prepare::accept;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two looks at who is logged in.
const PAUSE: Duration = Duration::from_secs(2);
/// Between two looks whether somebody asked to stop.
const TICK: Duration = Duration::from_millis(100);

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
            Database::None(why) => return unasked(why, accepted, wait),
            Database::Tree => return Ok(()),
        };
        if let Some(limit) = wait.filter(|_| !accepted.contains(&codes::SESSIONS_ONLINE)) {
            self.wait_until_idle(context, named, accepted, limit)?;
        }
        let mut now = match self.now(context, named) {
            Ok(survey) => survey.findings,
            Err(error) => {
                unreachable(&context.root, &error, None).into_iter().filter(is_about_sessions).collect()
            }
        };
        accept(&mut now, accepted);
        let stop = now.iter().find(|finding| finding.stops()).map(|finding| finding.title.clone());
        outcome.findings.retain(|finding| !is_about_sessions(finding));
        outcome.findings.extend(now);
        sort_findings(&mut outcome.findings);
        match stop {
            None => Ok(()),
            Some(title) => Err(Failure::new(
                FailureKind::Refused,
                format!("stopped by sessions.online: {title}"),
            )
            .with_hint(
                "nothing was changed; `motionctl apply --wait-idle 30m` waits until nobody is logged in",
            )),
        }
    }

    fn wait_until_idle(
        &self,
        context: &Context,
        named: &Named,
        accepted: &BTreeSet<Code>,
        limit: Duration,
    ) -> Result<(), Failure> {
        let look = || match self.seen(context, named) {
            Seen::Online(0) => None,
            Seen::Unknown(_) if accepted.contains(&codes::SESSIONS_UNKNOWN) => None,
            Seen::Online(count) => {
                Some(format!("{} still logged in", counted_as(count, "user is", "users are")))
            }
            Seen::Unknown(why) => Some(not_known(&why)),
        };
        wait_until(context, limit, look).map_err(|failure| {
            failure.with_hint(
                "nothing was changed; `motionctl check` tells who is logged in, and who only seems to be",
            )
        })
    }

    fn seen(&self, context: &Context, named: &Named) -> Seen {
        match self.now(context, named) {
            Ok(Survey { sessions: Some(facts), .. }) if facts.roles.is_empty() => {
                Seen::Unknown(facts.unknown.join("; "))
            }
            Ok(Survey { sessions: Some(facts), .. }) => Seen::Online(facts.online_count()),
            Ok(Survey { sessions: None, .. }) => Seen::Unknown("the database does not say".to_owned()),
            Err(error) => Seen::Unknown(error.to_string()),
        }
    }

    fn now(&self, context: &Context, named: &Named) -> Result<Survey, DbError> {
        let mut conn = named.open(context, &Limits::inspection())?;
        survey_sessions(&mut conn, &self.tables)
    }
}

enum Seen {
    Online(u64),
    Unknown(String),
}

/// Why is waited where nobody knows who is logged in.
pub fn not_known(why: &str) -> String {
    format!("who is logged in is not known: {why}")
}

/// Looks again and again until there is nobody to wait for; else `look` says who there is. No connection is held
/// between two looks.
///
/// # Errors
/// Refused when the time is over, cancelled when somebody asked to stop.
pub fn wait_until(
    context: &Context,
    limit: Duration,
    mut look: impl FnMut() -> Option<String>,
) -> Result<(), Failure> {
    let deadline = clock::monotonic() + limit;
    let mut shown = String::new();
    loop {
        let Some(line) = look() else { return Ok(()) };
        let left = deadline.saturating_duration_since(clock::monotonic());
        context.progress.waits(
            &format!("waiting: {line}"),
            &format!("gives up in {}", duration_in_words(left)),
            shown != line,
        );
        shown.clone_from(&line);
        let next = (clock::monotonic() + PAUSE).min(deadline);
        while clock::monotonic() < next {
            if context.stop.load(Ordering::SeqCst) {
                let failure =
                    Failure::new(FailureKind::Cancelled, "stopped while waiting; nothing was changed");
                return Err(failure);
            }
            clock::pause(TICK);
        }
        if clock::monotonic() >= deadline {
            let message = format!("gave up after {}: {line}", duration_in_words(limit));
            return Err(Failure::new(FailureKind::Refused, message));
        }
    }
}

/// Findings that a wait may make go away do not refuse before it.
pub fn leave_to_the_wait(findings: &mut [Finding], wait: Option<Duration>) {
    for finding in
        findings.iter_mut().filter(|finding| wait.is_some() && finding.code == codes::SESSIONS_ONLINE)
    {
        finding.regrade(Level::Warn);
        // What was asked for need not be advised.
        "nothing: the change waits until nobody is logged in".clone_into(&mut finding.advice);
    }
}

/// Whether a finding says who is logged in.
pub fn is_about_sessions(finding: &Finding) -> bool {
    [codes::SESSIONS_ONLINE, codes::SESSIONS_IDLE, codes::SESSIONS_UNKNOWN].contains(&finding.code)
}

/// Without a database nobody can be waited for.
fn unasked(why: &str, accepted: &BTreeSet<Code>, wait: Option<Duration>) -> Result<(), Failure> {
    if wait.is_none()
        || accepted.contains(&codes::SESSIONS_UNKNOWN)
        || accepted.contains(&codes::SESSIONS_ONLINE)
    {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, format!("--wait-idle cannot see who is logged in: {why}"))
        .with_hint("name the database with --db, or --accept sessions.unknown"))
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
