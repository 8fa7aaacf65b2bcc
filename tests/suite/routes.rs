//! `routes` against a real nginx: every location answers with its own name,
//! and the name that comes back is compared with the location we found.
//!
//! Invariant: both sides read the same bytes. Whatever we call unknown is not
//! compared, and counted, so that nothing hides behind it.

mod cases;
mod facts;
mod hosts;
mod random;

use crate::support::depth::generated;
use crate::support::nginx::{Nginx, Place, get};
use cases::CASES;
use nginx_config::routes::{Answer, Candidate, Handler, HopCause, Wanted, answer, servers};
use nginx_config::{Config, MemoryReader};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::path::Path;

fn load(source: &[u8]) -> Config {
    let reader = MemoryReader::new().with("/c/nginx.conf", source);
    Config::load(Path::new("/c/nginx.conf"), Path::new("/c"), &reader).expect("loads")
}

fn loaded(nginx: &Nginx) -> Config {
    load(&std::fs::read(nginx.place.conf()).expect("nginx.conf"))
}

/// What a client sees of an answer: a status, and what tells answers apart.
fn wire(nginx: &Nginx, host: &str, uri: &str) -> String {
    shown(&get(nginx.place.socket(0), host, uri).expect("an answer"))
}

fn shown(answer: &crate::support::nginx::Answer) -> String {
    let header = answer.headers.iter().find_map(|line| line.strip_prefix("Location: "));
    let location = header.map(|url| {
        match url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])) {
            Some(path) => path.to_owned(),
            None => url.to_owned(),
        }
    });
    match (answer.status, location) {
        (200, _) => answer.text(),
        (status @ (301 | 302), Some(location)) => format!("{status} {location}"),
        (status, _) => status.to_string(),
    }
}

/// The same of ours, where files exist as in [`FILES`].
fn expected(answer: &Answer) -> String {
    let text = handled(&answer.handler, &answer.uri);
    let sent = answer.hops.iter().rev().find_map(|hop| match hop.cause {
        HopCause::ErrorPage { sent, .. } => Some(sent),
        _ => None,
    });
    // A page that ends in an error itself, also by its file not being there.
    let is_error = match &answer.handler {
        Handler::Return { target, .. } => target.is_none(),
        Handler::Static { .. } | Handler::Folder { .. } => ["403", "404"].contains(&text.as_str()),
        _ => false,
    };
    match sent.flatten().filter(|_| !is_error) {
        Some(status) if status != 200 && !text.starts_with("30") => status.to_string(),
        _ => text,
    }
}

fn handled(handler: &Handler, uri: &str) -> String {
    match handler {
        Handler::Return { status: 200, target } => target.clone().unwrap_or_default(),
        Handler::Return { status: status @ (301 | 302), target: Some(target) } => {
            format!("{status} {target}")
        }
        Handler::Return { status, .. } => status.to_string(),
        Handler::Static { path } if is_file(path) => {
            path.file_name().expect("a file").to_string_lossy().into_owned()
        }
        Handler::Static { path } if is_folder(path) => format!("301 {uri}/"),
        Handler::Static { .. } => "404".to_owned(),
        Handler::Folder { path, index } => match index.iter().find(|one| exists(one)) {
            Some(one) => expected(&one.answer),
            None if is_folder(path) => "403".to_owned(),
            None => "404".to_owned(),
        },
        Handler::TryFiles { tries, fallback } => {
            expected(tries.iter().find(|one| exists(one)).map_or(fallback, |one| &one.answer))
        }
        Handler::Proxy { .. } => "502".to_owned(),
        Handler::Other { .. } => "other".to_owned(),
        Handler::Unknown { reason } => format!("unknown: {reason}"),
    }
}

fn exists(candidate: &Candidate) -> bool {
    match candidate.wanted {
        Wanted::File => is_file(&candidate.path),
        Wanted::Folder => is_folder(&candidate.path),
    }
}

fn is_file(path: &Path) -> bool {
    FILES.iter().any(|file| path.ends_with(file.trim_start_matches('/')))
}

fn is_folder(path: &Path) -> bool {
    let below = path.strip_prefix("/c").unwrap_or(path);
    FILES
        .iter()
        .any(|file| Path::new(file.trim_start_matches('/')).ancestors().skip(1).any(|folder| folder == below))
}

/// Files below the prefix; each holds its own name.
const FILES: &[&str] = &[
    "/html/index.html", "/html/app.js", "/html/sub/index.htm", "/html/sub/x.php", "/www/f.txt",
    "/www/d/e.css", "/www/b/index.html", "/www/on", "/html/a.js", "/html/b/x",
];

/// Puts a name of its own into each `R`.
fn with_names(template: &str, server: usize) -> String {
    let mut parts = template.split('R');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (number, part) in parts.enumerate() {
        text += &format!(" return 200 s{server}l{number}; {part}");
    }
    text
}

fn write_files(place: &Place) {
    for file in FILES {
        let path = place.dir().join(file.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(&path, path.file_name().expect("a name").as_encoded_bytes()).expect("a file");
    }
}

fn serving(bodies: &[String]) -> Nginx {
    Nginx::serving(|place| {
        write_files(place);
        let server = |(number, body): (usize, &String)| {
            format!("server {{ listen {}; server_name s{number}; {body}\n}}\n", place.listen(0))
        };
        let servers: String = bodies.iter().enumerate().map(server).collect();
        format!("server_names_hash_max_size 8192; server_names_hash_bucket_size 128;\n{servers}")
    })
}

#[test]
fn nginx_answers_as_foretold() {
    let bodies: Vec<String> =
        CASES.iter().enumerate().map(|(number, case)| with_names(case.locations, number)).collect();
    let nginx = serving(&bodies);
    let config = loaded(&nginx);
    let blocks = servers(&config);
    assert_eq!(blocks.len(), CASES.len());
    let mut wrong = Vec::new();
    for (number, (case, &server)) in CASES.iter().zip(blocks).enumerate() {
        for uri in case.uris {
            let (ours, theirs) =
                (expected(&answer(&config, server, uri)), wire(&nginx, &format!("s{number}"), uri));
            if !same(&ours, &theirs) {
                wrong.push(format!("case {number} {uri}: we say {ours:?}, nginx {theirs:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Bodies of error pages keep the status that led to them.
fn same(ours: &str, theirs: &str) -> bool {
    let location = |text: &str| {
        text.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()))
    };
    ours == theirs
        || location(ours).is_some_and(|path| theirs.ends_with(&path) && theirs.starts_with(&ours[..3]))
}

fn random_locations() -> impl Strategy<Value = String> {
    let path = "(/[ab]{0,2}){1,3}/?";
    let name = prop_oneof![
        4 => path.prop_map(|path| path),
        1 => path.prop_map(|path| format!("= {path}")),
        1 => path.prop_map(|path| format!("^~ {path}")),
        2 => "\\^?/?[ab]{1,2}/?[ab]?\\$?".prop_map(|pattern| format!("~ {pattern}")),
        1 => "[AB]{1,2}\\$?".prop_map(|pattern| format!("~* {pattern}")),
    ];
    let body = prop_oneof![3 => Just("R"), 1 => Just("proxy_pass http://127.0.0.1:1; R")];
    prop::collection::vec((name, body, prop::option::of(("[ab]{1,2}/?", "[ab]\\$?"))), 1..9).prop_map(|all| {
        let mut seen = std::collections::BTreeSet::new();
        let mut text = String::new();
        for (name, body, nested) in all {
            let plain = name.trim_start_matches(['=', '^', '~', ' ']).to_owned();
            if !name.starts_with(['~']) && !seen.insert(plain.clone()) {
                continue;
            }
            let nested = match nested {
                Some((path, pattern)) if !name.starts_with(['=', '~']) => {
                    format!("location {plain}{path} {{R}} location ~ {pattern} {{R}}")
                }
                _ => String::new(),
            };
            text += &format!("location {name} {{ {body} {nested} }} ");
        }
        text
    })
}

/// Each has locations of its own.
fn servers_to_ask() -> usize {
    generated("routes, servers with any locations", 100, 1_000).cases as usize
}

#[test]
fn nginx_answers_as_foretold_for_any_locations() {
    let mut runner = TestRunner::deterministic();
    let draw = |runner: &mut TestRunner| random_locations().new_tree(runner).expect("drawn").current();
    let bodies: Vec<String> =
        (0..servers_to_ask()).map(|number| with_names(&draw(&mut runner), number)).collect();
    let uri = "(/[abA]{1,2}){1,3}/?|(/[ab]{0,1}){1,3}";
    let uris: Vec<String> = (0..30).map(|_| uri.new_tree(&mut runner).expect("drawn").current()).collect();
    let nginx = serving(&bodies);
    let config = loaded(&nginx);
    let (mut wrong, mut redirects, mut found) = (Vec::new(), 0, 0);
    for (number, server) in servers(&config).iter().copied().enumerate() {
        for uri in &uris {
            let (ours, theirs) =
                (expected(&answer(&config, server, uri)), wire(&nginx, &format!("s{number}"), uri));
            redirects += usize::from(ours.starts_with("301"));
            found += usize::from(ours.starts_with('s'));
            if ours != theirs {
                wrong.push(format!("{uri}: we say {ours:?}, nginx {theirs:?}, in {}", bodies[number]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong, first {}", wrong.len(), wrong[0]);
    assert!(redirects > 20 && found > 1_000, "{redirects} redirects, {found} found");
}
