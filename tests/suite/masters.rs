//! Which process is the master of the files that are changed, and who else may hold their ports.
//!
//! Invariant: a change is proven by the processes that read its files, or it is refused before the first byte; what
//! does not serve Motion gets no signal.

mod alone;
mod several;
mod titles;
mod upgrade;

use crate::support::machine::{Machine, SITE};
use crate::support::said::Said;

const ROLLBACK: &[&str] = &["rollback", "--yes", "--json"];

/// The change is made and undone, each time with a proof, and the wire says so.
#[track_caller]
fn there_and_back(machine: &Machine) {
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
    assert!(machine.serves_the_new_client());
    let back = machine.motionctl(ROLLBACK);
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    assert!(!machine.serves_the_new_client());
}

/// A command is refused with this finding, and leaves the site and the processes as they are.
#[track_caller]
fn refused(machine: &Machine, arguments: &[&str], code: &str) -> Said {
    let (site, workers) = (machine.read(SITE), processes(machine));
    let done = machine.motionctl(arguments);
    done.expect(3, "refused");
    let finding = done.finding(code).unwrap_or_else(|| panic!("no {code}: {done}"));
    assert_eq!(finding["level"], "stop", "{done}");
    assert!(done.finding("nginx.not-running").is_none(), "{done}");
    assert_eq!(machine.read(SITE), site);
    assert_eq!(processes(machine), workers, "somebody was signalled");
    done
}

/// Every process that runs a program of NGINX's name, by pid and title.
fn processes(machine: &Machine) -> String {
    let list = "for p in /proc/[0-9]*; do case $(readlink $p/exe) in */nginx*|*/angie*|*/engine*) \
                echo \"$p $(tr '\\0' ' ' <$p/cmdline)\" ;; esac; done | sort";
    machine.must(list)
}
