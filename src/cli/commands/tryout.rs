//! `try`: somebody else's script in a private copy of this server.

mod conclude;

use self::conclude::{Made, conclude};
use super::plan::{judge, save};
use super::sessions::Watch;
use crate::cli::args::{DatabaseArgs, TryArgs};
use crate::cli::context::Context;
use crate::cli::files::{IfExists, read_script, write_out};
use crate::host::contain::{Change, Kind, Limits, Seen};
use crate::host::{WriteLock, machine};
use crate::inspect::{Inspection, inspect};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Outcome, OutcomeKind, TriedCandidate, TrySection};
use crate::plan::Input;
use crate::tryout::{self, Edition, Fingerprint, Script, TrialOptions, Tried};
use crate::values::{Hash, escape, unescape};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the copy has nothing of this machine.
const NOT_INSIDE: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// Tries the script, and says what it would do.
pub fn try_script(context: &Context, args: &TryArgs) -> Result<Outcome, Failure> {
    need_root()?;
    let script = script(&args.script)?;
    let files = args.files.as_deref().map(folder).transpose()?;
    let options = context.change_options(&args.change)?;
    if args.plan && options.candidate.is_some() {
        return Err(Failure::new(
            FailureKind::Usage,
            "--plan takes what the script makes: leave --candidate out",
        ));
    }
    context.progress.stage("looking at the server");
    // A script can be tried where nothing of Motion's is found; only a plan needs it.
    let inspection = match inspect(&context.root, &options.inspect) {
        Ok(inspection) => Some(inspection),
        Err(failure) if args.plan => return Err(failure),
        Err(_) => None,
    };
    let TryArgs { timeout: time, processes, memory, disk, .. } = *args;
    let limits = Limits { time, processes, memory, disk, grouped: false };
    let facts = inspection.as_ref().map(|inspection| &inspection.facts);
    let wanted = TrialOptions { script: &script, arguments: &args.arguments, files, limits, facts };
    context.progress.stage("running the script in a private copy");
    let tried = tryout::run(&context.root, &context.launcher, &wanted)?;
    let mut section = tryout::section(&script, &tried);
    let notes = compare(context, &script, &mut section);
    let made = candidate(args, inspection.as_ref(), &tried);
    let unusable = made.as_ref().ok().and_then(unusable);
    let mut saved = None;
    // A file that nobody could use does not take the place of a good one.
    if let (Ok(input), Some(out), None) = (&made, &args.candidate_out, &unusable) {
        write_out(out, &input.bytes, IfExists::Replace, &[&args.script])?;
        saved = Some(out.display().to_string());
    }
    if let Ok(input) = &made {
        let sha256 = Hash::of(&input.bytes).to_string();
        section.candidate = Some(TriedCandidate { path: input.name.clone(), sha256, saved });
    }
    // What a script left half done is no candidate.
    let is_planned = args.plan && section.is_whole() && unusable.is_none();
    let mut outcome = match (&made, is_planned) {
        (Ok(input), true) => planned(context, args, &options, &script, input, &tried)?,
        _ => Outcome::new("try", OutcomeKind::Ok),
    };
    outcome.command = "try";
    outcome.host = outcome.host.or_else(|| Some(context.host()));
    outcome.comparisons = tryout::comparisons(&tried);
    conclude(context, args, &mut outcome, &section, Made { missing: made.err(), unusable });
    outcome.details.set_notes(notes);
    outcome.details.tried = Some(section);
    Ok(outcome)
}

/// The walls are root's to build.
fn need_root() -> Result<(), Failure> {
    if machine::is_superuser() {
        return Ok(());
    }
    let finding = Finding::new(
        codes::HOST_NOT_ROOT,
        "trying a script needs root: it makes a private copy of the server",
    )
    .advice("run it with sudo; nothing outside the private copy is touched");
    Err(Failure::new(FailureKind::Unavailable, "trying a script needs root")
        .with_hint("run it with sudo")
        .with_findings(vec![finding]))
}

fn script(path: &Path) -> Result<Script, Failure> {
    let bytes = read_script(path)?;
    let (name, folder) = if path == Path::new("-") {
        ("stdin".to_owned(), None)
    } else {
        let whole = std::fs::canonicalize(path).map_err(|error| {
            Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display()))
        })?;
        let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        (name, whole.parent().map(Path::to_owned))
    };
    Script::new(name, folder, bytes)
        .map_err(|why| Failure::new(FailureKind::Invalid, format!("{} is not run: {why}", path.display())))
}

/// A folder that can be seen in the copy as well.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let usage = |why: &str| Failure::new(FailureKind::Usage, format!("--files {}: {why}", path.display()));
    let whole = std::fs::canonicalize(path).map_err(|error| usage(&error.to_string()))?;
    if !whole.is_dir() {
        return Err(usage("it is no folder"));
    }
    if NOT_INSIDE.iter().any(|not| whole.starts_with(not)) {
        return Err(usage(
            "a private copy has nothing of /dev, /proc, /run and /sys: put the files somewhere else",
        ));
    }
    Ok(whole)
}

/// Compares with the edition before, and remembers this one; one that ended early did not do all that it does.
/// Returns why it could not, for people.
fn compare(context: &Context, script: &Script, section: &mut TrySection) -> Vec<String> {
    let record = Fingerprint::of(section, script.hash());
    let earlier =
        Edition::earlier(&context.root, &script.name, script.hash()).map_err(|error| error.to_string());
    let earlier = earlier.and_then(|earlier| {
        if section.is_whole() {
            remember(context, script, &record)?;
        }
        Ok(earlier)
    });
    match earlier {
        Ok(earlier) => section.edition = earlier.map(|earlier| record.since(&earlier)),
        Err(why) => return vec![format!("editions of this script are not compared: {why}")],
    }
    Vec::new()
}

fn remember(context: &Context, script: &Script, record: &Fingerprint) -> Result<(), String> {
    let lock = WriteLock::take(&context.root).map_err(|error| error.to_string())?;
    Edition::remember(&lock, &context.root, &script.name, record).map_err(|error| error.to_string())
}

/// The file that the script makes for Motion's site.
fn candidate(args: &TryArgs, inspection: Option<&Inspection>, tried: &Tried) -> Result<Input, Failure> {
    let changes = &tried.observed.changes;
    let named = |path: &Path| escape(path.as_os_str().as_bytes());
    let wanted: Vec<String> = match (&args.candidate_from, inspection) {
        (Some(path), _) => vec![named(path)],
        (None, Some(inspection)) => {
            let mut files = inspection.config.files().map(|(_, file)| file);
            let site = files.find(|file| file.path == inspection.facts.site.file);
            site.into_iter().flat_map(|site| site.paths().map(named).chain([named(&site.identity)])).collect()
        }
        (None, None) => Vec::new(),
    };
    let found = changes.iter().find(|change| wanted.contains(&change.path)).and_then(|change| {
        let bytes = change.after.as_ref()?.kind.contents()?;
        Some(Input { name: change.path.clone(), bytes })
    });
    found.ok_or_else(|| {
        let is_file = |seen: &Seen| matches!(seen.kind, Kind::File { .. });
        let nginx = changes
            .iter()
            .filter(|change| change.path.contains("nginx") && change.after.as_ref().is_some_and(is_file));
        let others: Vec<_> = nginx.map(|change| change.path.clone()).take(8).collect();
        let failure = Failure::new(
            FailureKind::Refused,
            match wanted.first() {
                Some(path) => format!("there is nothing to plan: the script does not write {path}"),
                None => "there is nothing to plan: Motion's file was not found".to_owned(),
            },
        );
        match others.as_slice() {
            [] => failure,
            others => failure.with_hint(format!(
                "--candidate-from names another file that it writes: {}",
                others.join(", ")
            )),
        }
    })
}

/// Why what the script made of Motion's file is no candidate: a download that failed leaves nothing, or a page.
fn unusable(made: &Input) -> Option<String> {
    if made.bytes.trim_ascii().is_empty() {
        return Some(format!("it leaves {} empty", made.name));
    }
    let error = nginx_config::Tree::parse(&made.bytes[..]).err()?;
    let why = nginx_config::redact_text(&error.to_string());
    Some(format!("what it leaves in {} is no NGINX configuration: {why}", made.name))
}

/// The plan with the script's file as its candidate.
fn planned(
    context: &Context,
    args: &TryArgs,
    options: &crate::prepare::Options,
    script: &Script,
    made: &Input,
    tried: &Tried,
) -> Result<Outcome, Failure> {
    let mut options = options.clone();
    options.beside = new_files(tried);
    let name = format!("{} of {}", made.name, script.name);
    options.candidate = Some(Input { name, bytes: made.bytes.clone() });
    let database = DatabaseArgs { no_db: true, ..DatabaseArgs::default() };
    let watch = Watch::new(context, &database)?;
    match super::change::watched(context, "try", &options, &watch) {
        Ok((prepared, mut outcome)) => {
            if let (Some(migration), Some(out)) = (&prepared.migration, &args.out) {
                let saved = save(context, migration, out, &args.change, &mut outcome);
                judge(&prepared, &mut outcome);
                // The try and the plan are shown all the same.
                if let Err(failure) = saved {
                    outcome.fail(not_saved(context, args, failure));
                }
                return Ok(outcome);
            }
            judge(&prepared, &mut outcome);
            Ok(outcome)
        }
        Err(outcome) => Ok(*outcome),
    }
}

/// Saving a plan was refused: its candidate is the other way.
fn not_saved(context: &Context, args: &TryArgs, failure: Failure) -> Failure {
    if failure.kind != FailureKind::Refused {
        return failure;
    }
    let message = format!("saving the plan was refused: {}", failure.message);
    let hint = match &args.candidate_out {
        Some(file) => {
            let root = context.root_argument();
            format!("motionctl{root} apply --candidate {} does the same without a saved plan", file.display())
        }
        None => "--candidate-out FILE saves the script's file, for apply --candidate FILE".to_owned(),
    };
    Failure::new(FailureKind::Refused, message).with_hint(hint)
}

/// Files that the script adds, and that a new file for Motion's site may include.
fn new_files(tried: &Tried) -> Vec<Input> {
    let added = tried.observed.changes.iter().filter(|change| change.before.is_none());
    let input = |change: &Change| {
        let path = unescape(&change.path).and_then(|bytes| String::from_utf8(bytes).ok())?;
        Some(Input { name: path, bytes: change.after.as_ref()?.kind.contents()? })
    };
    added.filter_map(input).collect()
}
