//! Whoever is logged in is warned, and nothing but a terminal is written to.

use super::*;
use crate::support::wait::eventually;
use motionctl::host::{Root, WriteLock};
use nix::libc;
use nix::pty::openpty;
use nix::unistd::ttyname;
use std::fs::{self, File};
use std::io::Read;
use std::mem::{offset_of, size_of};
use std::os::fd::OwnedFd;

/// A terminal with somebody at it.
struct Terminal {
    screen: File,
    _line: OwnedFd,
    /// Its name below `/dev`.
    name: String,
}

impl Terminal {
    fn open() -> Self {
        let pair = openpty(None, None).expect("a terminal");
        let name = ttyname(&pair.slave).expect("its name");
        let name = name.strip_prefix("/dev").expect("below /dev").display().to_string();
        let flags = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK);
        nix::fcntl::fcntl(&pair.master, flags).expect("a look does not wait");
        Self { screen: pair.master.into(), _line: pair.slave, name }
    }

    /// What came onto the screen since the last look.
    fn seen(&mut self) -> String {
        let mut bytes = Vec::new();
        let _nothing_more = self.screen.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The record of one login on this terminal.
fn login(line: &str) -> Vec<u8> {
    let mut record = vec![0; size_of::<libc::utmpx>()];
    let at = offset_of!(libc::utmpx, ut_type);
    record[at..at + 2].copy_from_slice(&libc::USER_PROCESS.to_ne_bytes());
    let at = offset_of!(libc::utmpx, ut_line);
    record[at..at + line.len()].copy_from_slice(line.as_bytes());
    record
}

#[test]
fn whoever_is_logged_in_is_warned() {
    waiting!(machine, systemd, before);
    let (mut ssh, mut seat, mut nobody) = (Terminal::open(), Terminal::open(), Terminal::open());
    let hostile = ["../etc/nginx/nginx.conf", "/etc/nginx/nginx.conf", "pts/99999", "null", "\u{1b}[2J"];
    let records: Vec<_> = hostile.iter().copied().chain([ssh.name.as_str()]).flat_map(login).collect();
    machine.inside(|| {
        fs::write("/run/utmp", records).expect("writing");
        fs::create_dir_all("/run/systemd/sessions").expect("a folder");
        fs::write("/run/systemd/sessions/7", format!("UID=0\nTTY={}\n", seat.name)).expect("writing");
    });
    let _fifo = machine.shell("mkfifo /run/systemd/sessions/7.ref");

    let warned = systemd.fire(WARN);

    warned.expect(0, "ok");
    for terminal in [&mut ssh, &mut seat] {
        let mut text = String::new();
        eventually("the warning is on the screen", || {
            text.push_str(&terminal.seen());
            text.contains("To keep it: motionctl confirm")
        });
        assert!(text.contains("motion-under-test") && text.contains(" left, until "), "{text:?}");
    }
    assert_eq!(nobody.seen(), "");
    let note = warned.json["details"]["notes"][0].as_str().expect("a note");
    assert_eq!(note, "2 terminals told, 1 did not take it");

    systemd.fire(UNDO).expect(0, "applied");
    for terminal in [&mut ssh, &mut seat] {
        let mut text = String::new();
        eventually("the end is on the screen", || {
            text.push_str(&terminal.seen());
            text.contains("nobody confirmed") && text.contains("is undone.")
        });
    }
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn a_terminal_that_takes_nothing_holds_nobody_up() {
    waiting!(machine, systemd, before);
    let stopped = Terminal::open();
    let off = nix::sys::termios::FlowArg::TCOOFF;
    nix::sys::termios::tcflow(&stopped._line, off).expect("as Ctrl-S does");
    machine.inside(|| fs::write("/run/utmp", login(&stopped.name)).expect("writing"));
    let fired = systemd.fire(UNDO);
    fired.expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn whoever_is_logged_in_hears_who_keeps_it_from_being_undone() {
    waiting!(machine, systemd, before);
    let mut seat = Terminal::open();
    machine.inside(|| fs::write("/run/utmp", login(&seat.name)).expect("writing"));
    // Such as a command that somebody has stopped with Ctrl-Z.
    let lock = machine.inside(|| WriteLock::take(&Root::live()).expect("nobody holds it"));
    let fired = systemd.firing(UNDO);
    let mut text = String::new();
    eventually("it is said", || {
        text.push_str(&seat.seen());
        text.contains("cannot be undone yet: another run holds the lock: process ")
    });
    assert!(machine.serves_the_new_client());
    drop(lock);
    fired.finish().expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
}
