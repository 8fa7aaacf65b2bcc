//! `routes`: which block answers which URI, as support asks it.
//!
//! Invariant: every place that is said is looked up in the file that it names.

use crate::contract::check_shape;
use crate::support::binary::{SITE, Server, finding, motionctl};
use crate::support::said::Said;
use serde_json::Value;

const LOGIN: &str = "/user-ui/login";

/// The document, its shape checked.
fn ask(server: &Server, arguments: &[&str]) -> Value {
    let mut all = vec!["routes"];
    all.extend(arguments);
    let document = server.json(&all);
    check_shape(&document, "routes");
    document
}

/// The row of a URI in a server block.
fn row<'d>(document: &'d Value, server: &str, uri: &str) -> &'d Value {
    let servers = document["routes"]["servers"].as_array().expect("servers");
    let server = servers.iter().find(|one| one["server"] == server).expect("the server block");
    let rows = server["routes"].as_array().expect("routes");
    rows.iter().find(|row| row["uri"] == uri).unwrap_or_else(|| panic!("{uri} is not there: {server:#}"))
}

/// The line that a place names.
fn line_at(server: &Server, place: &Value) -> String {
    let text = server.read(place["file"].as_str().expect("a file"));
    let line = usize::try_from(place["line"].as_u64().expect("a line")).expect("fits");
    text.lines().nth(line - 1).expect("the file has that line").trim().to_owned()
}

#[test]
fn the_block_that_answers_is_named_with_its_place_before_and_after_a_change() {
    let server = Server::copy("standalone");
    let before = ask(&server, &[LOGIN]);
    let answer = &row(&before, "cc.example.test:443", LOGIN)["answers"][0];
    assert_eq!(answer["kind"], "proxy");
    assert_eq!(answer["target"], "http://127.0.0.1:9000");
    assert_eq!(line_at(&server, &answer["block"]), "location / {");
    let redirect = &row(&before, "cc.example.test:80", LOGIN)["answers"][0];
    assert_eq!((&redirect["kind"], &redirect["status"]), (&"redirect".into(), &301.into()));

    let applied = server.json(&["apply", "--yes", "--no-db"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let after = ask(&server, &[LOGIN, "/user-ui/main.js", "/login"]);
    let answer = &row(&after, "cc.example.test:443", LOGIN)["answers"][0];
    assert_eq!((&answer["kind"], &answer["there"]), (&"file".into(), &true.into()), "{answer:#}");
    assert!(line_at(&server, &answer["block"]).starts_with("location ^~ /user-ui/"), "{answer:#}");
    let target = answer["target"].as_str().expect("a path");
    assert!(server.at(target).is_file(), "{target}");
    // Its own folder's files are served by a location inside of it.
    assert!(line_at(&server, &answer["ended_by"]).starts_with("location ~ "), "{answer:#}");
    // Beside it nothing has changed.
    assert_eq!(row(&after, "cc.example.test:443", "/login")["answers"][0]["target"], "http://127.0.0.1:9000");
}

#[test]
fn without_a_uri_motions_routes_and_its_locations_are_told_motions_block_first() {
    let server = Server::copy("regex-assets");
    let document = ask(&server, &[]);
    let servers = document["routes"]["servers"].as_array().expect("servers");
    let roles: Vec<_> = servers.iter().map(|one| one["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["motion", "redirects"]);
    let main = "cc.example.test:443";
    for uri in ["/", "/login", "/api/", "/socket.io/", "/user-ui", "/user-ui/", LOGIN] {
        row(&document, main, uri);
    }
    // What support looks for when the page stays white.
    let script = &row(&document, main, "/user-ui/main.js")["answers"][0];
    assert!(line_at(&server, &script["block"]).starts_with("location ~* "), "{script:#}");
    assert_eq!(servers[0]["patterns"][0], script["block"]);
}

#[test]
fn an_address_is_answered_by_the_block_that_nginx_chooses_for_it() {
    let server = Server::copy("standalone");
    let chosen = |uri: &str| {
        let document = ask(&server, &[uri]);
        let servers = document["routes"]["servers"].as_array().expect("servers").clone();
        let names: Vec<_> =
            servers.iter().map(|one| one["server"].as_str().expect("a name").to_owned()).collect();
        let reasons = document["routes"]["nowhere"].as_array().into_iter().flatten();
        (names, reasons.map(|row| row["reason"].as_str().expect("a reason").to_owned()).collect::<Vec<_>>())
    };
    let one = |name: &str| (vec![name.to_owned()], Vec::<String>::new());
    assert_eq!(chosen("https://cc.example.test/user-ui/login"), one("cc.example.test:443"));
    assert_eq!(chosen("http://CC.example.test/"), one("cc.example.test:80"));
    // A host that nobody has goes to the default server.
    assert_eq!(chosen("https://nobody.example.test/"), one("cc.example.test:443"));
    let nowhere = |uri: &str, reason: &str| assert_eq!(chosen(uri), (Vec::new(), vec![reason.to_owned()]));
    nowhere("https://cc.example.test:8443/", "no server block listens on port 8443");
    nowhere("http://cc.example.test:443/", "port 443 is spoken to with TLS: ask for https://");
}

#[test]
fn what_depends_on_the_request_is_told_with_its_condition() {
    let server = Server::copy("standalone");
    server.replace(SITE, "    location /api/ {", "    location /user-ui/ {\n        if ($http_x_beta) {\n            return 503;\n        }\n        root /nowhere;\n        try_files $uri /user-ui/index.html;\n    }\n\n    location /api/ {");
    let document = ask(&server, &["--server", "cc.example.test:443", LOGIN]);
    let answers = row(&document, "cc.example.test:443", LOGIN)["answers"].as_array().expect("answers");
    let [usual, beta] = answers.as_slice() else { panic!("two answers: {answers:#?}") };
    assert_eq!(usual["target"], "/nowhere/user-ui/index.html");
    // The tree shows no such folder, so nothing is said of what lies in it.
    assert!(usual.get("there").is_none() && usual.get("conditions").is_none(), "{usual:#}");
    assert_eq!(usual["tried"][0], "/nowhere/user-ui/login");
    assert_eq!(beta["status"], 503);
    assert_eq!(line_at(&server, &beta["conditions"][0]), "if ($http_x_beta) {");
    assert_eq!(document["routes"]["servers"].as_array().map(Vec::len), Some(1), "one block was named");
}

#[test]
fn a_block_that_no_request_reaches_is_said_to_be_one() {
    let document = ask(&Server::copy("duplicate-server"), &[]);
    let servers = document["routes"]["servers"].as_array().expect("servers");
    let never: Vec<_> = servers.iter().filter_map(|one| one["never_asked"].as_str()).collect();
    assert!(!never.is_empty() && never.len() < servers.len(), "{never:?}");
    assert!(never.iter().all(|text| text.contains("never answers")), "{never:?}");
}

#[test]
fn a_server_without_motion_is_answered_for_all_the_same() {
    let server = Server::copy("no-motion");
    let document = ask(&server, &["/login"]);
    assert_eq!(document["exit_code"], 0);
    assert_eq!(document["routes"]["servers"][0]["role"], "unknown");
    let notes = document["details"]["notes"][0].as_str().expect("a note");
    assert!(notes.contains("could not be told"), "{notes}");
}

#[test]
fn a_name_that_leads_nowhere_and_a_text_that_is_no_uri_are_refused() {
    let server = Server::copy("standalone");
    let document = server.json(&["routes", "--server", "shop.example.test"]);
    assert_eq!(document["exit_code"], 69);
    let finding = finding(&document, "site.not-found");
    assert!(finding["evidence"].to_string().contains("cc.example.test:443"), "{finding:#}");
    let Said { code, stderr, .. } = server.run(&["routes", "user-ui/login"]);
    assert_eq!(code, 64);
    assert!(stderr.contains("a path such as /user-ui/login"), "{stderr}");
}

#[test]
fn a_secret_in_a_uri_is_not_said_again_and_nothing_is_written() {
    let server = Server::copy("standalone");
    let before = server.state();
    for uri in
        ["/login?token=S3cr3tValue", "https://admin:S3cr3tValue@cc.example.test:8443/?password=S3cr3tValue"]
    {
        for form in [vec!["routes", uri], vec!["routes", uri, "--json"], vec!["routes", "-v", uri]] {
            let Said { code, stdout, stderr, .. } = server.run(&form);
            assert_eq!(code, 0, "{stderr}");
            assert!(!stdout.contains("S3cr3tValue") && !stderr.contains("S3cr3tValue"), "{stdout}{stderr}");
        }
    }
    assert_eq!(server.state(), before);
}

#[test]
fn paths_that_are_answered_alike_stand_together() {
    let server = Server::copy("duplicate-server");
    let Said { stdout, .. } = server.run(&["routes", "-v"]);
    assert!(stdout.contains("  / /login /user-ui /user-ui/ /user-ui/login /user-ui/main.js\n"), "{stdout}");
    let help = motionctl(["routes", "--help"]);
    assert_eq!(help.code, 0);
}
