//! Who may do what: an ordinary user without a network looks and plans, and a
//! host that allows no sandbox is told so.

use super::shape::check;
use crate::support::binary::{Server, copy_to, finding};
use crate::support::said::answer;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const NOBODY: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";
/// A kernel that refuses private mounts to the root of this namespace.
const NO_SANDBOX: &str =
    "unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces && exec \"$0\" \"$@\"'";

/// Runs the binary below a wrapper, with `--json`, in a shell.
fn run(wrapper: &str, server: &Server, arguments: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    let binary = folder.path().join("motionctl");
    copy_to(&binary);
    let root = server.path().display();
    let line = format!("exec {wrapper} {} {arguments} --root {root} --json", binary.display());
    let output = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).output().expect("sh");
    answer(&output).document()
}

#[test]
fn an_ordinary_user_without_a_network_looks_and_plans() {
    let server = Server::copy("customised");
    let before = server.state();
    let wrapper = format!("unshare -n {NOBODY}");
    let as_root = server.json(&["plan"]);
    let plan = run(&wrapper, &server, "plan");
    check(&plan, "plan");
    assert_eq!(plan["outcome"], "changes-pending", "{plan:#}");
    assert_eq!(plan["plan"], as_root["plan"], "the plan is the same for everybody");
    let looked = run(&wrapper, &server, "check");
    assert_eq!(
        (&looked["outcome"], &looked["exit_code"]),
        (&"changes-pending".into(), &0.into()),
        "{looked:#}"
    );
    assert_eq!(run(&wrapper, &server, "status --detailed-exitcode")["exit_code"], 2);
    let rehearsed = run(&wrapper, &server, "rehearse");
    assert_eq!((&rehearsed["outcome"], &rehearsed["exit_code"]), (&"unavailable".into(), &69.into()));
    finding(&rehearsed, "host.not-root");
    let applied = run(&wrapper, &server, "apply --yes");
    check(&applied, "apply");
    assert_eq!((&applied["outcome"], &applied["exit_code"]), (&"unavailable".into(), &69.into()));
    assert!(before == server.state(), "an ordinary user changed something");
}

#[test]
fn a_host_without_a_sandbox_is_told_so() {
    let server = Server::copy("standalone");
    let before = server.state();
    let plan = run(NO_SANDBOX, &server, "plan");
    assert_eq!((&plan["outcome"], &plan["exit_code"]), (&"changes-pending".into(), &0.into()), "{plan:#}");
    assert_eq!(finding(&plan, "host.no-sandbox")["level"], "stop");
    for command in ["check", "rehearse"] {
        let refused = run(NO_SANDBOX, &server, command);
        check(&refused, command);
        assert_eq!((&refused["outcome"], &refused["exit_code"]), (&"refused".into(), &3.into()));
        finding(&refused, "host.no-sandbox");
    }
    assert!(before == server.state(), "something was changed");
    let refused = run(NO_SANDBOX, &server, "apply --yes");
    assert_eq!((&refused["outcome"], &refused["exit_code"]), (&"refused".into(), &3.into()), "{refused:#}");
    // Without a sandbox NGINX would read this machine's files for the tree's.
    assert_eq!(run(NO_SANDBOX, &server, "apply --yes --no-sandbox")["exit_code"], 64);
    assert!(!server.at("var/backups").exists());
}
