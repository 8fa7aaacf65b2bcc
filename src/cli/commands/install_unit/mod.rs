//! `install-unit`: the units for systemd, from this very program, and their enabling.
//!
//! Invariant: a unit that an administrator or a package put there is never written over, and one that somebody switched
//! off stays so. Nothing becomes a command at every start of the machine that others than root can write.

mod done;
mod enable;
mod sites;
mod write;

use crate::cli::args::InstallUnitArgs;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, row};
use sites::{path_section, service_section, sites};
use write::{drop_in, unit};

/// A unit's name and its text, in which the place of the program is open.
type Unit = (&'static str, &'static str);

const BOOT: [Unit; 1] =
    [("motionctl-recover.service", include_str!("../../../../templates/systemd/motionctl-recover.service"))];
const WATCH: [Unit; 3] = [
    ("motionctl-watch.service", include_str!("../../../../templates/systemd/motionctl-watch.service")),
    ("motionctl-watch.path", include_str!("../../../../templates/systemd/motionctl-watch.path")),
    ("motionctl-watch.timer", include_str!("../../../../templates/systemd/motionctl-watch.timer")),
];
/// Those of them that something else does not start.
const ENABLED: [&[&str]; 2] =
    [&["motionctl-recover.service"], &["motionctl-watch.path", "motionctl-watch.timer"]];
/// Writes the units and enables them.
pub fn install_unit(context: &Context, args: &InstallUnitArgs) -> Result<Outcome, Failure> {
    let lock = context.lock()?;
    let units = if args.watch { &WATCH[..] } else { &BOOT[..] };
    let enabled = ENABLED[usize::from(args.watch)];
    let mut done = Vec::new();
    let mut notes = Vec::new();
    for (name, text) in units {
        let (unit, note) = unit(context, &lock, name, text)?;
        done.push(unit);
        notes.extend(note);
    }
    if args.watch {
        let sites = sites(context, args)?;
        done.push(drop_in(context, &lock, "motionctl-watch.path.d", &path_section(&sites))?);
        if let Some(text) = service_section(&sites) {
            done.push(drop_in(context, &lock, "motionctl-watch.service.d", &text)?);
        }
    }
    let mut next = Vec::new();
    if args.no_enable {
        let now = if args.watch { " --now" } else { "" };
        next.extend([
            ("systemctl daemon-reload".to_owned(), "makes systemd read the new units"),
            (format!("systemctl enable{now} {}", enabled.join(" ")), "switches them on"),
        ]);
    } else {
        let is_written = done.iter().any(|file| file.is_new);
        let (links, note) = enable::enable(context, &lock, enabled, is_written)?;
        done.extend(links);
        notes.extend(note);
    }
    let kind = match done.iter().any(|file| file.is_new) {
        true => OutcomeKind::Applied,
        false => OutcomeKind::UpToDate,
    };
    let mut outcome = Outcome::new("install-unit", kind);
    let rows: Vec<_> = done.into_iter().map(|file| row(&[&file.what, &file.path])).collect();
    let verdict = match args.no_enable {
        true => "the units are there; nothing was enabled",
        false => "the units are there and enabled",
    };
    outcome.set_verdict(verdict);
    outcome.details.rows = Some(rows);
    outcome.details.notes = Some(notes);
    for (command, why) in next {
        outcome.next(command, why);
    }
    Ok(outcome)
}
