//! The steps of `docs/operations.md`, carried out as they are written.
//!
//! Invariant: a block of commands is taken from the page itself; only `sudo` goes, since the test is root, and what
//! would be asked is agreed to. A step that is written otherwise runs otherwise here.

use super::*;
use crate::support::systemd::Systemd;
use std::fs;
use std::path::Path;

/// The commands of the block in which this line stands.
fn block(line: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let is_code = |line: &&str| line.starts_with("    ");
    let lines: Vec<&str> = page.lines().collect();
    let place = lines.iter().position(|found| is_code(found) && found.contains(line)).expect(line);
    let first = lines[..place].iter().rposition(|line| !is_code(line)).map_or(0, |before| before + 1);
    let commands = lines[first..].iter().take_while(|line| is_code(line));
    commands.map(|line| line.split('#').next().unwrap_or_default().trim().to_owned()).collect()
}

/// Runs one command as it is written.
fn carry_out(machine: &Machine, command: &str) -> Said {
    let binary = env!("CARGO_BIN_EXE_motionctl");
    let asks = ["apply", "rollback"].iter().any(|name| command.contains(&format!("motionctl {name}")));
    let command = command.trim_start_matches("sudo ").replacen("motionctl", binary, 1);
    machine.shell(&format!("{command}{}", if asks { " --yes" } else { "" }))
}

/// Runs a block; each command has to end so.
fn carry_out_all(machine: &Machine, commands: &[String], codes: &[i32]) -> Vec<Said> {
    assert_eq!(commands.len(), codes.len(), "{commands:#?}");
    let run = |(command, code): (&String, &i32)| {
        let said = carry_out(machine, command);
        assert_eq!(said.code, *code, "{command}: {said}");
        said
    };
    commands.iter().zip(codes).map(run).collect()
}

#[test]
fn the_usual_road_is_walked_as_it_is_written() {
    let machine = Machine::new("standalone");
    let before = machine.configuration().without_folder_times();
    let said = carry_out_all(&machine, &block("is this server ready?"), &[0; 6]);
    assert!(said[4].stdout.contains("the new client's route is there"), "{}", said[4]);
    before.assert_same(&machine.configuration().without_folder_times());
}

#[test]
fn after_an_update_the_three_commands_bring_back_what_is_gone() {
    let machine = Machine::new("standalone");
    let vendors = machine.read(SITE);
    machine.apply(&[]).expect(0, "applied");
    machine.edit(SITE, |_| vendors);
    carry_out_all(&machine, &block("an update overwrote motion.conf: 14"), &[0; 3]);
    assert!(machine.read(SITE).contains("/user-ui/"));
}

#[test]
fn a_change_that_waits_is_confirmed_as_it_is_written() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    carry_out_all(&machine, &block("apply --confirm-within 10m"), &[0; 2]);
    assert_eq!(systemd.armed(), [""; 0]);
    let said = carry_out(&machine, &block("motionctl history")[0]);
    assert!(said.stdout.contains("confirmed "), "{said}");
}

#[test]
fn what_is_open_is_put_right_by_hand_as_it_is_written() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.read(SITE);
    let done = machine.apply(&["--confirm-within", "10m"]);
    machine.edit(SITE, |text| text + "# by hand\n");
    systemd.fire("motionctl-unconfirmed-").expect(5, "needs-operator");
    systemd.restart();
    machine.start_nginx();
    let id = done.json["backup"]["id"].as_str().expect("a name");

    let commands: Vec<_> = block("backups extract ID").iter().map(|line| line.replace("ID", id)).collect();
    carry_out_all(&machine, &commands, &[0; 6]);

    assert_eq!(machine.read(SITE), before);
    assert!(!machine.path("/var/backups/before").exists());
    assert_eq!(said(&machine).0, "the new client's route is missing");
}
