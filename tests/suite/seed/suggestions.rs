//! "Did you mean" costs no more than it helps.

use super::support::{Db, manifest, problems};
use motionctl::seed::Session;
use motionctl::seed::snapshot::Unnamed;

/// How many questions a server was asked while something was done.
pub fn questions(session: &mut Session, work: impl FnOnce(&mut Session)) -> u64 {
    let asked = |session: &mut Session| -> u64 {
        let rows = session.parts().0.rows("SHOW SESSION STATUS LIKE 'Com_select'", &[]).expect("a status");
        rows[0].value(1).display().parse().expect("a number")
    };
    let before = asked(session);
    work(session);
    asked(session) - before
}

/// A profile with so many agents whom nobody knows, each nearly the one who is there.
fn strangers(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|number| format!("anneliese{number:02}")).collect();
    format!("profiles:\n  - name: Day\n    agents: [{}]", names.join(", "))
}

#[test]
fn the_first_fifty_unknown_names_get_a_suggestion() {
    for db in Db::both() {
        db.apply("agents: [{ username: anneliese, fullname: Anne L, internal: '1' }]");
        let failure = db.plan(&strangers(60)).expect_err("unknown");
        let problems = problems(&failure);
        let (first, rest) = problems.split_at(50);
        assert!(first.iter().all(|one| one.ends_with("did you mean `anneliese`?")), "{first:#?}");
        assert_eq!(rest.len(), 10);
        assert!(
            rest.iter().all(|one| one.ends_with("declare it under `agents`, or create it in Motion")),
            "{rest:#?}"
        );
    }
}

#[test]
fn names_are_read_once_for_all_that_are_unknown() {
    let db = Db::on_server();
    db.apply("agents: [{ username: anneliese, fullname: Anne L, internal: '1' }]");
    let asked = |count: usize| {
        let manifest = manifest(&strangers(count));
        questions(&mut db.session(), |session| {
            session.plan(&manifest, Unnamed::Stay).expect_err("unknown");
        })
    };
    assert_eq!(asked(40), asked(1));
}
