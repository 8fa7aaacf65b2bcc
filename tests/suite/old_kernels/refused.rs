//! One call that is refused: what comes in its place, or which words.

use super::run;
use crate::support::binary::{binary, fixture};
use crate::support::machine::Machine;
use crate::support::old_kernel::Refusal;
use crate::support::said::answer;
use crate::support::site::{Site, launcher_through, shell, text};
use motionctl::host::sandbox::Identity;
use nix::libc;
use std::fs;

const PIVOT: [(libc::c_long, i32); 3] = [
    (libc::SYS_pivot_root, libc::ENOSYS),
    (libc::SYS_pivot_root, libc::EPERM),
    (libc::SYS_pivot_root, libc::EINVAL),
];

#[test]
fn without_pivot_root_a_migration_is_rehearsed_and_done_all_the_same() {
    let machine = Machine::new("standalone");
    let roots = || machine.inside(|| fs::read_dir("/").expect("the root").count());
    let before = roots();
    for (call, errno) in PIVOT {
        let refusal = Refusal::of([call], errno);
        let done = run(&machine, Some(&refusal), &["rehearse", "--load", "60", "--json"]);
        done.expect(0, "ok");
        assert!(done.finding("host.no-sandbox").is_none(), "{done}");
    }
    let refusal = Refusal::of([libc::SYS_pivot_root], libc::ENOSYS);
    run(&machine, Some(&refusal), &["apply", "--yes", "--json"]).expect(0, "applied");
    run(&machine, Some(&refusal), &["rollback", "--yes", "--json"]).expect(0, "applied");
    assert_eq!(before, roots(), "something was left in the root");
}

/// A tree's NGINX is given a user namespace, which the kernel allows in no `chroot`.
#[test]
fn without_pivot_root_a_tree_is_rehearsed_with_the_same_walls() {
    let root = fixture("customised").display().to_string();
    let rehearse = |refusal: Option<Refusal>| {
        let mut command = binary();
        command.args(["rehearse", "--root", &root, "--load", "60", "--json"]);
        if let Some(refusal) = refusal {
            refusal.bind(&mut command);
        }
        let document = answer(&command.output().expect("the binary starts")).document();
        (document["outcome"].clone(), crate::support::binary::codes(&document))
    };
    let here = rehearse(None);
    assert_eq!(here.0, "ok");
    assert_eq!(here, rehearse(Some(Refusal::of([libc::SYS_pivot_root], libc::ENOSYS))));
}

#[test]
fn a_script_that_nobody_judged_gets_no_root_that_only_covers_the_hosts() {
    let machine = Machine::new("standalone");
    let script = machine.scratch().join("install.sh");
    fs::write(&script, "#!/bin/sh\ntouch /opt/ran\n").expect("writing");
    for (call, errno) in PIVOT {
        let done = run(
            &machine,
            Some(&Refusal::of([call], errno)),
            &["try", &script.display().to_string(), "--json"],
        );
        done.expect(69, "unavailable");
        let why = &done.finding("host.no-sandbox").expect("a finding")["evidence"];
        assert!(why.to_string().contains("pivot_root"), "{done}");
    }
}

/// As `chroot` into a mount leaves it on a machine with systemd: the mount above it is shared, and out of reach.
#[test]
fn in_a_chroot_whose_root_is_a_mount_a_configuration_is_tested() {
    let site = Site::new("listen 127.0.0.1:39511;");
    let script = "exec unshare -m --propagation shared sh -c 'mount --rbind / /mnt && exec chroot /mnt \"$0\" \"$@\"' \
                  \"$CHILD\" \"$@\"";
    let launcher = launcher_through(site.folder.path(), script);
    let done = launcher.run(&site.spec, &site.test()).expect("a sandbox");
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!(done.mode.identity, Identity::Root, "{:?}", done.mode);
    let covered = |note: &String| note.contains("covered, not put away");
    assert!(done.mode.notes.iter().any(covered), "pivot_root is refused there: {:?}", done.mode);
    // Nothing of the way there stays, and no way leads back.
    let out = "ls -d /.motionctl-host; chroot /tmp /bin/true && echo out; umount -l / && echo out; head -n 1 /proc/self/mountinfo";
    let done = launcher.run(&site.spec, &shell(out)).expect("a sandbox");
    let said = text(&done.stdout);
    assert!(said.lines().count() == 1 && said.contains(" / / "), "{said}{}", text(&done.stderr));
}

#[test]
fn a_reload_is_sent_by_the_older_call_where_the_newer_is_not_there() {
    let refused: [(&[libc::c_long], i32); 4] = [
        (&[libc::SYS_pidfd_send_signal], libc::ENOSYS),
        (&[libc::SYS_pidfd_send_signal], libc::EPERM),
        (&[libc::SYS_pidfd_open], libc::EPERM),
        (&[libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal], libc::ENOSYS),
    ];
    for (calls, errno) in refused {
        let refusal = Refusal::of(calls.iter().copied(), errno);
        let machine = Machine::new("standalone");
        let done = run(&machine, Some(&refusal), &["apply", "--yes", "--json"]);
        done.expect(0, "applied");
        assert_eq!(done.json["reload"]["proven"], true, "{done}");
    }
}

/// The older call is no way round a refusal that is meant.
#[test]
fn a_signal_that_is_forbidden_altogether_is_undone_in_words() {
    let refusal = Refusal::of([libc::SYS_pidfd_send_signal], libc::EPERM).and(Refusal::of_value(
        libc::SYS_kill,
        1,
        libc::SIGHUP,
        libc::EPERM,
    ));
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let done = run(&machine, Some(&refusal), &["apply", "--yes", "--json"]);
    assert!(matches!(done.code, 4 | 5), "{done}");
    assert!(done.error().contains("signalling"), "{done}");
    before.assert_same(&machine.configuration().without_folder_times());
}
