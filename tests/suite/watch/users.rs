//! What an ordinary user is told: what can be read, a note for the rest, and never that an operator is needed.

use super::*;
use crate::support::binary::copy_to;
use std::path::Path;

const NOBODY: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";

/// Runs a command as nobody.
fn as_nobody(machine: &Machine, arguments: &str) -> Said {
    machine.inside(|| {
        fs::create_dir_all(OWN).expect("a folder");
        copy_to(Path::new(&format!("{OWN}/motionctl")));
    });
    machine.shell(&format!("{NOBODY} {OWN}/motionctl {arguments}"))
}

#[test]
fn an_ordinary_user_hears_of_the_route_and_what_only_root_may_see() {
    let machine = Machine::new("standalone");
    let said = as_nobody(&machine, "status --check");
    assert_eq!(said.code, 2, "nothing was ever made secret: {said}");
    machine.apply(&[]).expect(0, "applied");

    let said = as_nobody(&machine, "status --json");
    assert_eq!(said.code, 0, "{said}");
    assert_eq!(
        (&said.json["outcome"], &said.json["details"]["route"]),
        (&"ok".into(), &"present".into()),
        "{said}"
    );
    assert_eq!(said.json["details"]["drift"], "unknown", "{said}");
    assert!(said.json["details"]["drifted"].is_null(), "not known is no empty list: {said}");
    assert!(said.json["details"]["notes"].to_string().contains("run it with sudo"), "{said}");
    assert_eq!(as_nobody(&machine, "status --detailed-exitcode").code, 0);

    let said = as_nobody(&machine, "status --check");
    assert_eq!(said.code, 3, "{said}");
    for words in [
        "UNKNOWN - only root may see",
        "the new client's route is there",
        "route_served=1",
        "drifted_files=U",
    ] {
        assert!(said.stdout.contains(words), "{words}: {said}");
    }

    let old = machine.read(SITE).replace("/user-ui", "/other-ui");
    machine.edit(SITE, |_| old);
    let said = as_nobody(&machine, "status --check");
    assert_eq!(said.code, 2, "what is certainly bad is said: {said}");
    assert_eq!(as_nobody(&machine, "status --detailed-exitcode").code, 2);
    assert_eq!(as_nobody(&machine, "watch").code, 3, "the watcher is root's");
}
