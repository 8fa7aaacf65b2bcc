//! `local`: the record of local changes, listed, shown and edited.
//!
//! Invariant: the site's file is only read. The record is written whole, under
//! the lock, and only when a person agreed.

mod begin;

use super::apply::lock_alone;
use crate::cli::args::LocalCommand;
use crate::cli::context::Context;
use crate::cli::files::read_input;
use crate::cli::prompt;
use crate::host::WriteLock;
use crate::host::files::{Expect, discard, replace};
use crate::inspect::{Inspection, inspect};
use crate::outcome::{Comparison, Failure, FailureKind, Outcome, OutcomeKind, counted, row};
use crate::plan::{
    BaseKind, Keeping, Kept, KeptChange, KeptError, LocalPatch, Memory, Origin, SiteState, Taken,
    add_changes, chosen_changes, drop_changes, is_there, local_changes, not_kept, stand,
};
use crate::prepare::{damaged, is_trusted, kept, records_left_behind};
use crate::values::Hash;
use nginx_config::{Tree, redact_source};
use serde_json::{Value, json};

/// Runs one of the subcommands.
pub fn local(context: &Context, command: &LocalCommand) -> Result<Outcome, Failure> {
    let mut outcome =
        Outcome::new(super::name::name(&crate::cli::args::Command::Local(command.clone())), OutcomeKind::Ok);
    outcome.host = Some(context.host());
    if let LocalCommand::Add { paths, from: None, yes } = command
        && paths.is_empty()
        && begin::begin(context, *yes, &mut outcome)?
    {
        return Ok(outcome);
    }
    match command {
        LocalCommand::List => list(&Record::read(context)?, &mut outcome)?,
        LocalCommand::Show { what } => show(&Record::read(context)?, what.as_deref(), &mut outcome)?,
        LocalCommand::Drop { what, yes } => {
            let lock = lock_alone(context)?;
            let record = Record::read(context)?;
            let (patch, unknown) =
                drop_changes(record.kept(), what).map_err(|error| record.unusable(&error))?;
            known(&unknown)?;
            let verdict = format!("forgotten; {} is not touched", record.file);
            record.write(context, &lock, &patch, *yes, verdict, &mut outcome)?;
        }
        LocalCommand::Add { paths, from, yes } => {
            let lock = lock_alone(context)?;
            let record = Record::read(context)?;
            let other = from.as_deref().map(read_input).transpose()?;
            let other = other.map(|input| {
                let tree = Tree::parse(input.bytes).map_err(|error| {
                    Failure::new(FailureKind::Invalid, format!("{}: {error}", input.name))
                })?;
                Ok::<_, Failure>((input.name, tree))
            });
            let other = other.transpose()?;
            if other.is_none() {
                record.is_the_customers()?;
            }
            let taken = match &other {
                Some((name, tree)) => Taken::File(name, tree),
                None => Taken::Live(&record.live),
            };
            let (patch, added, unknown) =
                add_changes(record.kept(), taken, paths).map_err(|error| record.unusable(&error))?;
            known(&unknown)?;
            let verdict = match added {
                0 => "nothing new to keep".to_owned(),
                1 => "1 change is kept".to_owned(),
                count => format!("{count} changes are kept"),
            };
            record.write(context, &lock, &patch, *yes, verdict, &mut outcome)?;
        }
    }
    Ok(outcome)
}

fn known(unknown: &[String]) -> Result<(), Failure> {
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!("no local change is named by: {}", unknown.join(", "));
    Err(Failure::new(FailureKind::Usage, message).with_hint("`motionctl local list` shows numbers and paths"))
}

/// What the last change kept, and the file that it is of.
struct Record {
    memory: Memory,
    keeping: Keeping,
    patch: LocalPatch,
    live: Tree,
    file: String,
}

impl Record {
    fn read(context: &Context) -> Result<Self, Failure> {
        let inspection = inspect(&context.root, &context.bare_options(Vec::new()))?;
        let Inspection { facts, config, .. } = &inspection;
        let (memory, keeping) = kept(&context.root, facts).map_err(|unreadable| unreadable.failure())?;
        if keeping.patch.is_none() {
            // Whether one was ever left is told from the journal.
            is_trusted(&context.root)?;
        }
        if keeping.is_gone {
            let message = format!(
                "{} is not there any more: which changes are local is not known",
                keeping.path.as_str()
            );
            return Err(Failure::new(FailureKind::Refused, message).with_hint(
                "put it back, or begin a new record with `motionctl local add`: then all that stands in the file counts as local",
            ));
        }
        let Some(patch) = keeping.patch.clone() else {
            let left = records_left_behind(&context.root, &inspection);
            if !left.is_empty() {
                let message = format!(
                    "{} has no record of local changes; kept of files that are Motion's no more: {}",
                    inspection.facts.site.file.display(),
                    left.join(", ")
                );
                return Err(Failure::new(FailureKind::Refused, message).with_hint(
                    "`motionctl plan --carry OLD` shows what a copy of the old file brings back",
                ));
            }
            let message = "no change has left a record of local changes here";
            return Err(Failure::new(FailureKind::Refused, message)
                .with_hint("`motionctl apply` makes one with the next change"));
        };
        let site = config.files().find(|(_, file)| file.path == facts.site.file);
        let (_, site) =
            site.ok_or_else(|| Failure::new(FailureKind::Unavailable, "Motion's file was not read"))?;
        let file = facts.site.file.display().to_string();
        Ok(Self { memory, keeping, patch, live: site.tree.clone(), file })
    }

    fn kept(&self) -> Kept<'_> {
        let base = self.memory.standing.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        Kept { patch: &self.patch, base }
    }

    /// Refuses to take an update's text for edits by hand.
    fn is_the_customers(&self) -> Result<(), Failure> {
        let found =
            stand(self.kept(), &self.live, self.file.clone(), &[]).map_err(|error| self.unusable(&error))?;
        match found.standing.state {
            SiteState::Overwritten | SiteState::VendorOnRequest => {
                let message = format!("{} holds the vendor's text: what differs is not local", self.file);
                Err(Failure::new(FailureKind::Refused, message)
                    .with_hint("run `motionctl apply` first: it brings the local changes back"))
            }
            SiteState::NoRecord
            | SiteState::AsLeft
            | SiteState::Edited
            | SiteState::Moved
            | SiteState::Unreadable
            | SiteState::RecordGone => Ok(()),
        }
    }

    fn unusable(&self, error: &KeptError) -> Failure {
        damaged(self.keeping.path.as_str(), &error.to_string())
    }

    /// Writes another record in the place of this one, once a person agreed.
    fn write(
        &self,
        context: &Context,
        lock: &WriteLock,
        patch: &LocalPatch,
        yes: bool,
        verdict: String,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let bytes = patch.to_bytes();
        let Some((facts, old)) = self.keeping.existing.as_ref().filter(|(_, old)| *old != bytes) else {
            outcome.outcome = OutcomeKind::UpToDate;
            return Ok(());
        };
        let path = &self.keeping.path;
        let text = |bytes: &[u8]| String::from_utf8_lossy(&redact_source(bytes)).into_owned();
        outcome.comparisons = vec![Comparison::of_file(path.as_path(), text(old), text(&bytes))];
        let (added, removed) = outcome.comparisons[0].counts();
        let counts =
            format!("1 record of motionctl's own: {} added, {removed} removed", counted(added, "line"));
        outcome.summarise([counts, "no file of NGINX's changes".to_owned()]);
        if !yes {
            prompt::confirm(context, outcome)?;
        }
        let expect = Expect::File(Hash::of(old));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(FailureKind::Failed, format!("writing {}: {error}", path.as_str()))
        };
        let kept = replace(lock, &context.root, path, &expect, &bytes, &facts.attributes.for_new_bytes())
            .map_err(|error| failed(&error))?;
        discard(lock, &context.root, &kept).map_err(|error| failed(&error))?;
        outcome.outcome = OutcomeKind::Applied;
        outcome.set_verdict(verdict);
        Ok(())
    }
}

fn list(record: &Record, outcome: &mut Outcome) -> Result<(), Failure> {
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for (number, kept) in local_changes(&record.patch) {
        let there =
            is_there(record.kept(), &kept.change, &record.live).map_err(|error| record.unusable(&error))?;
        let stands = if there { "in the file" } else { "not in the file" };
        let from = String::from(kept.from.clone());
        let kind = kept.change.kind.name();
        let line = if kept.change.line > 0 { format!(" line {}", kept.change.line) } else { String::new() };
        rows.push(row(&[&number, &format!("{} ({kind}, {from}{line}; {stands})", kept.change.path())]));
        changes.push(json!({
            "number": number,
            "kind": kind,
            "block": kept.change.block,
            "directive": kept.change.directive,
            "path": kept.change.path(),
            "from": from,
            "line": kept.change.line,
            "in_file": there,
        }));
    }
    let verdict = match changes.len() {
        1 => format!("1 local change of {}", record.file),
        count => format!("{count} local changes of {}", record.file),
    };
    let mut notes = Vec::new();
    if record.patch.base == BaseKind::AsFound {
        notes.push("the vendor's text is not known: all that stood in the file before the first change counts as local, beside these".to_owned());
    }
    let new = not_kept(record.kept(), &record.live).map_err(|error| record.unusable(&error))?;
    notes.extend(new.iter().map(|path| format!("edited since and not kept: {path} (`motionctl local add`)")));
    notes.extend(record.patch.forgotten.iter().map(|path| format!("dropped: {path}")));
    let base = match record.patch.base {
        BaseKind::Vendor => "vendor",
        BaseKind::AsFound => "as-found",
    };
    outcome.set_verdict(verdict);
    outcome.details.add("record", record.keeping.path.as_str());
    outcome.details.add("base", base);
    outcome.details.add("changes", changes);
    outcome.details.add("not_kept", new);
    outcome.details.add("dropped", record.patch.forgotten.clone());
    outcome.details.rows = Some(rows);
    outcome.details.set_notes(notes);
    Ok(())
}

fn show(record: &Record, what: Option<&str>, outcome: &mut Outcome) -> Result<(), Failure> {
    let wanted: Vec<&KeptChange> = match what {
        Some(what) => chosen_changes(&record.patch, what),
        None => local_changes(&record.patch).map(|(_, kept)| kept).collect(),
    };
    if let (Some(what), true) = (what, wanted.is_empty()) {
        known(&[what.to_owned()])?;
    }
    let unusable = |error: KeptError| record.unusable(&error);
    let base = record.kept().with(|_| false).map_err(unusable)?;
    let ours = record
        .kept()
        .with(|kept| kept.from != Origin::Motionctl && wanted.contains(&kept))
        .map_err(unusable)?;
    let text = |tree: &Tree| String::from_utf8_lossy(&redact_source(tree.source())).into_owned();
    let name = std::path::Path::new(&record.file);
    outcome.comparisons = vec![Comparison::of_file(name, text(&base), text(&ours))];
    let texts: Vec<Value> = wanted
        .iter()
        .map(|kept| {
            let shown = |bytes: &Option<Vec<u8>>| {
                bytes.as_ref().map(|bytes| String::from_utf8_lossy(&redact_source(bytes)).into_owned())
            };
            json!({ "path": kept.change.path(), "text": shown(&kept.change.text), "was": shown(&kept.change.was) })
        })
        .collect();
    outcome.details.add("changes", texts);
    outcome.details.add("unified", outcome.comparisons[0].unified());
    Ok(())
}
