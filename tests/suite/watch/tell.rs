//! What the watcher tells: the admin's command once for each change, the log at every look.

use super::*;
use nix::mount::{MsFlags, mount};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn the_command_hears_of_each_change_once() {
    let machine = Machine::new("standalone");
    let old = machine.read(SITE);
    machine.apply(&[]).expect(0, "applied");
    settings(&machine, "");
    let look = |code: i32| {
        let said = watch(&machine, &[]);
        assert_eq!(said.code, code, "{said}");
        assert_eq!(said.json["details"]["check"]["line"].as_str().map(|line| line.lines().count()), Some(1));
    };
    look(0);
    assert_eq!(heard(&machine), [""; 0], "that all is well is no news");
    machine.edit(SITE, |_| old.clone());
    look(2);
    look(2);
    assert_eq!(heard(&machine), ["state an argument CRITICAL was OK"]);
    let document = document(&machine);
    assert_eq!((&document["state"], &document["was"]), (&"CRITICAL".into(), &"OK".into()), "{document:#}");
    assert!(document["line"].to_string().contains("an update overwrote"), "{document:#}");
    assert_eq!(document["reasons"][0]["kind"], "overwritten", "{document:#}");
    assert_eq!(document["site"], SITE, "{document:#}");
    // Somebody makes it good again.
    machine.apply(&[]).expect(0, "applied");
    look(0);
    look(0);
    assert_eq!(heard(&machine).len(), 2);
    assert_eq!(heard(&machine)[1], "state an argument OK was CRITICAL");
}

#[test]
fn a_command_that_fails_hears_of_it_again() {
    let machine = Machine::new("standalone");
    settings(&machine, "");
    machine.inside(|| fs::write(format!("{OWN}/deaf"), "").expect("writing"));
    for calls in [1, 2] {
        let said = watch(&machine, &[]);
        assert_eq!(said.code, 2, "{said}");
        assert!(line(&said).contains("did not hear of it"), "{said}");
        assert_eq!(heard(&machine).len(), calls);
    }
    machine.inside(|| fs::remove_file(format!("{OWN}/deaf")).expect("removing"));
    watch(&machine, &[]);
    watch(&machine, &[]);
    assert_eq!(heard(&machine).len(), 3);
}

#[test]
fn a_command_that_others_could_have_written_is_not_run() {
    let machine = Machine::new("standalone");
    for (file, mode) in [("tell", 0o777), ("config.toml", 0o666), (".", 0o777)] {
        settings(&machine, "");
        let path = format!("{OWN}/{file}");
        machine.inside(|| fs::set_permissions(&path, Permissions::from_mode(mode)).expect("its mode"));
        let said = watch(&machine, &[]);
        assert!(line(&said).contains("can be written by everybody"), "{file}: {said}");
        assert_eq!(heard(&machine), [""; 0], "{file}");
        machine.inside(|| fs::remove_dir_all(OWN).expect("removing"));
    }
    settings(&machine, "");
    machine.inside(|| {
        fs::write(format!("{OWN}/config.toml"), "[watch]\ncommand = [\"tell\"]\n").expect("writing")
    });
    assert!(
        line(&watch(&machine, &["--settle", "100ms"])).contains("tell is not there"),
        "a command has a path"
    );
}

#[test]
fn every_look_is_one_line_in_the_log() {
    let machine = Machine::new("standalone");
    settings(&machine, "");
    let log = machine.inside(|| {
        // A device folder of its own, with what programs need and a socket where the log is.
        fs::create_dir("/run/dev").expect("a folder");
        for name in ["null", "urandom", "random", "zero"] {
            fs::write(format!("/run/dev/{name}"), "").expect("writing");
            let (from, to) = (format!("/dev/{name}"), format!("/run/dev/{name}"));
            mount(Some(from.as_str()), to.as_str(), None::<&str>, MsFlags::MS_BIND, None::<&str>)
                .expect("binding");
        }
        mount(Some("/run/dev"), "/dev", None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
            .expect("binding");
        let log = UnixDatagram::bind("/dev/log").expect("a socket");
        log.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        log
    });
    let next = || {
        let mut bytes = [0; 4096];
        let count = log.recv(&mut bytes).expect("a line in the log");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert_eq!(watch(&machine, &[]).code, 2);
    let line = next();
    // Facility daemon (3), severity critical (2).
    assert!(
        line.starts_with("<26>") && line.contains("motionctl[") && line.contains("CRITICAL - the new"),
        "{line}"
    );
    machine.apply(&[]).expect(0, "applied");
    let line = next();
    assert!(line.starts_with("<29>") && line.contains("change applied"), "a change has its own: {line}");
    assert_eq!(watch(&machine, &[]).code, 0);
    let line = next();
    assert!(line.starts_with("<30>") && line.contains(": OK - "), "{line}");
}

#[test]
fn the_journal_gets_a_line_with_its_severity_and_no_second_one() {
    let machine = Machine::new("standalone");
    settings(&machine, "");
    let path = machine.scratch().join("journal");
    let journal = fs::File::create(&path).expect("a file");
    let found = journal.metadata().expect("its metadata");
    let config = format!("{OWN}/config.toml");
    let run = |stream: String| {
        let running = machine.command(
            env!("CARGO_BIN_EXE_motionctl"),
            &["-q", "watch", "--config", &config],
            |command| {
                let stdout = journal.try_clone().expect("a descriptor");
                command.env("JOURNAL_STREAM", stream).stdout(Stdio::from(stdout));
            },
        );
        assert_eq!(running.finish().code, 2);
        fs::read_to_string(&path).expect("text")
    };
    let text = run(format!("{}:{}", found.dev(), found.ino()));
    assert!(text.starts_with("<2>CRITICAL - ") && text.lines().count() == 1, "{text}");
    let text = run("1:1".to_owned());
    assert!(
        text.lines().nth(1).is_some_and(|line| line.starts_with("CRITICAL - ")),
        "another's journal: {text}"
    );
}
