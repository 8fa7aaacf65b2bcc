//! What only root may read is a question of rights: exit 69, and no advice to repair or remove anything.

use super::*;
use crate::support::binary::copy_to;
use std::fs;
use std::path::Path;

const OWN: &str = "/run/own";

fn as_nobody(machine: &Machine, arguments: &str) -> Said {
    machine.shell(&format!("setpriv --reuid=65534 --regid=65534 --clear-groups {OWN}/motionctl {arguments}"))
}

fn with_history() -> (Machine, String) {
    let (machine, id) = Machine::migrated();
    machine.inside(|| {
        fs::create_dir_all(OWN).expect("a folder");
        copy_to(Path::new(&format!("{OWN}/motionctl")));
    });
    (machine, id)
}

#[test]
fn every_command_that_needs_what_only_root_may_read_says_so_with_69() {
    let (machine, id) = with_history();
    for arguments in [
        "history",
        "backups",
        "backups list",
        "backups verify",
        &format!("backups show {id}"),
        &format!("backups diff {id}"),
        &format!("backups extract {id} /run/own/x"),
        "backups prune --keep 1",
        "backups prune --keep 1 --dry-run",
        "rollback --yes",
        &format!("rollback {id} --whole-tree --yes"),
        "recover",
        "confirm",
        "local list",
        "restore-vendor --yes",
        "apply --yes",
    ] {
        let said = as_nobody(&machine, &format!("{arguments} --json"));
        said.expect(69, "unavailable");
        assert!(said.finding("host.not-root").is_some(), "{arguments}: {said}");
        assert!(said.json["error"]["hint"].to_string().contains("run it with sudo"), "{arguments}: {said}");
        let causes = said.error().matches("Permission denied").count();
        assert!(causes <= 1, "the cause is said once: {arguments}: {said}");
    }
}

#[test]
fn what_is_hidden_from_an_ordinary_user_is_not_to_be_repaired() {
    let (machine, _) = with_history();
    for command in ["check", "plan", "status"] {
        let said = as_nobody(&machine, &format!("{command} --no-db --json"));
        let finding = said.finding("site.base-unreadable").expect("a finding");
        let advice = finding["advice"].as_str().expect("advice");
        assert!(advice.contains("run it with sudo"), "{said}");
        for word in ["fix", "moved away", "backup"] {
            assert!(!advice.contains(word), "{word}: {said}");
        }
    }
}
