//! What NGINX does with a request, rule by rule, and whether the files alone tell it.
//!
//! Invariant: every row of docs/routing.md is one here, and every row here is put to a running NGINX:
//! what is called known is answered as NGINX does, what is not is said to be unknown.

mod answers;
mod rules;

use super::random::{files, same};
use super::{expected, loaded, serving, wire, with_names};
use crate::tidy::docs::same_table;
use nginx_config::routes::{Answer, Handler, Request, Transport, answer_to, servers};

/// One rule.
struct Fact {
    topic: &'static str,
    rule: &'static str,
    /// Directives of a server; every `R` becomes a `return` of its own.
    server: &'static str,
    /// Request targets, separated by blanks.
    asked: &'static str,
    told: Told,
}

/// What the files alone tell of it.
enum Told {
    /// The answer.
    All,
    /// The answer where the rest of the request is known, for which this stands.
    With(&'static str),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

const fn known(topic: &'static str, rule: &'static str, server: &'static str, asked: &'static str) -> Fact {
    Fact { topic, rule, server, asked, told: Told::All }
}

const fn with(
    topic: &'static str,
    rule: &'static str,
    server: &'static str,
    asked: &'static str,
    what: &'static str,
) -> Fact {
    Fact { topic, rule, server, asked, told: Told::With(what) }
}

const fn unknown(
    topic: &'static str,
    rule: &'static str,
    server: &'static str,
    asked: &'static str,
    why: &'static str,
) -> Fact {
    Fact { topic, rule, server, asked, told: Told::Nothing(why) }
}

fn facts() -> impl Iterator<Item = &'static Fact> {
    [rules::FACTS, answers::FACTS].into_iter().flatten()
}

#[test]
fn the_table_of_what_the_files_tell_is_true() {
    let bodies: Vec<String> =
        facts().enumerate().map(|(number, fact)| with_names(fact.server, number)).collect();
    let nginx = serving(&bodies);
    let config = loaded(&nginx);
    let mut wrong = Vec::new();
    let files = files(&nginx.place);
    for (number, (fact, &server)) in facts().zip(servers(&config)).enumerate() {
        let name = format!("s{number}");
        for uri in fact.asked.split_ascii_whitespace() {
            let theirs = wire(&nginx, &name, uri);
            let little = Request::get(uri);
            let all = little.clone().at(nginx.place.socket(0).port(), Transport::Plain).to_host(&name);
            let all = all.without_other_headers().among(files.iter().cloned());
            let [little, all] = [little, all].map(|request| answer_to(&config, server, &request));
            let is_right = |answer: &Answer| same(&expected(answer), &theirs);
            let is_unknown = |answer: &Answer| matches!(answer.handler, Handler::Unknown { .. });
            let is_as_told = match fact.told {
                Told::All => is_right(&little) && is_right(&all),
                Told::With(_) => is_unknown(&little) && is_right(&all),
                Told::Nothing(_) => is_unknown(&little) && is_unknown(&all),
            };
            if !is_as_told {
                let [little, all] = [little, all].map(|answer| expected(&answer));
                wrong.push(format!("{} {uri}: {little:?}, {all:?}, nginx {theirs:?}", fact.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_what_the_files_tell_is_documented() {
    let rows: Vec<Vec<String>> = facts()
        .map(|fact| {
            let told = match fact.told {
                Told::All => "known".to_owned(),
                Told::With(what) => format!("known together with {what}; else both ways are followed"),
                Told::Nothing(why) => format!("cannot tell: {why}"),
            };
            vec![fact.topic.to_owned(), fact.rule.to_owned(), told]
        })
        .collect();
    same_table("routing.md", "| about | what NGINX does |", &rows);
}
