//! A service manager for a machine that has none: it records what it is asked,
//! and the test plays the timers.
//!
//! Invariant: it knows only the calls that the product makes, and refuses
//! every other; an armed timer is a file, and is gone once it has fired. It was
//! started when the machine was, so that its spans are moments. What real ones
//! do with them is asked in `confirm::minute`.

use super::binary::write_program;
use super::machine::{Machine, Running};
use super::said::Said;
use super::wait::eventually;
use nix::mount::{MsFlags, mount};
use nix::time::{ClockId, clock_gettime};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

/// Where it keeps its state; emptied by a restart, as `/run` is.
const STATE: &str = "/run/stand-in";
/// The first folder of the product's search path.
const PROGRAMS: &str = "/usr/local/sbin";
/// Where an administrator's units and links lie.
const UNITS: &str = "/etc/systemd/system";
const BOOT_UNIT: &str = "motionctl-recover.service";

/// Each argument of the timer's command on a line of its own.
const SYSTEMD_RUN: &str = r#"#!/bin/sh
state=/run/stand-in
echo "systemd-run $*" >>$state/log
test ! -e $state/broken || { echo "Failed to start transient timer unit" >&2; exit 1; }
unit= after= calendar=
while [ $# -gt 0 ]; do
    case $1 in
        --unit=*) unit=${1#--unit=} ;;
        --on-startup=*us) after=${1#--on-startup=} ;;
        --on-calendar=*" UTC") calendar=${1#--on-calendar=} ;;
        --description=* | --timer-property=AccuracySec=100ms) ;;
        --timer-property=IgnoreOnIsolate=yes | --property=IgnoreOnIsolate=yes) ;;
        --property=Restart=on-abnormal | --property=RestartSec=5s) ;;
        --) shift; break ;;
        *) echo "not known: $1" >&2; exit 1 ;;
    esac
    shift
done
test -n "$unit" && test -n "$after" || { echo "no unit or no time" >&2; exit 1; }
while [ -e $state/hold ]; do touch $state/held; sleep 0.01; done
test ! -e $state/$unit.timer || { echo "Unit $unit.timer was already loaded" >&2; exit 1; }
test -z "$calendar" || printf '%s\n' "$calendar" >$state/$unit.calendar
printf '%s\n' "$after" >$state/$unit.due
printf '%s\n' "$@" >$state/$unit.timer
"#;

/// Patterns are the shell's own.
const SYSTEMCTL: &str = r#"#!/bin/sh
state=/run/stand-in
echo "systemctl $*" >>$state/log
test ! -e $state/gone || { echo "Failed to connect to bus" >&2; exit 1; }
cd $state
case $* in
    "show --property=Version") echo Version=252 ;;
    "show --property=UserspaceTimestampMonotonic") echo UserspaceTimestampMonotonic=0 ;;
    "show --property=ActiveState --property=SubState --property=NextElapseUSecMonotonic motionctl-"*.timer)
        shift 4
        for unit in $*; do
            if [ -e $unit ]; then
                late=0
                test ! -e late || late=$(cat late)
                after=$(($(sed s/us// ${unit%.timer}.due) + late))
                printf 'NextElapseUSecMonotonic=%sus\nActiveState=active\nSubState=waiting\n\n' $after
            else
                printf 'NextElapseUSecMonotonic=infinity\nActiveState=inactive\nSubState=dead\n\n'
            fi
        done
        ;;
    "reset-failed motionctl-"*.service) ;;
    "stop motionctl-"*.timer)
        shift
        missing=
        for unit in $*; do
            test -e $unit || { missing=yes; continue; }
            rm -f $unit ${unit%.timer}.due ${unit%.timer}.calendar
        done
        test -z "$missing" || exit 5
        ;;
    *) echo "not known: $*" >&2; exit 1 ;;
esac
"#;

/// The stand-in on one machine.
pub struct Systemd<'m> {
    machine: &'m Machine,
}

impl<'m> Systemd<'m> {
    /// Gives the machine a service manager, and the boot unit enabled.
    pub fn start(machine: &'m Machine) -> Self {
        machine.inside(|| {
            for folder in [PROGRAMS, UNITS] {
                mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
                    .unwrap_or_else(|error| panic!("mounting {folder}: {error}"));
            }
            for (name, text) in [("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)] {
                write_program(Path::new(PROGRAMS).join(name), text);
            }
            fs::create_dir_all("/run/systemd/system").expect("a folder");
            fs::create_dir(STATE).expect("a folder");
            let unit = Path::new(UNITS).join(BOOT_UNIT);
            fs::write(&unit, boot_unit()).expect("writing");
            let wants = Path::new(UNITS).join("multi-user.target.wants");
            fs::create_dir(&wants).expect("a folder");
            symlink(&unit, wants.join(BOOT_UNIT)).expect("a link");
        });
        Self { machine }
    }

    /// The boot unit is not there.
    pub fn disable_boot_unit(&self) {
        self.machine.inside(|| {
            fs::remove_file(Path::new(UNITS).join("multi-user.target.wants").join(BOOT_UNIT))
                .expect("a link");
        });
    }

    /// From now on a file of this name changes what it answers: `broken`, `gone`, `hold`.
    pub fn set(&self, name: &str) {
        self.machine.inside(|| fs::write(Path::new(STATE).join(name), "").expect("writing"));
    }

    /// From now on it means to fire every timer so much later than it was asked.
    pub fn set_late(&self, by: Duration) {
        let micros = by.as_micros().to_string();
        self.machine.inside(|| fs::write(Path::new(STATE).join("late"), micros).expect("writing"));
    }

    /// Takes back [`Systemd::set`].
    pub fn unset(&self, name: &str) {
        self.machine.inside(|| fs::remove_file(Path::new(STATE).join(name)).expect("it is set"));
    }

    /// Whether a file of its state is there.
    pub fn has(&self, name: &str) -> bool {
        self.machine.inside(|| Path::new(STATE).join(name).exists())
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<String> {
        let log =
            self.machine.inside(|| fs::read_to_string(Path::new(STATE).join("log")).unwrap_or_default());
        log.lines().map(str::to_owned).collect()
    }

    /// The armed timers.
    pub fn armed(&self) -> Vec<String> {
        let mut names: Vec<_> = self.machine.inside(|| {
            let entries = fs::read_dir(STATE).expect("its state");
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        });
        names.retain(|name: &String| name.ends_with(".timer"));
        names.sort();
        names
    }

    /// The command of the timer whose name starts so.
    pub fn command(&self, start: &str) -> Vec<String> {
        let armed = self.armed();
        let name = armed.iter().find(|name| name.starts_with(start));
        let name = name.unwrap_or_else(|| panic!("no timer {start}: {armed:?}"));
        let text = self.machine.inside(|| fs::read_to_string(Path::new(STATE).join(name)).expect("armed"));
        text.lines().map(str::to_owned).collect()
    }

    /// The timer whose name starts so fires, at its moment.
    pub fn fire(&self, start: &str) -> Said {
        self.firing(start).finish()
    }

    /// The same, and its command still runs.
    pub fn firing(&self, start: &str) -> Running<'m> {
        let (name, command) = self.take(start);
        let due = self.machine.inside(|| fs::read_to_string(Path::new(STATE).join(name)).expect("armed"));
        let due = Duration::from_micros(due.trim().trim_end_matches("us").parse().expect("a number"));
        let now = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock"));
        self.run_later(&command, due.saturating_sub(now) + Duration::from_secs(1))
    }

    /// The timer whose name starts so fires now, whatever its moment is: as when somebody has set the wall clock.
    pub fn fire_early(&self, start: &str) -> Said {
        let (_, command) = self.take(start);
        self.run(&command).finish()
    }

    /// The file with the moment of an armed timer, and its command; it is not armed any more.
    fn take(&self, start: &str) -> (String, Vec<String>) {
        let command = self.command(start);
        let armed = self.armed();
        let name = armed.iter().find(|name| name.starts_with(start)).expect("armed");
        self.machine.inside(|| fs::remove_file(Path::new(STATE).join(name)).expect("armed"));
        (name.replace(".timer", ".due"), command)
    }

    /// Starts a timer's command as if so much time had passed on the clocks that count; the wall clock stays.
    pub fn run_later(&self, command: &[String], later: Duration) -> Running<'m> {
        let later = (later.as_secs() + 1).to_string();
        let shifted = ["unshare", "--time", "--boottime", &later, "--monotonic", &later].map(str::to_owned);
        self.run(&[shifted.as_slice(), command].concat())
    }

    /// Starts a timer's command, as JSON.
    pub fn run(&self, command: &[String]) -> Running<'m> {
        let (program, arguments) = command.split_first().expect("a program");
        let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(["--json"]).collect();
        self.machine.command(program, &arguments, |_| ())
    }

    /// The machine loses power and starts again, up to the moment before NGINX
    /// is started: another boot id, an empty `/run`, no process left.
    pub fn restart(&self) {
        for master in self.machine.masters() {
            let workers = master.workers.iter().map(|worker| worker.id.pid);
            let pids: Vec<_> =
                [master.id.pid].into_iter().chain(workers).map(|pid| pid.to_string()).collect();
            assert_eq!(self.machine.shell(&format!("kill -9 {}", pids.join(" "))).code, 0);
        }
        eventually("no NGINX is left", || self.machine.masters().is_empty());
        self.machine.inside(|| {
            let _was_not_running = fs::remove_file("/run/nginx.pid");
            fs::remove_dir_all(STATE).expect("its state");
            fs::create_dir(STATE).expect("a folder");
            let id = Path::new(STATE).join("boot_id");
            fs::write(&id, "11111111-2222-4333-8444-555555555555\n").expect("writing");
            let kernel = "/proc/sys/kernel/random/boot_id";
            mount(Some(&id), kernel, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("root may bind");
        });
    }

    /// Runs what the boot unit runs.
    pub fn run_boot_unit(&self) -> Said {
        let unit = boot_unit();
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("it runs something");
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        self.run(&words).finish()
    }
}

/// The unit as `make install` writes it, for the binary under test.
pub fn boot_unit() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_motionctl")).parent().expect("a folder");
    boot_unit_for(folder.to_str().expect("a path that is text"))
}

/// The same, for a binary in this folder.
pub fn boot_unit_for(folder: &str) -> String {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/systemd").join(BOOT_UNIT);
    fs::read_to_string(template).expect("the template").replace("@BINDIR@", folder)
}
