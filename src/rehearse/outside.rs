//! The outer side of a rehearsal: makes the private copy and hands in the order.
//!
//! Invariant: whatever happens inside, the copy is gone when this returns.

use super::protocol::{Keep, Order, Rehearsed};
use crate::apply::{SandboxChoice, states};
use crate::host::http::Credentials;
use crate::host::sandbox::{Capabilities, Launcher, Network, Refused, Shadow, StagedFile};
use crate::host::trust::{self, Executable};
use crate::host::{Root, STATE_FOLDER, machine};
use crate::inspect::{ClientChoice, Inspection, Place, Wanted, file_facts};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Level};
use crate::prepare::{Options, Prepared, record_paths};
use crate::values::Attributes;
use crate::verify::staged::{self, Changes};
use crate::{
    backup,
    facts::{ClientFacts, Scope},
};
use std::collections::BTreeSet;
use std::time::Duration;

/// A rehearsal that hangs is ended after this time.
const LIMIT: Duration = Duration::from_secs(300);

/// What a rehearsal is asked for besides the options of the change.
#[derive(Debug, Clone)]
pub struct RehearsalOptions {
    /// How long a reload may take.
    pub reload_timeout: Duration,
    /// Requests of the load, at least.
    pub load: u64,
    /// Whether logs and changed files are handed out.
    pub keep: Keep,
    /// The command line, redacted, for the journal inside.
    pub command: String,
}

/// Rehearses the change that was prepared.
///
/// # Errors
/// When there is no sandbox, or the rehearsal ended without a result.
pub fn rehearse(
    root: &Root,
    launcher: &Launcher,
    options: &Options,
    prepared: &Prepared,
    wanted: RehearsalOptions,
) -> Result<Rehearsed, Failure> {
    let facts = &prepared.inspection.facts;
    need_root()?;
    let planned = planned(root, prepared);
    let (mut spec, mut notes) = staged::set_up(root, facts, &planned);
    let order = order(&prepared.inspection, options, wanted, private(spec.capabilities))?;
    let payload = serde_json::to_value(order).map_err(|error| {
        Failure::new(FailureKind::Failed, format!("writing the rehearsal's order: {error}"))
    })?;
    spec.network = Network::Private;
    spec.deadline = LIMIT;
    spec.files.extend(throw_away_passwords(prepared));
    // The server's own journal and backups stay out of it.
    spec.shadows.extend([STATE_FOLDER, backup::STORE_FOLDER].map(Shadow::folder));
    // What local changes are told from is all that it needs of them.
    let base = record_paths(facts).base;
    if let (Ok(Some(found)), Ok(bytes)) = (file_facts(root, &base), root.read(&base)) {
        let Attributes { mode, uid, gid, .. } = found.attributes;
        spec.files.push(StagedFile { path: base.as_path().to_owned(), mode: mode.0, uid, gid, bytes });
    }
    if facts.host.scope == Scope::Live {
        spec.files.extend(staged::hosts_file(root, facts, &planned));
    }
    let called = launcher.call(&spec, &payload).map_err(|refused| refusal(&refused))?;
    let mut rehearsed: Rehearsed =
        called.answer().map_err(|lost| Failure::new(FailureKind::Failed, lost.to_string()))?;
    notes.extend(called.mode.notes);
    notes.append(&mut rehearsed.notes);
    notes.dedup();
    rehearsed.notes = notes;
    Ok(rehearsed)
}

/// A password that the probes know, in the place of those that guard the new client's route.
fn throw_away_passwords(prepared: &Prepared) -> Vec<StagedFile> {
    let Some(migration) = &prepared.migration else { return Vec::new() };
    let prefix = &prepared.inspection.facts.nginx.conf_prefix;
    let blocks = migration.effect.blocks.values();
    let asked = blocks.flat_map(|block| [&block.kept_out, &block.kept_out_today]).flatten();
    let files = asked.filter_map(|kept_out| kept_out.pass.as_ref()?.password_file.as_ref());
    let paths: BTreeSet<_> = files.map(|file| prefix.join(file)).collect();
    let staged = |path| StagedFile {
        path,
        mode: 0o644,
        uid: 0,
        gid: 0,
        bytes: Credentials::PASSWORD_FILE.as_bytes().to_vec(),
    };
    paths.into_iter().map(staged).collect()
}

/// The files as the change leaves them; where they cannot be made, the change fails inside and says why.
fn planned(root: &Root, prepared: &Prepared) -> Changes {
    let states = prepared.migration.as_ref().map(|migration| states(root, &migration.plan));
    states.and_then(Result::ok).and_then(|mut states| states.pop()).unwrap_or_default()
}

/// What the private NGINX may do: none of it where its test may not, because a tree runs code of its own.
fn private(tested: Capabilities) -> Capabilities {
    match tested {
        Capabilities::None => Capabilities::None,
        Capabilities::Test | Capabilities::Nginx => Capabilities::Nginx,
    }
}

/// What to do inside. The new client is where it was found outside; what stops
/// a change of the live server has been said there and does not stop the
/// rehearsal.
fn order(
    inspection: &Inspection,
    options: &Options,
    wanted: RehearsalOptions,
    capabilities: Capabilities,
) -> Result<Order, Failure> {
    let client = inspection.facts.motion.client.as_ref().ok_or_else(|| {
        Failure::new(FailureKind::Refused, "there is nothing to rehearse: the new client was not found")
    })?;
    let mut options = options.clone();
    options.inspect.rehearsed = Some(inspection.facts.motion.places.clone());
    options.inspect.client = match client {
        ClientFacts::Static(folder) => ClientChoice::Folder(folder.clone()),
        ClientFacts::Proxied(url) => ClientChoice::Upstream(url.clone()),
    };
    options.accept.insert(codes::CONFIG_RUNS_CODE);
    // Inside, no master runs that says where its files are.
    let nginx = &inspection.facts.nginx;
    let place = Place {
        main_file: nginx.main_file.clone(),
        prefix: nginx.prefix.clone(),
        arguments: nginx.arguments.clone(),
    };
    options.inspect.place = Wanted::Known(place.in_the_background());
    // What validates outside runs inside, also where PATH has another. The one of PATH is found there, and need
    // not be named: a wrapper starts a program of another name, which counts only where nothing was named.
    let program = inspection.programs.validating()?;
    let is_on_path = trust::find("nginx").program.as_ref() == Some(program);
    if !is_on_path && Executable::open(program.name()).is_ok_and(|there| there == *program) {
        options.inspect.nginx = Some(program.name().to_owned());
    }
    options.sandbox = SandboxChoice::Required;
    let RehearsalOptions { reload_timeout, load, keep, command } = wanted;
    Ok(Order { options, capabilities, reload_timeout, load, keep, command })
}

fn need_root() -> Result<(), Failure> {
    if machine::is_superuser() {
        return Ok(());
    }
    let finding = Finding::new(codes::HOST_NOT_ROOT, "a rehearsal needs root: it starts a private NGINX")
        .advice("run it with sudo; nothing outside the private copy is touched");
    Err(Failure::new(FailureKind::Unavailable, "a rehearsal needs root")
        .with_hint("run it with sudo")
        .with_findings(vec![finding]))
}

fn refusal(refused: &Refused) -> Failure {
    match refused {
        Refused::Unavailable(reason) => {
            let finding = Finding::graded(codes::HOST_NO_SANDBOX, Level::Stop, "this host allows no sandbox")
                .evidence(reason.clone())
                .advice("rehearse on a machine that allows namespaces, on a copy of this server's tree with --root");
            Failure::new(FailureKind::Refused, format!("this host allows no sandbox: {reason}"))
                .with_findings(vec![finding])
        }
        Refused::Failed(reason) => {
            Failure::new(FailureKind::Failed, format!("making the private copy: {reason}"))
        }
    }
}
