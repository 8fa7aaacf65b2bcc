//! Changes that are recorded and made again, over generated configurations.
//!
//! Invariant: whatever two versions differ in, the record of it leads from one
//! to the other; almost always directive by directive.

use super::generate::{config, edited, edits, print};
use crate::depth::generated;
use nginx_config::Tree;
use nginx_config::diff::{Kind, diff};
use nginx_config::patch::{ChangeKind, apply, record};
use proptest::prelude::*;
use std::cell::Cell;

#[test]
fn what_is_recorded_leads_from_one_version_to_the_other() {
    let (single, whole) = (Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = proptest::test_runner::TestRunner::new(generated("patches", 256, 8_192));
    let versions = (config(), edits()).prop_map(|(base, ours)| [print(&base), print(&edited(base, &ours))]);
    runner
        .run(&versions, |[base, ours]| {
            let [base, ours] = [base, ours].map(|source| Tree::parse(source).expect("parses"));
            let changes = record(&base, &ours);
            let made = Tree::parse(apply(&base, &changes).expect("fits")).expect("parses");
            let left = diff(&ours, &made);
            prop_assert!(left.is_empty(), "{left:?}");
            prop_assert!(left.cosmetic.iter().all(|change| change.kind != Kind::Comment), "{left:?}");
            let is_whole = changes.iter().any(|change| change.kind == ChangeKind::Whole);
            let count = if is_whole { &whole } else { &single };
            count.set(count.get() + 1);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(whole.get() * 20 <= single.get(), "{} of {} whole", whole.get(), whole.get() + single.get());
}
