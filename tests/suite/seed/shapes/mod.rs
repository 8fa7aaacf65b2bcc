//! Seeding where links share tables: all channels in one with a discriminator, those of profiles and of agents in one,
//! both at once, and all with a column for each channel's queue; with keys of their own and without any.
//!
//! Invariant: ids of agents, profiles and queues of every channel are the same numbers, so that a statement that forgets
//! a condition touches rows of another kind.

mod deletions;
mod example;
mod foreign;
mod lists;
mod pairs;
mod random;
mod support;

use super::support::Db;
use support::{Keys, Shape, everywhere};

/// Everybody and everything, with ids from 1 on.
const STAFF: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }, { name: V2, strategy: ringall, type: inbound }]
  chat: [{ name: C1, strategy: beepall, timeout: 30 }, { name: C2, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann A, internal: '11' }
  - { username: bob, fullname: Bob B, internal: '12' }
profiles:
  - { name: Day }
  - { name: Night }
";

/// Every link that there can be.
const LINKED: &str = "
agents:
  - { username: ann, personal: { voice: [V1, V2], chat: [C1, C2] } }
  - { username: bob, personal: { voice: [V1, V2], chat: [C1, C2] } }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [{ name: V1, penalty: 1 }, { name: V2, penalty: 0 }], chat: [C1, C2] } }
  - { name: Night, agents: [ann, bob], queues: { voice: [{ name: V1, penalty: 1 }, { name: V2, penalty: 0 }], chat: [C1, C2] } }
";

/// The rows of [`LINKED`].
const ROWS: [&str; 20] = [
    "-|ann|chat|C1", "-|ann|chat|C2", "-|ann|voice|V1", "-|ann|voice|V2", "-|bob|chat|C1", "-|bob|chat|C2",
    "-|bob|voice|V1", "-|bob|voice|V2", "Day|-|chat|C1", "Day|-|chat|C2", "Day|0|voice|V2", "Day|1|voice|V1",
    "Day|ann|agents|", "Day|bob|agents|", "Night|-|chat|C1", "Night|-|chat|C2", "Night|0|voice|V2",
    "Night|1|voice|V1", "Night|ann|agents|", "Night|bob|agents|",
];

/// With keys and without.
const ANY: &[Keys] = &[Keys::Given, Keys::None];

/// Every shape with rows and no links.
fn staffed(keys: &'static [Keys]) -> impl Iterator<Item = (&'static Shape, Keys, Db)> {
    everywhere(keys).inspect(|(_, _, db)| drop(db.apply(STAFF)))
}

/// Every shape with every link.
fn linked(keys: &'static [Keys]) -> impl Iterator<Item = (&'static Shape, Keys, Db)> {
    staffed(keys).inspect(|(shape, keys, db)| {
        db.apply(LINKED);
        assert_eq!(shape.links(db), ROWS, "{} {keys:?}", shape.name);
    })
}
