//! The model of `property` in tables that are shared.

use super::support::{BOTH, DISCRIMINATOR, Keys, ONE_TABLE, Shape};
use crate::seed::property::check;

/// On a file, and fewer on the server.
fn run(shape: &'static Shape, keys: Keys) {
    for db in shape.databases(keys) {
        check(&db, &shape.model, if db.is_server() { 8 } else { 24 });
    }
}

#[test]
fn with_a_discriminator() {
    run(&DISCRIMINATOR, Keys::Given);
}

#[test]
fn of_profiles_and_agents_together() {
    run(&ONE_TABLE, Keys::Given);
}

#[test]
fn with_both_and_without_keys() {
    run(&BOTH, Keys::None);
}
