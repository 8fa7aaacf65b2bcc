//! The model of `property` in tables that are shared.

use super::support::{BOTH, DISCRIMINATOR, Keys, ONE_TABLE, Shape};
use crate::seed::property::check;
use crate::support::depth::generated;

/// On a file, and fewer on the server.
fn run(name: &str, shape: &'static Shape, keys: Keys) {
    for db in shape.databases(keys) {
        let config = if db.is_server() {
            generated(&format!("seed, {name}, MariaDB"), 3, 32)
        } else {
            generated(&format!("seed, {name}, SQLite"), 8, 96)
        };
        check(&db, &shape.model, config);
    }
}

#[test]
fn with_a_discriminator() {
    run("a discriminator", &DISCRIMINATOR, Keys::Given);
}

#[test]
fn of_profiles_and_agents_together() {
    run("one table", &ONE_TABLE, Keys::Given);
}

#[test]
fn with_both_and_without_keys() {
    run("no keys", &BOTH, Keys::None);
}
