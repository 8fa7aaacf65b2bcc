//! A file that is being written is not judged.

use super::*;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_burst_of_writes_is_one_verdict_about_the_last_of_them() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    settings(&machine, "");
    assert_eq!(watch(&machine, &[]).code, 0);
    let whole = machine.read(SITE);
    let path = machine.path(SITE);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            // Half a file, none at all, a file without the route; in the end it is as before.
            for round in 0..12 {
                let text = match round % 3 {
                    0 => whole[..whole.len() / 2].to_owned(),
                    1 => String::new(),
                    _ => whole.replace("/user-ui", "/other-ui"),
                };
                fs::write(&path, text).expect("writing");
                thread::sleep(Duration::from_millis(70));
            }
            let beside = path.with_file_name("motion.new");
            fs::write(&beside, &whole).expect("writing");
            fs::rename(&beside, &path).expect("renaming");
        });
        let said = watch(&machine, &["--settle", "500ms"]);
        assert!(writer.is_finished(), "it waited for the writer");
        assert_eq!(said.code, 0, "{said}");
    });
    assert_eq!(heard(&machine), [""; 0]);
}

#[test]
fn a_verdict_that_is_known_takes_no_pause_and_a_new_one_does() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    settings(&machine, "");
    let age = Duration::from_secs(4);
    let timed = || {
        let start = Instant::now();
        let said = watch(&machine, &["--settle", "4s"]);
        (start.elapsed() >= age, said.code)
    };
    assert_eq!(timed(), (true, 0), "the files were written a moment ago");
    assert_eq!(timed(), (false, 0), "nothing is new");
    machine.edit(SITE, |text| format!("# by hand\n{text}"));
    assert_eq!(timed(), (true, 1));
    assert_eq!(timed(), (false, 1));
}

#[test]
fn a_change_that_is_being_made_is_waited_for() {
    let machine = Machine::new("standalone");
    settings(&machine, "");
    let running = machine.stopped_at(&["apply", "--yes", "--json"], ("install: after the swap", 1));
    thread::scope(|scope| {
        let watched = scope.spawn(|| watch(&machine, &[]));
        thread::sleep(Duration::from_secs(2));
        assert!(!watched.is_finished(), "half of a change was judged");
        running.signal(nix::sys::signal::Signal::SIGCONT);
        running.finish().expect(0, "applied");
        let said = watched.join().expect("it ends");
        assert_eq!(said.code, 0, "{said}");
    });
    assert_eq!(heard(&machine), [""; 0]);
}
