//! What old kernels lack besides calls: user namespaces, overlays, settings.

use super::run;
use crate::asked::stream_module;
use crate::support::binary::{binary, fixture};
use crate::support::depth::evenly;
use crate::support::machine::Machine;
use crate::support::old_kernel::{Refusal, launcher_traced};
use crate::support::said::answer;
use crate::support::site::{Site, text};
use motionctl::host::sandbox::{Layout, Network, Refused};
use nix::libc;
use std::fs;

/// Not built in; switched off by Debian up to 10 for ordinary users; a limit of zero, as on CentOS 7.
const NO_USER_NAMESPACE: [i32; 3] = [libc::EINVAL, libc::EPERM, libc::ENOSPC];

#[test]
fn root_migrates_a_server_without_user_namespaces() {
    let machine = Machine::new("standalone");
    for errno in NO_USER_NAMESPACE {
        let refusal = Refusal::of_bits(libc::SYS_unshare, 0, libc::CLONE_NEWUSER, errno);
        run(&machine, Some(&refusal), &["check", "--json"]).expect(0, "changes-pending");
    }
    let refusal = Refusal::of_bits(libc::SYS_unshare, 0, libc::CLONE_NEWUSER, libc::EINVAL);
    run(&machine, Some(&refusal), &["rehearse", "--load", "60", "--json"]).expect(0, "ok");
    run(&machine, Some(&refusal), &["apply", "--yes", "--json"]).expect(0, "applied");
}

/// A server whose configuration loads a module, as Debian's and EPEL's packages have it: what runs on the server may run
/// in its copy with the same rights, so that no namespace is needed for it.
#[test]
fn a_server_with_modules_is_rehearsed_without_user_namespaces() {
    let machine = Machine::edited("standalone", |nginx| {
        let main = fs::read_to_string(nginx.join("nginx.conf")).expect("reading");
        fs::write(nginx.join("nginx.conf"), format!("load_module {};\n{main}", stream_module()))
            .expect("writing");
    });
    let refusal = Refusal::of_bits(libc::SYS_unshare, 0, libc::CLONE_NEWUSER, libc::ENOSPC);
    let done = run(&machine, Some(&refusal), &["rehearse", "--load", "60", "--json"]);
    done.expect(0, "ok");
    assert!(done.finding("config.runs-code").is_some(), "{done}");
}

/// Where they are not built in, the kernel does not list them either, of nobody.
#[test]
fn a_master_is_believed_where_the_kernel_has_no_user_namespaces() {
    let machine = Machine::new("standalone");
    let hidden = [
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        "/proc/self/ns/user",
        "-e",
        "inject=readlink,readlinkat:error=ENOENT",
    ];
    let check = [&hidden[..], &[env!("CARGO_BIN_EXE_motionctl"), "check", "--json"]].concat();
    let done = machine.command("strace", &check, |_| ()).finish();
    done.expect(0, "changes-pending");
    assert!(done.finding("nginx.foreign-process").is_none(), "{done}");
}

#[test]
fn a_tree_is_rehearsed_without_user_namespaces() {
    let root = fixture("standalone").display().to_string();
    for errno in evenly(&NO_USER_NAMESPACE, 2) {
        let mut command = binary();
        command.args(["rehearse", "--root", &root, "--load", "60", "--json"]);
        Refusal::of_bits(libc::SYS_unshare, 0, libc::CLONE_NEWUSER, errno).bind(&mut command);
        let document = answer(&command.output().expect("the binary starts")).document();
        assert_eq!(document["outcome"], "ok", "{document:#}");
    }
}

/// Ambient capabilities came with 4.3.
#[test]
fn root_migrates_a_server_without_ambient_capabilities() {
    const PR_CAP_AMBIENT: i32 = 47;
    let refusal = Refusal::of_value(libc::SYS_prctl, 0, PR_CAP_AMBIENT, libc::EINVAL);
    let machine = Machine::new("standalone");
    run(&machine, Some(&refusal), &["rehearse", "--load", "60", "--json"]).expect(0, "ok");
    run(&machine, Some(&refusal), &["apply", "--yes", "--json"]).expect(0, "applied");
}

/// Overlays came with 3.18; the source of such a mount is the word itself.
#[test]
fn without_overlays_folders_are_copied() {
    let site = Site::new("listen 127.0.0.1:39512;");
    let launcher = launcher_traced(site.folder.path(), "-P overlay -e inject=mount:error=ENODEV");
    let done = launcher.run(&site.spec, &site.test()).expect("a sandbox");
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!(done.mode.layout, Layout::Bind, "{:?}", done.mode);
}

/// The setting came with 4.11. An ordinary user's NGINX could listen nowhere, which would be told as a fault of the
/// configuration's.
#[test]
fn an_ordinary_user_is_told_that_the_kernel_is_too_old_for_low_ports() {
    let site = Site::new("listen 80;");
    let traced = "-P /proc/sys/net/ipv4/ip_unprivileged_port_start -e inject=openat:error=ENOENT";
    let launcher = launcher_traced(site.folder.path(), &format!("-u nobody {traced}"));
    match launcher.run(&site.spec, &site.test()) {
        Err(Refused::Unavailable(reason)) => assert!(
            reason.contains("before Linux 4.11") || reason.contains("unsharing a user namespace"),
            "{reason}"
        ),
        other => panic!("{other:?}"),
    }
    let launcher = launcher_traced(site.folder.path(), traced);
    let mut spec = site.spec.clone();
    spec.network = Network::Private;
    let done = launcher.run(&spec, &site.test()).expect("root needs no such setting");
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
}
