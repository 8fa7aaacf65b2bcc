//! The system's log hears of each change once, and of nothing else.

use super::*;
use crate::support::depth::report;
use crate::support::systemd::Systemd;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// A syslog daemon that keeps what it hears.
struct Daemon(UnixDatagram);

impl Daemon {
    /// Listens where the machine's processes send to; `None` where this machine's `/dev/log` is none that can be had.
    fn start(machine: &Machine) -> Option<Self> {
        let Some(place) = fs::read_link("/dev/log").ok().filter(|place| place.starts_with("/run")) else {
            report("the system's log: SKIPPED, /dev/log leads nowhere into /run on this machine", "");
            return None;
        };
        let socket = machine.inside(|| {
            fs::create_dir_all(place.parent().expect("it lies in a folder")).expect("a folder");
            UnixDatagram::bind(&place).expect("a socket")
        });
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        Some(Self(socket))
    }

    /// What came since the last look.
    fn heard(&self) -> Vec<String> {
        let mut buffer = [0; 4096];
        let next = || {
            self.0
                .recv(&mut buffer)
                .ok()
                .map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned())
        };
        std::iter::from_fn(next).collect()
    }
}

#[test]
fn each_change_is_one_line_and_looking_is_none() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let Some(daemon) = Daemon::start(&machine) else { return };
    let one = |expected: &[&str]| {
        let heard = daemon.heard();
        assert_eq!(heard.len(), 1, "{heard:#?}");
        for words in expected {
            assert!(heard[0].contains(words), "{words}: {heard:#?}");
        }
    };
    for looks in [
        &["check", "--no-db"][..],
        &["plan", "--no-db"],
        &["rehearse", "--load", "20"],
        &["status", "--no-db"],
    ] {
        machine.motionctl(looks);
        assert_eq!(daemon.heard(), [""; 0], "{looks:?}");
    }
    machine.apply(&[]).expect(0, "applied");
    one(&[
        "<29>",
        " motionctl[",
        "change applied; /etc/nginx/conf.d/motion.conf",
        "; run 2",
        ", backup 2",
        "`apply --yes --json` by uid 0",
    ]);
    machine.apply(&[]).expect(0, "up-to-date");
    assert_eq!(daemon.heard(), [""; 0]);
    machine.json(&["rollback", "--yes"]).expect(0, "applied");
    one(&["rollback applied; "]);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    one(&["change applied, undone unless confirmed by 2"]);
    systemd.fire("motionctl-unconfirmed-").expect(0, "applied");
    one(&["<28>", "change undone (nobody confirmed the change in time"]);
    machine.json(&["backups", "prune", "--keep", "0"]).expect(0, "applied");
    one(&["backups prune: 1 backup removed"]);
}

#[test]
fn an_operator_who_is_needed_is_called_in_the_log_too() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    machine.edit(SITE, |text| text + "# by hand\n");
    let Some(daemon) = Daemon::start(&machine) else { return };
    systemd.fire("motionctl-unconfirmed-").expect(5, "needs-operator");
    let heard = daemon.heard();
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert!(heard[0].starts_with("<27>") && heard[0].contains("an operator is needed: "), "{heard:#?}");
}
