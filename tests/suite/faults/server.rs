//! Faults of NGINX, of the clock, and of people who are too many.

use crate::support::binary::write_program;
use crate::support::machine::{Machine, SITE};
use crate::support::wait::eventually;
use nix::sys::signal::Signal;
use serde_json::json;
use std::fs;

const APPLY: &[&str] = &["apply", "--yes", "--json"];

#[test]
fn an_nginx_that_is_killed_during_the_reload_is_not_started() {
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let running = machine.stopped_at(APPLY, ("reload: after the signal", 1));
    // A worker that the master starts at this moment is in nobody's list yet: again until there is none.
    let one_is_left = "pkill -9 -x nginx; pgrep --runstates D,R,S -x nginx";
    eventually("nginx is gone", || machine.shell(one_is_left).code == 1);
    assert!(machine.masters().is_empty());
    running.signal(Signal::SIGCONT);
    let done = running.finish();
    // The files are back; that nothing serves is for a person.
    done.expect(5, "needs-operator");
    assert!(done.error().contains("the master ended") && done.error().contains("is gone"), "{done}");
    before.assert_same(&machine.configuration().without_folder_times());
    assert!(machine.masters().is_empty(), "it was started");
    let said = format!("{} {}", done.json["error"]["hint"], done.json["details"]["next"]);
    for command in ["motionctl recover", "motionctl status", "nginx -t", "motionctl backups diff"] {
        assert_eq!(said.matches(command).count(), 1, "{command}: {done}");
    }
    let state = &done.json["details"]["state"];
    assert_eq!(state["serving"], json!(["no process of NGINX was found"]), "{done}");
    assert!(state["disk"].to_string().contains("motion.conf: as before the change"), "{done}");
    assert_eq!(state["nginx"], "accepts what is on the disk", "{done}");
    let recovered = machine.motionctl(&["recover", "--json"]);
    recovered.expect(0, "ok");
    assert!(recovered.json.get("reload").is_none() && machine.masters().is_empty(), "{recovered}");
    machine.start_nginx();
    assert!(!machine.serves_the_new_client());
}

#[test]
fn a_master_that_is_replaced_meanwhile_is_found_by_the_recovery() {
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let running = machine.stopped_at(APPLY, ("reload: before the signal", 1));
    machine.must("nginx -s quit");
    eventually("the old master is gone", || machine.masters().is_empty());
    machine.start_nginx();
    assert!(machine.serves_the_new_client(), "it read what was installed");
    running.signal(Signal::SIGCONT);
    let done = running.finish();
    done.expect(5, "needs-operator");
    before.assert_same(&machine.configuration().without_folder_times());
    // The new master read what is undone on the disk: it is named with its workers, and not said to serve the old.
    let state = &done.json["details"]["state"];
    let serving = state["serving"].as_array().expect("a list");
    let master = format!("master {}, workers ", machine.master_pid());
    let line = serving.iter().find_map(|line| line.as_str().filter(|line| line.starts_with(&master)));
    assert!(line.is_some_and(|line| !line.contains("serve what was read before")), "{done}");
    assert!(state["disk"].to_string().contains("motion.conf: as before the change"), "{done}");
    let recovered = machine.motionctl(&["recover", "--json"]);
    recovered.expect(0, "ok");
    assert_eq!(recovered.json["reload"]["proven"], true, "{recovered}");
    assert!(!machine.serves_the_new_client());
    machine.motionctl(&["recover", "--json"]).expect(0, "up-to-date");
}

/// Puts a script in the place of nginx's binary; `real` is the program itself.
fn in_the_place_of_nginx(machine: &Machine, script: &str) {
    let file = machine.scratch().join("nginx");
    let real = machine.scratch().join("real-nginx");
    write_program(&real, fs::read("/usr/sbin/nginx").expect("nginx is installed"));
    write_program(&file, format!("#!/bin/sh\n{}\n", script.replace("REAL", &real.display().to_string())));
    let line = format!("mount --bind '{}' /usr/sbin/nginx", file.display());
    machine.must(&line);
}

#[test]
fn an_nginx_that_hangs_while_it_tests_is_ended() {
    let machine = Machine::stopped("standalone", |_| ());
    in_the_place_of_nginx(&machine, "case \"$1\" in -V) exec REAL -V ;; esac\nexec sleep 1000");
    let before = machine.configuration();
    let done = machine.apply(&[]);
    done.expect(65, "invalid");
    assert!(done.error().contains("no answer within 30s"), "{done}");
    before.assert_same(&machine.configuration());
    assert!(machine.journal().is_empty());
}

/// A machine whose `apply` was killed when its reload was done, and whose program on the disk says nothing any more.
fn interrupted_before_a_mute_program() -> Machine {
    let machine = Machine::new("standalone");
    let running = machine.stopped_at(APPLY, ("reload: after the old workers retired", 1));
    running.signal(Signal::SIGKILL);
    running.finish();
    in_the_place_of_nginx(&machine, "exec sleep 1000");
    machine
}

#[test]
fn the_program_that_runs_is_asked_where_the_one_on_the_disk_is_mute() {
    let machine = interrupted_before_a_mute_program();
    let done = machine.motionctl(&["recover", "--json"]);
    done.expect(0, "ok");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
    assert!(!machine.read(SITE).contains("/user-ui/") && !machine.serves_the_new_client());
}

#[test]
fn where_no_program_can_be_asked_it_is_not_said_that_none_runs() {
    let machine = interrupted_before_a_mute_program();
    machine.shell("kill -KILL $(cat /run/nginx.pid); pkill -KILL -f '^nginx: worker'");
    let stuck = machine.motionctl(&["recover", "--json"]);
    stuck.expect(5, "needs-operator");
    assert!(stuck.error().contains("could not look whether NGINX runs"), "{stuck}");
    assert!(stuck.json["error"]["hint"].to_string().contains("motionctl recover"), "{stuck}");
    assert!(machine.read(SITE).contains("/user-ui/"), "nothing was touched");
    machine.must("umount /usr/sbin/nginx");
    machine.motionctl(&["recover", "--json"]).expect(0, "ok");
    assert!(!machine.read(SITE).contains("/user-ui/"));
}

#[test]
fn a_file_that_was_edited_on_a_running_server_is_told_from_what_is_served() {
    let machine = Machine::new("standalone");
    let running = machine.stopped_at(APPLY, ("reload: before the signal", 1));
    running.signal(Signal::SIGKILL);
    running.finish();
    // The workers are older than the file beyond doubt.
    std::thread::sleep(std::time::Duration::from_secs(3));
    machine.edit(SITE, |text| format!("{text}\n# by hand\n"));
    let boot = &["recover", "--boot", "--json"];
    let run = machine.journal()[0]["run"].as_str().expect("its name").to_owned();
    let timer = &["rollback", "--yes", "--unconfirmed", &run, "--json"];
    for command in [&["recover", "--json"][..], boot, APPLY, &["rollback", "--yes", "--json"], timer] {
        let stuck = machine.motionctl(command);
        stuck.expect(5, "needs-operator");
        let state = &stuck.json["details"]["state"];
        let disk = state["disk"].to_string();
        assert!(disk.contains("motion.conf: neither as before the change nor as it makes it"), "{stuck}");
        let tested = if command == boot {
            "not asked while the machine starts"
        } else {
            "accepts what is on the disk"
        };
        assert_eq!(state["nginx"], tested, "{stuck}");
        let serving = state["serving"].to_string();
        assert!(serving.contains("from before the files were changed last"), "{stuck}");
    }
    // It would keep a change, and has none to keep.
    machine.motionctl(&["confirm", "--json"]).expect(3, "refused");
    assert!(!machine.serves_the_new_client(), "and that is so");
    // For people: each of them once, and no command twice.
    let text = machine.motionctl(&["recover"]).stdout;
    for part in ["on disk", "nginx -t", "serving", "neither as before", "--whole-tree", "motionctl recover"] {
        assert_eq!(text.matches(part).count(), 1, "`{part}`: {text}");
    }
}

#[test]
fn an_error_log_that_cannot_be_read_is_said_to_be_unseen() {
    let machine = Machine::edited("standalone", |etc| {
        let main = etc.join("nginx.conf");
        let text = fs::read_to_string(&main).expect("the main file");
        assert!(text.contains("error_log"), "{text}");
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("error_log"));
        let rest: String = lines.map(|line| format!("{line}\n")).collect();
        fs::write(&main, format!("error_log /dev/null;\n{rest}")).expect("writing");
    });
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert_eq!(done.json["reload"]["error_log"], "not-looked-at", "{done}");
    assert_eq!(done.json["reload"]["proven"], true);
}

#[test]
fn of_two_applies_at_once_one_does_the_work() {
    let machine = Machine::new("standalone");
    let (one, other) = (machine.spawn(APPLY), machine.spawn(APPLY));
    let done = [one.finish(), other.finish()];
    let mut codes = done.each_ref().map(|done| done.code);
    codes.sort_unstable();
    // The other one was refused by the lock, or came when all was done.
    assert!(codes == [0, 3] || codes == [0, 0], "{done:?}");
    let started = machine.journal().iter().filter(|event| event["event"] == "started").count();
    assert_eq!((started, machine.backups().len()), (1, 1));
    assert!(machine.serves_the_new_client());
}

#[test]
fn a_clock_that_was_set_back_confuses_nobody() {
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let ahead = clock_ahead(&machine);
    let run = |arguments: &[&str]| {
        machine.command(env!("CARGO_BIN_EXE_motionctl"), arguments, |command| {
            command.env("LD_PRELOAD", &ahead);
        })
    };
    let done = run(APPLY).finish();
    done.expect(0, "applied");
    assert!(machine.backups()[0].as_str() > "2050", "{:?}", machine.backups());
    // Back in our time: what came last is the newest, whatever its date.
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
    machine.apply(&[]).expect(0, "applied");
    let pruned = machine.motionctl(&["backups", "prune", "--keep", "1", "--json"]);
    assert_eq!(pruned.code, 0, "{pruned}");
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());
    // A run that was cut off in the future is ended in the present.
    let log = machine.scratch().join("places");
    let cut_off = machine.command(env!("CARGO_BIN_EXE_motionctl"), APPLY, |command| {
        command.env("LD_PRELOAD", &ahead).env("MOTIONCTL_KILL_POINT_LOG", &log);
        command
            .env("MOTIONCTL_KILL_POINT_PLACE", "reload: after the signal")
            .env("MOTIONCTL_KILL_POINT_AT", "1");
    });
    assert_eq!(cut_off.finish().code, -1);
    machine.motionctl(&["recover", "--json"]).expect(0, "ok");
    before.assert_same(&machine.configuration().without_folder_times());
    assert!(!machine.serves_the_new_client());
}

/// A library that puts the wall clock thirty years ahead.
fn clock_ahead(machine: &Machine) -> std::path::PathBuf {
    let (source, library) = (machine.scratch().join("clock.c"), machine.scratch().join("clock.so"));
    let text = "#define _GNU_SOURCE\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
        int clock_gettime(clockid_t clock, struct timespec *at) {\n\
        int result = syscall(SYS_clock_gettime, clock, at);\n\
        if (result == 0 && clock == CLOCK_REALTIME) at->tv_sec += 946728000;\n\
        return result;\n}\n";
    fs::write(&source, text).expect("writing");
    let built =
        std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(built.expect("a C compiler links Rust, too").success());
    library
}
