//! Has systemd start the units by themselves: by its own tool where it runs, by the links that it reads where it does not.
//!
//! Invariant: what counts as enabled is what is there afterwards, and not what a tool says.

use super::done::{Done, failed};
use super::write::make_way;
use crate::cli::context::Context;
use crate::host::WriteLock;
use crate::host::files::{create_link, discard};
use crate::host::services::Services;
use crate::inspect::units::{ADMINISTRATORS, UnitFile, unit_file, wanted, wanted_by};
use crate::outcome::{Failure, FailureKind};
use crate::values::LinkText;

/// Enables these units; and what is to be said of it.
pub fn enable(
    context: &Context,
    lock: &WriteLock,
    names: &[&'static str],
    is_written: bool,
) -> Result<(Vec<Done>, Option<String>), Failure> {
    let root = &context.root;
    let services = if root.is_live() { Services::here().map_err(|error| failed(&error))? } else { None };
    if let (Some(services), true) = (&services, is_written) {
        services.reload().map_err(|error| failed(&error))?;
    }
    let mut done = Vec::new();
    for &name in names {
        let UnitFile::There { path, text } = unit_file(root, name) else {
            return Err(failed(&format!("{name} is not where it was written")));
        };
        let targets = wanted_by(&text);
        if targets.is_empty() {
            let message = format!("{path} does not say what starts it (WantedBy= below [Install])");
            return Err(Failure::new(FailureKind::Refused, message).with_hint(format!(
                "link it below {ADMINISTRATORS} yourself, or remove it and run this again"
            )));
        }
        if let Some(link) = wanted(root, name) {
            done.push(Done { what: "enabled already", path: link, is_new: false });
        } else {
            match &services {
                Some(services) => services.enable(name).map_err(|error| failed(&error))?,
                None => link(context, lock, name, &path, &targets)?,
            }
            let link = wanted(root, name).ok_or_else(|| {
                failed(&format!("{name} was enabled, and no link in {ADMINISTRATORS} says so"))
            })?;
            done.push(Done { what: "enabled", path: link, is_new: true });
        }
        // The boot unit waits for the next start; what looks after the server begins now.
        if let Some(services) = services.as_ref().filter(|_| !name.ends_with(".service")) {
            services.start(name).map_err(|error| failed(&error))?;
        }
    }
    let is_later = root.is_live() && services.is_none();
    Ok((
        done,
        is_later.then(|| "systemd does not run here: the units count from its next start on".to_owned()),
    ))
}

/// The links that `systemctl enable` would make.
fn link(
    context: &Context,
    lock: &WriteLock,
    name: &str,
    unit: &str,
    targets: &[&str],
) -> Result<(), Failure> {
    let root = &context.root;
    for target in targets {
        let path = format!("{ADMINISTRATORS}/{target}.wants/{name}");
        let (path, attributes) = make_way(root, lock, &path, 0o777)?;
        let made = create_link(lock, root, &path, &LinkText::new(unit), &attributes);
        made.and_then(|kept| discard(lock, root, &kept)).map_err(|error| failed(&error))?;
    }
    Ok(())
}
