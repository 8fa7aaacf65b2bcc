//! `report`: what support staff get.
//!
//! Invariant: it ends with 0 whatever it finds, and says what that is.

mod hostile;
mod page;

use crate::support::binary::{SITE, Server, fixture, motionctl};
use std::fs;

#[test]
fn whatever_is_found_a_report_ends_with_0_and_says_it() {
    for (name, code) in [("standalone", 0), ("already-migrated", 0), ("broken", 65), ("no-motion", 69)] {
        let server = Server::copy(name);
        let document = server.json(&["report"]);
        assert_eq!(
            (&document["exit_code"], &document["error"]),
            (&0.into(), &serde_json::Value::Null),
            "{name}"
        );
        assert_eq!(document["details"]["found"]["exit_code"], code, "{name}");
        let verdict = document["details"]["verdict"].as_str().expect("a verdict");
        assert!(!verdict.is_empty(), "{name}");
    }
}

#[test]
fn a_page_and_an_archive_are_written_and_the_archive_is_the_same_again() {
    let server = Server::copy("standalone");
    let at = |name: &str| server.path().join(name).display().to_string();
    let (page, first, second) = (at("r.html"), at("a.tar.gz"), at("b.tar.gz"));
    assert_eq!(server.run(&["report", "--out", &page, "--archive", &first]).code, 0);
    let text = fs::read_to_string(&page).expect("a page");
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "{text}");
    assert!(text.contains("data-code=\"routes.missing\""), "{text}");
    assert_eq!(server.run(&["report", "--archive", &second]).code, 0);
    let read = |path: &str| fs::read(path).expect("an archive");
    assert!(read(&first) == read(&second));
    assert_eq!(&read(&first)[..2], [0x1f, 0x8b]);
}

#[test]
fn a_page_takes_the_place_of_a_page_and_of_nothing_else() {
    let server = Server::copy("standalone");
    let at = |name: &str| server.path().join(name).display().to_string();
    let (page, site) = (at("r.html"), at(SITE));
    let before = server.read(SITE);
    let refused = server.json(&["plan", "--html", &site]);
    assert_eq!(refused["exit_code"], 3);
    assert_eq!(server.read(SITE), before);
    server.write("r.html", "");
    assert_eq!(server.run(&["plan", "--html", &page]).code, 0);
    assert_eq!(server.run(&["plan", "--html", &page]).code, 0);
    std::os::unix::fs::symlink(&site, at("link.html")).expect("a link");
    assert_eq!(server.json(&["plan", "--html", &at("link.html")])["exit_code"], 3);
    assert_eq!(server.read(SITE), before);
}

#[test]
fn a_page_that_cannot_be_written_is_a_failure_that_says_so() {
    let root = fixture("standalone").display().to_string();
    let document = motionctl(["report", "--root", &root, "--json", "--out", "/nowhere/r.html"]).document();
    assert_eq!(document["exit_code"], 1);
    assert!(document["error"]["message"].as_str().expect("a message").contains("/nowhere/r.html"));
}
