//! Changes that wait for their confirmation.
//!
//! Invariant: a change that nobody confirms is undone, whatever ended its run,
//! its session or the machine; one that somebody confirmed in time stays.

mod boot;
mod minute;
mod refused;
mod terminals;
mod timer;

use crate::support::machine::{Machine, SITE};
use crate::support::said::Said;
use crate::support::systemd::Systemd;
use serde_json::Value;

const UNDO: &str = "motionctl-unconfirmed-";
const WARN: &str = "motionctl-warning-";

/// Applies the migration; it waits for its confirmation.
fn apply(machine: &Machine) -> Said {
    let done = machine.apply(&["--confirm-within", "10m"]);
    done.expect(0, "awaiting-confirmation");
    done
}

/// The events of the journal, by name.
fn events(machine: &Machine) -> Vec<String> {
    let name = |event: &Value| event["event"].as_str().expect("a name").to_owned();
    machine.journal().iter().map(name).collect()
}

/// How the newest run ended; null while it is open.
fn ended(machine: &Machine) -> Value {
    machine.journal().last().map_or(Value::Null, |event| event["outcome"].clone())
}

/// Hidden files beside the configuration.
fn leftovers(machine: &Machine) -> Vec<String> {
    let names = machine.shell("find /etc/nginx -name '.*' -type f").stdout;
    names.lines().map(str::to_owned).collect()
}

/// The message of the newest change in words, for people.
fn status_in_words(machine: &Machine) -> String {
    machine.motionctl(&["status"]).stdout
}

/// A machine with a service manager and a change that waits, and what was there before.
macro_rules! waiting {
    ($machine:ident, $systemd:ident, $before:ident) => {
        let $machine = Machine::new("standalone");
        let $systemd = Systemd::start(&$machine);
        let $before = $machine.configuration().without_folder_times();
        let _applied = apply(&$machine);
    };
}
use waiting;
