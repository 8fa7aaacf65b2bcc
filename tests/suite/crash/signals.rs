//! Ctrl-C, SIGTERM and a lost terminal at any moment: the command itself cleans
//! up, and its exit code says how.

use super::judge::Judge;
use super::scenario::{SIGNALLED, copy, run_with};
use super::table::{End, Table};
use super::{THREADS, in_parallel, is_wanted};
use crate::support::depth;

/// Of the second signal, which takes the same road as the first, one moment in so many.
const EACH: usize = 3;
/// A sample sends each signal so often.
const SAMPLE: usize = 4;

#[test]
fn a_signal_at_any_moment_undoes_the_run_or_comes_too_late() {
    let mut table = Table::default();
    for scenario in SIGNALLED.iter().filter(|scenario| is_wanted(scenario.name)) {
        let judge = Judge::new(scenario);
        let mut cases = Vec::new();
        for (signal, each) in [("SIGINT", 1), ("SIGTERM", EACH), ("SIGHUP", EACH)] {
            let moments: Vec<usize> = (1..=judge.places.len()).step_by(each).collect();
            let chosen = depth::evenly(&moments, SAMPLE);
            table.note(
                &format!("{}, {signal}", scenario.name),
                format!("{} of {} places", chosen.len(), judge.places.len()),
            );
            cases.extend(chosen.into_iter().map(|number| (signal, number)));
        }
        table = in_parallel(THREADS, &cases, table, |&(signal, number), table| {
            let row = format!("{}, {signal}", scenario.name);
            let end = signal_at(&judge, signal, number);
            let mut table = table.lock().expect("nobody panics");
            table.run(&row);
            table.fired(&row, *end.as_ref().unwrap_or(&End::Mixed));
            if let Err(why) = end {
                table.complaints.push(format!("{row} {number} at {:?}: {why}", judge.places[number - 1]));
            }
        });
    }
    table.conclude("signalled at every kill point");
}

fn signal_at(judge: &Judge, signal: &str, number: usize) -> Result<End, String> {
    let tree = copy(judge.start.path());
    let ran = run_with(tree.path(), judge.scenario.command, ("", number), signal);
    if ran.reached.len() < number {
        return Err(format!("not reached: {:?}", ran.output));
    }
    let code = ran.output.status.code();
    let begins = judge.places.iter().position(|place| place.starts_with("step: ")).unwrap_or(usize::MAX);
    let undoable = judge.scenario.command[0] == "apply";
    let allowed: &[i32] = match signal {
        "SIGHUP" => &[0],
        // A rollback that has begun is finished.
        _ if !undoable => &[0, 1],
        // The flag is looked at before a step's intent is written.
        _ if number + 3 <= begins => &[1],
        _ if number <= begins => &[1, 4],
        _ => &[4, 0],
    };
    if !code.is_some_and(|code| allowed.contains(&code)) {
        return Err(format!("exit {code:?}: {:?}", ran.output));
    }
    // After the last gate a signal comes too late, and only then.
    let end = judge.after_a_fault(tree.path(), &ran.output)?;
    let is_late = ran.reached.iter().filter(|place| *place == "step: between its effect and its end").count()
        >= judge.places.iter().filter(|place| *place == "step: between its effect and its end").count();
    if undoable && signal != "SIGHUP" && end == End::New && !is_late {
        return Err(format!("it went on: {:?}", ran.output));
    }
    Ok(end)
}
