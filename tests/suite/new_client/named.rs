//! What a person names: believed, with a warning where nothing confirms it.
//!
//! Invariant: a tree is not asked, and what was not asked is said.

use super::{DIST, SCRIPT, USUAL, has, with_base, works};
use crate::support::binary::{Server, finding};
use serde_json::Value;

fn unusual(document: &Value) -> (Value, String) {
    let found = finding(document, "newclient.unusual");
    (found["level"].clone(), found["evidence"].to_string())
}

#[test]
fn a_folder_that_is_named_is_believed_and_its_oddities_are_said() {
    let folder = format!("/{DIST}");
    let named = ["--new-client-root", &folder];
    assert!(!has(&works("usual", &with_base(USUAL), &named), "newclient.unusual"));
    let odd = works("no base", &with_base(""), &named);
    let (level, evidence) = unusual(&odd);
    assert!(
        level == "warn" && evidence.contains("neither its base nor its scripts name /user-ui/"),
        "{odd:#}"
    );
    // Accepted by name it is still shown, as accepted.
    let server = with_base("");
    let accepted = server.json(&[&["plan", "--accept", "newclient.unusual"], &named[..]].concat());
    assert_eq!(finding(&accepted, "newclient.unusual")["accepted"], true, "{accepted:#}");
}

/// Nobody would take such a page by itself; a person may know better, and what comes after the change decides.
#[test]
fn a_page_that_angular_did_not_build_is_taken_only_from_a_person() {
    let server = with_base("");
    let page = format!("{DIST}/index.html");
    server.replace(&page, "<app-root></app-root>", "<div id=root></div>");
    server.replace(&page, SCRIPT, "bundle.js");
    server.write(&format!("{DIST}/bundle.js"), "void 0;");
    let found = server.json(&["plan"]);
    let evidence = finding(&found, "newclient.not-found")["evidence"].to_string();
    assert!(evidence.contains("a page of something else"), "{evidence}");
    let planned = works("by a person", &server, &["--new-client-root", &format!("/{DIST}")]);
    assert_eq!(unusual(&planned).0, "warn");
}

#[test]
fn a_named_page_without_its_scripts_is_planned_for_and_undone() {
    let server = Server::copy("standalone");
    std::fs::remove_file(server.at(&format!("{DIST}/{SCRIPT}"))).expect("removing");
    let named = ["--new-client-root", &format!("/{DIST}")];
    let planned = server.json(&[&["plan"], &named[..]].concat());
    let (level, evidence) = unusual(&planned);
    assert!(
        level == "warn" && evidence.contains(&format!("its script /user-ui/{SCRIPT} is not there")),
        "{planned:#}"
    );
    let rehearsed = server.json(&[&["rehearse", "--load", "20"], &named[..]].concat());
    assert_eq!(rehearsed["exit_code"], 1, "{rehearsed:#}");
    assert!(rehearsed["error"]["message"].to_string().contains(SCRIPT), "{rehearsed:#}");
}

#[test]
fn a_page_larger_than_any_is_not_read_to_its_end() {
    let server = Server::copy("standalone");
    let page = server.read(&format!("{DIST}/index.html"));
    server.write(&format!("{DIST}/index.html"), format!("{page}{}", "<p>x</p>".repeat(200_000)));
    let said = server.json(&["plan", "--new-client-root", &format!("/{DIST}")]);
    let evidence = finding(&said, "newclient.not-found")["evidence"].to_string();
    assert!(evidence.contains("larger than any page"), "{evidence}");
    assert!(has(&server.json(&["plan"]), "newclient.not-found"));
}

#[test]
fn an_address_of_a_tree_is_believed_and_said_not_to_be_asked() {
    let server = Server::copy("standalone");
    for (url, is_own) in [
        ("http://127.0.0.1:9001", false),
        ("http://127.0.0.1:9000", true),
        ("http://localhost:9000/user-ui/", false),
        ("http://ui.example.test", false),
    ] {
        let planned = server.json(&["plan", "--new-client-upstream", url]);
        assert_eq!(planned["exit_code"], 0, "{url}: {planned:#}");
        let (level, evidence) = unusual(&planned);
        assert!(level == "warn" && evidence.contains("not asked"), "{url}: {evidence}");
        assert_eq!(evidence.contains("Motion's own address"), is_own, "{url}: {evidence}");
    }
    // Where Motion serves both, the rehearsal's stand-in does as well.
    works("both", &server, &["--new-client-upstream", "http://127.0.0.1:9000"]);
}

#[test]
fn a_text_that_is_no_address_is_wrong_usage() {
    let server = Server::copy("standalone");
    for text in ["127.0.0.1:9000", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://x/ui"] {
        for command in ["check", "plan", "rehearse", "status"] {
            let said = server.json(&[command, "--new-client-upstream", text]);
            assert_eq!(said["exit_code"], 64, "{command} {text}: {said:#}");
        }
    }
}
