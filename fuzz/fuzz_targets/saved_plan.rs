//! Any bytes as a saved plan, and any plan with an identity that fits.
//!
//! Invariant: a plan that is read is written the same, a changed one is refused, and whatever its steps say can be
//! described, taken back and held against a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::plan::{Content, Plan, Step, Version, patch};
use motionctl::values::{BackupId, Hash};

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (place, change, bytes) = input;
    if let Ok(plan) = Plan::from_json(bytes) {
        is_written_the_same(&plan);
    }
    // The identity is computed here: no fuzzer guesses one.
    let Ok(raw) = serde_json::from_slice::<Plan>(bytes) else { return };
    let plan = Plan::new(raw.kind, &raw.strategy, raw.site, raw.nginx, raw.relies_on, raw.steps);
    steps_are_closed(&plan);
    let text = plan.to_json();
    let Ok(read) = Plan::from_json(text.as_bytes()) else { return };
    assert_eq!(read, plan);
    is_written_the_same(&plan);
    let mut changed = text.clone().into_bytes();
    let place = usize::from(place) % changed.len();
    changed[place] ^= change;
    // White space between words is no part of the plan.
    assert!(Plan::from_json(&changed).map_or(true, |other| other == plan), "{text}");
});

fn is_written_the_same(plan: &Plan) {
    let text = plan.to_json();
    let read = Plan::from_json(text.as_bytes()).expect("what is written is read");
    assert_eq!(&read, plan);
    assert_eq!(read.to_json(), text);
}

fn steps_are_closed(plan: &Plan) {
    let backup: BackupId = "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name");
    for step in &plan.steps {
        let section = step.describe();
        assert!(!section.describe.is_empty());
        let _ = step.to_journal();
        let back = step.inverse(&backup);
        // There and back again leads to the same place; a whole tree goes back to the backup that was made before.
        if !matches!(step, Step::RestoreTree { .. }) {
            assert_eq!(back.inverse(&backup).to_journal(), step.to_journal());
        }
    }
    for (_, _, to) in plan.files() {
        if let Version::File { content: Content::Patched(patches), .. } = to {
            let source = b"server {\n    listen 80;\n}\n";
            if let Ok(result) = patch(source, patches) {
                assert_eq!(Hash::of(&patch(source, patches).expect("as before")), Hash::of(&result));
            }
        }
    }
}
