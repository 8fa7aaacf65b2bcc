//! The administrator at night: a change with agents at work, a confirmation that nobody gives, an edit in between, and
//! each time what the screen says to do next.
//!
//! Invariant: nothing is typed that the screen before has not named, but the first command.

use super::*;
use crate::support::systemd::Systemd;

#[test]
fn whoever_types_what_the_screen_says_gets_home() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let before = machine.configuration().without_folder_times();

    // Half past one: the change is made, and has to be confirmed.
    let done = machine.apply(&["--confirm-within", "10m", "--no-db"]);
    done.expect(0, "awaiting-confirmation");
    assert_eq!(next(&done)[0], "motionctl confirm");
    let (verdict, _) = said(&machine);
    assert_eq!(verdict, "a change waits for its confirmation");

    // The pager rings about something else, a line is added in a hurry, and nobody confirms.
    machine.edit(SITE, |text| text + "# somebody was here\n");
    let fired = systemd.fire("motionctl-unconfirmed-");
    fired.expect(5, "needs-operator");
    systemd.restart();
    machine.start_nginx();

    // Two o'clock: what happened, and what helps.
    let (verdict, helps) = said(&machine);
    for words in ["nobody confirmed the change in time", SITE, "was edited since"] {
        assert!(verdict.contains(words), "{words}: {verdict}");
    }
    let words = machine.motionctl(&["status", "--no-db"]).stdout;
    let last: Vec<&str> = words.lines().rev().take(2).collect();
    assert!(last[0].contains("--whole-tree") || last[1].contains("--whole-tree"), "the end says it: {words}");
    let looked = follow(&machine, &helps[0]);
    assert_eq!(looked.code, 2, "{looked}");
    assert!(looked.json["details"]["unified"].to_string().contains("somebody was here"), "{looked}");
    let back = follow(&machine, &helps[1]);
    back.expect(0, "applied");
    before.assert_same(&machine.configuration().without_folder_times());

    // Ten past two: all is as before, and the journal can tell it to whoever asks in the morning.
    let (verdict, helps) = said(&machine);
    assert_eq!(verdict, "the new client's route is missing");
    let newest = machine.json(&["history"]).json["details"]["runs"][0].clone();
    assert_eq!(
        (&newest["outcome"], &newest["undoable"]),
        (&"rolled-back".into(), &false.into()),
        "{newest:#}"
    );
    assert!(newest["reason"].as_str().is_some_and(|why| why.contains("undone by hand")), "{newest:#}");

    // The next night it is made again as the screen says, kept, and taken back once more with all that goes with it.
    let apply = helps.iter().find(|command| command.starts_with("motionctl apply")).expect("a command");
    let again = machine.json(&[&apply.split(' ').skip(1).collect::<Vec<_>>()[..], &["--yes"]].concat());
    again.expect(0, "applied");
    let (verdict, helps) = said(&machine);
    assert_eq!((verdict.as_str(), helps.len()), ("the new client's route is there", 0));
    let home = machine.json(&["rollback", "--yes"]);
    home.expect(0, "applied");
    assert_eq!(home.json["details"]["loss"], "the new client's route (/user-ui/)", "{home}");
    before.assert_same(&machine.configuration().without_folder_times());
}
