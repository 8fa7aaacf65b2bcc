//! Disks that are full, read-only or unwritable, at every stage of a run.

use crate::crash::scenario::command_at;
use crate::support::binary::{Server, binary, copy_tree};
use crate::support::machine::Machine;
use crate::support::mount::Mount;
use crate::support::said::answer;
use crate::support::tree_state::state;
use nix::mount::MsFlags;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};

const APPLY: &[&str] = &["apply", "--yes", "--json"];

#[track_caller]
#[test]
fn a_backup_that_does_not_fit_is_refused_before_it_begins() {
    let machine = Machine::new("standalone");
    machine.must("mount -t tmpfs -o size=16k tmpfs /var/backups");
    let before = machine.configuration();
    let done = machine.apply(&[]);
    done.expect(3, "refused");
    assert!(done.finding("host.disk-space").is_some(), "{done}");
    before.assert_same(&machine.configuration());
    assert!(machine.journal().is_empty());
}

#[test]
fn a_disk_that_fills_during_the_backup_changes_nothing() {
    let machine = Machine::new("standalone");
    machine.must("mount -t tmpfs -o size=1m tmpfs /var/backups");
    let before = machine.configuration();
    let running = machine.stopped_at(APPLY, ("backup: before a file is copied", 2));
    machine.must("cat /dev/zero >/var/backups/filler 2>/dev/null; true");
    running.signal(Signal::SIGCONT);
    let done = running.finish();
    done.expect(1, "failed");
    assert!(done.error().contains("No space left on device"), "{done}");
    before.assert_same(&machine.configuration());
    assert!(machine.journal().is_empty());
    let left = machine.shell("ls -A /var/backups/motionctl").stdout;
    assert_eq!(left, "", "half a backup was left");
    machine.must("rm /var/backups/filler");
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_read_only_configuration_is_refused() {
    let machine = Machine::new("standalone");
    machine.must("mount -o remount,bind,ro /etc/nginx");
    let before = machine.configuration();
    let done = machine.apply(&[]);
    done.expect(3, "refused");
    let finding = done.finding("site.not-replaceable").expect("the finding");
    assert!(finding.to_string().contains("read-only"), "{done}");
    before.assert_same(&machine.configuration());
    machine.must("mount -o remount,bind,rw /etc/nginx");
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_configuration_that_becomes_read_only_is_not_torn() {
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let running = machine.stopped_at(APPLY, ("install: hidden file has its attributes", 1));
    // The open file keeps the mount busy: the whole file system cannot turn read-only, its name can.
    machine.must("mount --bind /etc/nginx /etc/nginx && mount -o remount,bind,ro /etc/nginx");
    running.signal(Signal::SIGCONT);
    let done = running.finish();
    // It works below the folder that it has open, or it undoes what it began.
    assert!([0, 1, 3, 4, 5].contains(&done.code), "{done}");
    machine.must("umount /etc/nginx");
    machine.motionctl(&["recover", "--json"]);
    if machine.read("/etc/nginx/conf.d/motion.conf").contains("/user-ui/") {
        // In place and proven; only the old file could not be cleared away.
        assert!([0, 5].contains(&done.code), "{done}");
        machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    }
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn a_backup_folder_that_cannot_be_written_changes_nothing() {
    let machine = Machine::new("standalone");
    let before = machine.configuration();
    machine.must("mount -t tmpfs -o ro tmpfs /var/backups");
    let read_only = machine.apply(&[]);
    read_only.expect(3, "refused");
    assert!(read_only.finding("host.read-only").is_some(), "{read_only}");
    machine.must("umount /var/backups && touch /var/backups/motionctl");
    let a_file = machine.apply(&[]);
    a_file.expect(1, "failed");
    assert!(a_file.error().contains("/var/backups/motionctl"), "{a_file}");
    before.assert_same(&machine.configuration());
    assert!(machine.journal().is_empty());
}

/// A server tree on a small file system of its own.
struct Small {
    _mount: Mount,
    _folder: tempfile::TempDir,
    server: tempfile::TempDir,
}

impl Small {
    fn new() -> Self {
        let source = Server::copy("standalone");
        let folder = tempfile::tempdir().expect("a folder");
        let mount = Mount::tmpfs(folder.path(), "4m", MsFlags::empty());
        let server = tempfile::Builder::new().tempdir_in(folder.path()).expect("a folder");
        copy_tree(source.path(), server.path());
        Self { _mount: mount, _folder: folder, server }
    }

    fn path(&self) -> &Path {
        self.server.path()
    }

    /// An apply that has installed both of its files and waits.
    fn stopped_apply(&self) -> Child {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let place = ("step: between its effect and its end", 2);
        let mut command = command_at(self.path(), APPLY, log.path(), place, "SIGSTOP");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid fits"));
        let status = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).expect("waiting");
        assert_eq!(status, WaitStatus::Stopped(pid, Signal::SIGSTOP));
        child
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).expect("room for a name");
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        let probe = fs::write(self.path().join("var/lib/motionctl/probe"), "x".repeat(8192));
        assert!(probe.is_err(), "the disk is not full");
        // A name without a byte is all that is left of it.
        let _gone = fs::remove_file(self.path().join("var/lib/motionctl/probe"));
    }
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid fits")), signal).expect("it runs");
}

#[test]
fn a_full_disk_does_not_bar_the_undo() {
    let small = Small::new();
    let before = state(&small.path().join("etc")).without_folder_times();
    let child = small.stopped_apply();
    small.fill();
    signal(&child, Signal::SIGINT);
    signal(&child, Signal::SIGCONT);
    let done = answer(&child.wait_with_output().expect("waiting"));
    assert_eq!(done.code, 4, "{done:?}");
    assert_eq!(done.document()["outcome"], "rolled-back");
    before.assert_same(&state(&small.path().join("etc")).without_folder_times());
}

#[test]
fn a_full_disk_does_not_bar_the_recovery() {
    let small = Small::new();
    let before = state(&small.path().join("etc")).without_folder_times();
    let child = small.stopped_apply();
    small.fill();
    signal(&child, Signal::SIGKILL);
    child.wait_with_output().expect("waiting");
    let recover = || {
        answer(&binary().args(["recover", "--json", "--root"]).arg(small.path()).output().expect("it starts"))
    };
    let done = recover();
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.document()["outcome"], "ok", "{done:?}");
    before.assert_same(&state(&small.path().join("etc")).without_folder_times());
    assert_eq!(recover().document()["outcome"], "up-to-date");
    // A new run needs room, says so, and changes nothing.
    let again = answer(&binary().args(APPLY).arg("--root").arg(small.path()).output().expect("it starts"));
    assert!([1, 3].contains(&again.code), "{again:?}");
    before.assert_same(&state(&small.path().join("etc")).without_folder_times());
}
