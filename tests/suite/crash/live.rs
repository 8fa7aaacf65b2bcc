//! Driver one on a live server: the run is killed around its reload, and what
//! is served afterwards is what is on the disk.

use super::in_parallel;
use super::table::{End, Table};
use crate::support::depth;
use crate::support::machine::Machine;
use crate::support::said::Said;
use crate::support::systemd::Systemd;
use crate::support::tree_state::State;
use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

/// Machines that work at a time: a run mostly waits between two probes.
const MACHINES: usize = 4;
/// A sample kills each row so often, and around the reload.
const SAMPLE: usize = 3;
const APPLY: &[&str] = &["apply", "--yes", "--json"];
const ROLLBACK: &[&str] = &["rollback", "--yes", "--json"];
const APPLY_WITHIN: &[&str] = &["apply", "--yes", "--json", "--confirm-within", "1h"];
const CONFIRM: &[&str] = &["confirm", "--json"];
const RECOVER: &[&str] = &["recover", "--json"];
/// Where nothing is killed.
const NOWHERE: (&str, usize) = ("", 0);

/// What is killed on a live server, and what led there.
struct Row {
    name: &'static str,
    /// Commands before it, each to its end or to the place where it is killed.
    before: &'static [(&'static [&'static str], Option<&'static str>)],
    command: &'static [&'static str],
    /// What may come of it.
    allowed: &'static [End],
}

const ROWS: [Row; 6] = [
    Row { name: "apply", before: &[], command: APPLY, allowed: &[End::Old, End::New] },
    Row { name: "rollback", before: &[(APPLY, None)], command: ROLLBACK, allowed: &[End::Old, End::New] },
    Row {
        name: "apply --confirm-within",
        before: &[],
        command: APPLY_WITHIN,
        allowed: &[End::Old, End::New],
    },
    // Unconfirmed it goes on waiting, with time left.
    Row { name: "confirm", before: &[(APPLY_WITHIN, None)], command: CONFIRM, allowed: &[End::New] },
    Row {
        name: "recover: undo what was reloaded",
        before: &[(APPLY, Some("reload: after the old workers retired"))],
        command: RECOVER,
        allowed: &[End::Old],
    },
    Row {
        name: "recover: finish a rollback",
        before: &[(APPLY, None), (ROLLBACK, Some("reload: before the signal"))],
        command: RECOVER,
        allowed: &[End::Old],
    },
];

#[test]
fn a_kill_around_the_reload_leaves_what_is_served_in_step_with_the_disk() {
    let mut table = Table::default();
    let mut reached = BTreeSet::new();
    for row in &ROWS {
        let places = undisturbed(row);
        let interesting = interesting(&places);
        let chosen = sampled(&interesting);
        reached.extend(chosen.iter().map(|(place, _)| place.clone()));
        let note = format!(
            "{} of {} places, of which {} are around steps and reload",
            chosen.len(),
            places.len(),
            interesting.len()
        );
        table.note(row.name, note);
        let grounds: Vec<Mutex<Ground>> = (0..MACHINES).map(|_| Mutex::new(Ground::new())).collect();
        table = in_parallel(MACHINES, &chosen, table, |(place, time), table| {
            let ground =
                grounds.iter().find_map(|ground| ground.try_lock().ok()).expect("one for each thread");
            let end = kill_at(row, &ground, (place, *time));
            drop(ground);
            let mut table = table.lock().expect("nobody panics");
            table.run(row.name);
            table.fired(row.name, *end.as_ref().unwrap_or(&End::Mixed));
            if let Err(why) = end {
                table.complaints.push(format!("{} at the {time}. {place:?}: {why}", row.name));
            }
        });
    }
    table.conclude("killed on a live server");
    for place in
        ["reload: before the signal", "reload: after the signal", "reload: after the old workers retired"]
    {
        assert!(reached.contains(place), "{place}: {reached:?}");
    }
}

/// A machine on which one case follows the other.
struct Ground {
    machine: Machine,
    legacy: State,
}

impl Ground {
    fn new() -> Self {
        let machine = Machine::new("standalone");
        Systemd::start(&machine);
        let legacy = machine.configuration().without_folder_times();
        Self { machine, legacy }
    }

    /// Runs a command and kills it at a numbered place of a name. What it said, and the places it reached.
    fn run(&self, command: &[&str], (place, time): (&str, usize)) -> (Said, Vec<String>) {
        let log = self.machine.scratch().join("places");
        fs::write(&log, "").expect("a log");
        let done = self.machine.command(env!("CARGO_BIN_EXE_motionctl"), command, |command| {
            command.env("MOTIONCTL_KILL_POINT_LOG", &log).env("MOTIONCTL_KILL_POINT_PLACE", place);
            command.env("MOTIONCTL_KILL_POINT_AT", time.to_string());
        });
        let done = done.finish();
        (done, fs::read_to_string(&log).expect("its log").lines().map(str::to_owned).collect())
    }

    /// As the row's commands before it leave the machine.
    fn prepare(&self, row: &Row) -> Result<(), String> {
        for (command, place) in row.before {
            let (at, expected) = match place {
                None => (NOWHERE, 0),
                Some(place) => ((*place, 1), -1),
            };
            let (done, _) = self.run(command, at);
            if done.code != expected {
                return Err(format!("{command:?}: {done}"));
            }
        }
        Ok(())
    }
}

fn undisturbed(row: &Row) -> Vec<String> {
    let ground = Ground::new();
    ground.prepare(row).unwrap_or_else(|why| panic!("{}: {why}", row.name));
    let (done, places) = ground.run(row.command, NOWHERE);
    assert_eq!(done.code, 0, "{}: {done}", row.name);
    places
}

/// The steps, the reload, and what the journal says of them; the rest needs no
/// live server. Each by its name and which of that name it is: a machine
/// on which a case ran has the folders that the first one made.
fn interesting(places: &[String]) -> Vec<(String, usize)> {
    let first = places.iter().position(|place| place.starts_with("step: ")).unwrap_or(0);
    let kinds = ["step: ", "reload: ", "put back: ", "discard: ", "append: after the sync"];
    let is_one = |place: &String| kinds.iter().any(|kind| place.starts_with(kind));
    let time = |index: usize| places[..=index].iter().filter(|place| **place == places[index]).count();
    let chosen = (first..places.len()).filter(|index| is_one(&places[*index]));
    chosen.map(|index| (places[index].clone(), time(index))).collect()
}

/// A sample has both sides of the signal, the proof and what lies evenly between the first and the last place.
fn sampled(places: &[(String, usize)]) -> Vec<(String, usize)> {
    let evenly = depth::evenly(places, SAMPLE);
    let is_wanted = |place: &&(String, usize)| evenly.contains(place) || place.0.starts_with("reload: ");
    places.iter().filter(is_wanted).cloned().collect()
}

fn kill_at(row: &Row, ground: &Ground, (place, time): (&str, usize)) -> Result<End, String> {
    ground.prepare(row)?;
    let (killed, places) = ground.run(row.command, (place, time));
    if killed.code >= 0 || places.last().is_none_or(|last| last != place) {
        return Err(format!("not killed there, but after {:?}: {killed}", places.last()));
    }
    if ground.machine.get("/login").status != 200 {
        return Err("nothing is served after the kill".to_owned());
    }
    let (recovered, _) = ground.run(RECOVER, NOWHERE);
    let (again, _) = ground.run(RECOVER, NOWHERE);
    if recovered.code != 0 || again.json["outcome"] != "up-to-date" {
        return Err(format!("recover: {recovered}\nagain: {again}"));
    }
    let is_legacy = ground.legacy.differences(&ground.machine.configuration().without_folder_times());
    let is_legacy = if is_legacy.is_empty() { Ok(()) } else { Err(is_legacy) };
    let serves_new = ground.machine.serves_the_new_client();
    let end = match (row.command, &is_legacy, serves_new) {
        (ROLLBACK, Ok(()), false) => End::New,
        (ROLLBACK, Err(_), true) | (_, Ok(()), false) => End::Old,
        (_, Err(_), true) => End::New,
        _ => return Err(format!("served and installed differ: new client {serves_new}, {is_legacy:?}")),
    };
    if serves_new {
        let (back, _) = ground.run(ROLLBACK, NOWHERE);
        if back.code != 0 {
            return Err(format!("the way is not free: {back}"));
        }
        ground.legacy.assert_same(&ground.machine.configuration().without_folder_times());
    }
    if row.allowed.contains(&end) { Ok(end) } else { Err(format!("{end:?}: {recovered}")) }
}
