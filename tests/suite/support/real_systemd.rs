//! A real systemd as the first process of a machine: this machine's, and the newest of Debian's suites.
//!
//! Invariant: it sees a cgroup, processes, mounts and files of its own, and ends with the value. It is missing only for
//! a reason that is said. Tests of what a command says take the stand-in, which is quick; here is what systemd does.

use super::machine::{Machine, Running};
use super::said::Said;
use super::systemd::boot_unit_for;
use super::tree_state::{State, state};
use super::wait::eventually;
use motionctl::journal::{Journal, Record};
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder that `packaging/setup.sh` names, too.
const NEWEST: &str = "/var/cache/motionctl-tests/systemd";
/// Where the program under test lies inside.
pub const PROGRAM: &str = "/usr/local/bin/motionctl";
/// Inside the machine, what was changed of its files.
const CHANGED: &str = "/run/real/upper";
const SCRIPT: &str = include_str!("real_systemd.sh");

/// Which systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// That of this machine.
    Installed,
    /// The newest of Debian's suites.
    Newest,
}

/// The same tests on each systemd, in a module for each; where there is none, that is said.
macro_rules! on_each {
    ($($name:ident)*) => {
        $crate::support::real_systemd::on_each!(installed, Installed, $($name)*);
        $crate::support::real_systemd::on_each!(newest, Newest, $($name)*);
    };
    ($module:ident, $which:ident, $($name:ident)*) => {
        mod $module {
            use crate::support::real_systemd::Which;
            $(#[test]
            fn $name() {
                if !Which::$which.is_missing(stringify!($name)) {
                    super::$name(Which::$which);
                }
            })*
        }
    };
}
pub(crate) use on_each;

/// One that runs.
pub struct RealSystemd<'m> {
    machine: &'m Machine,
    first: Running<'m>,
    cgroup: PathBuf,
    /// Its pid in the machine.
    pid: String,
    ahead: Ahead,
}

/// How much further its clocks are than those outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ahead {
    /// Since the start of the machine.
    pub boot: Duration,
    /// The same without the time that it slept.
    pub awake: Duration,
}

impl Which {
    fn folder(self) -> &'static str {
        match self {
            Self::Installed => "",
            Self::Newest => NEWEST,
        }
    }

    /// Why there is none here, said; a test is skipped then.
    pub fn is_missing(self, test: &str) -> bool {
        let reason = if Path::new(&format!("{}/usr/lib/systemd/systemd", self.folder())).exists() {
            match cgroups() {
                Some(_) => return false,
                None => "no cgroup can be made on this machine".to_owned(),
            }
        } else {
            let said = fs::read_to_string(format!("{NEWEST}/reason"));
            said.expect("`packaging/setup.sh test` has unpacked it, or says why it cannot")
        };
        super::depth::report(&format!("{test} {self:?}: SKIPPED, {}", reason.trim()), "");
        true
    }
}

impl<'m> RealSystemd<'m> {
    /// Starts one on a machine on which NGINX does not run yet: its unit does that.
    pub fn start(machine: &'m Machine, which: Which, ahead: Ahead) -> Self {
        let scratch = machine.scratch();
        let name = scratch.parent().and_then(Path::file_name).expect("a folder of the machine's own");
        let cgroup = cgroups().expect("asked before").join(name);
        fs::create_dir(&cgroup).expect("a cgroup of its own");
        fs::create_dir_all(&scratch).expect("a folder");
        let unit = scratch.join("motionctl-recover.service");
        fs::write(&unit, boot_unit_for("/usr/local/bin")).expect("writing");
        let path = |path: &Path| path.to_str().expect("a path that is text").to_owned();
        let (group, unit, seconds) =
            (path(&cgroup), path(&unit), [ahead.boot, ahead.awake].map(|clock| clock.as_secs().to_string()));
        let program = env!("CARGO_BIN_EXE_motionctl");
        let mut arguments = vec!["-c", SCRIPT, "sh", which.folder(), &group, program, &unit];
        if !ahead.boot.is_zero() {
            arguments.extend(["--time", "--boottime", &seconds[0], "--monotonic", &seconds[1]]);
        }
        let first = machine.command("/bin/sh", &arguments, |_| ());
        let children = format!("/proc/{0}/task/{0}/children", first.pid());
        let mut status = String::new();
        eventually("systemd is started", || {
            let child = fs::read_to_string(&children).unwrap_or_default();
            status = fs::read_to_string(format!("/proc/{}/status", child.trim())).unwrap_or_default();
            status.starts_with("Name:\tsystemd\n")
        });
        // Its pids from outside to inside: the test's, the machine's, its own, which is 1.
        let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).expect("the kernel says");
        let pid = pids.split_whitespace().nth(1).expect("it is below the machine").to_owned();
        let it = Self { machine, first, cgroup, pid, ahead };
        it.wait_until_up();
        it
    }

    /// Waits until it has started everything and NGINX serves.
    pub fn wait_until_up(&self) {
        eventually("systemd is up", || self.shell("systemctl is-system-running").stdout.trim() == "running");
        self.machine.wait_for_workers();
    }

    /// Starts a program inside.
    pub fn command(&self, words: &[&str]) -> Running<'m> {
        let inside = ["--target", &self.pid, "--mount", "--pid", "--ipc", "--cgroup", "--time", "--"];
        self.machine.command("nsenter", &[&inside, words].concat(), |_| ())
    }

    /// Runs a line of shell inside.
    pub fn shell(&self, line: &str) -> Said {
        self.command(&["/bin/sh", "-c", line]).finish()
    }

    /// As [`RealSystemd::shell`], for a line that has to succeed; what it printed.
    #[track_caller]
    pub fn must(&self, line: &str) -> String {
        self.shell(line).ended_well(line)
    }

    /// Runs motionctl inside, as JSON.
    pub fn motionctl(&self, arguments: &[&str]) -> Said {
        self.command(&[&[PROGRAM], arguments, &["--json"]].concat()).finish()
    }

    /// Everything that can be seen of NGINX's configuration.
    pub fn configuration(&self) -> State {
        self.machine.inside(|| state(&Path::new(CHANGED).join("etc/nginx")))
    }

    /// The journal's events; none where there is no journal.
    pub fn journal(&self) -> Vec<Value> {
        let path = Path::new(CHANGED).join("var/lib/motionctl/journal");
        let bytes = self.machine.inside(|| fs::read(path)).unwrap_or_default();
        let journal = Journal::decode(&bytes).expect("a journal that can be trusted");
        let event = |record: &Record| serde_json::to_value(&record.body).expect("JSON");
        journal.records.iter().map(event).collect()
    }

    /// How late it is for a deadline of the journal; nothing before it.
    pub fn late(&self, deadline: &Value) -> Option<Duration> {
        let moment = Duration::from_millis(deadline["uptime_millis"].as_u64().expect("a number"));
        let now = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock")) + self.ahead.boot;
        now.checked_sub(moment)
    }

    /// Stops every process inside, systemd first of all, or lets them go on.
    pub fn freeze(&self, frozen: bool) {
        fs::write(self.cgroup.join("cgroup.freeze"), if frozen { "1" } else { "0" }).expect("writing");
        let events = self.cgroup.join("cgroup.events");
        let wanted = if frozen { "frozen 1" } else { "frozen 0" };
        eventually(wanted, || fs::read_to_string(&events).expect("a cgroup").contains(wanted));
    }
}

impl Drop for RealSystemd<'_> {
    fn drop(&mut self) {
        let _thawed = fs::write(self.cgroup.join("cgroup.freeze"), "0");
        // All of its processes end with it.
        let _ended = fs::write(self.cgroup.join("cgroup.kill"), "1");
        self.first.signal(Signal::SIGKILL);
        remove(&self.cgroup);
    }
}

/// Removes a cgroup and those below it, which are empty as soon as the kernel has reaped its processes.
fn remove(cgroup: &Path) {
    let below = fs::read_dir(cgroup).into_iter().flatten().flatten();
    for entry in below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove(&entry.path());
    }
    for _ in 0..200 {
        if fs::remove_dir(cgroup).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The folder below which cgroups of the newer kind are made: itself, or beside those of the older kind.
fn cgroups() -> Option<PathBuf> {
    let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from);
    let place = places.into_iter().find(|place| place.join("cgroup.controllers").exists())?;
    let tried =
        place.join(format!("motionctl-tried-{}-{:?}", std::process::id(), std::thread::current().id()));
    fs::create_dir(&tried).ok()?;
    fs::remove_dir(&tried).ok()?;
    Some(place)
}
