//! Where NGINX cannot judge a copy of a server: there is none here, or it misses what the copy lacks.
//!
//! Invariant: a refusal is this machine's only where the copy is known to lack something, or NGINX here lacks a module;
//! any other is the configuration's own fault.

use crate::facts::{Facts, StandIn};
use crate::host::{Extent, Root};
use crate::outcome::Finding;
use crate::outcome::codes;

/// How NGINX begins to say that a module is not there; with another set of modules it would know the word.
const UNKNOWN_WORDS: [&str; 3] = ["unknown directive", "dlopen()", "module \""];

/// That nothing was validated, since nobody is here who could.
pub fn no_program() -> Finding {
    not_validated(
        "there is no NGINX on this machine",
        "install NGINX here, or run motionctl on the server itself",
    )
}

/// That nothing was validated, since this machine differs from the server; `None` where the refusal counts.
pub fn not_this_machine(root: &Root, facts: &Facts, errors: impl Iterator<Item = String>) -> Option<Finding> {
    if root.extent() == Extent::Whole {
        return None;
    }
    let errors: Vec<String> = errors.collect();
    let lacks = facts.nginx.stand_ins.values().any(|stand_in| *stand_in == StandIn::Nothing);
    let words = |line: &String| UNKNOWN_WORDS.iter().any(|word| line.contains(word));
    (lacks || errors.iter().any(words)).then(|| {
        let title = "NGINX of this machine refuses this copy, which says little about the server";
        let advice = "where it has other modules than the server, run motionctl on the server itself";
        errors.into_iter().fold(not_validated(title, advice), Finding::evidence)
    })
}

fn not_validated(why: &str, advice: &str) -> Finding {
    Finding::new(codes::NGINX_NOT_VALIDATED, "not validated: no `nginx -t` has judged this configuration")
        .evidence(why.to_owned())
        .advice(advice.to_owned())
}
