//! The new client's page, with every base that is plausible: found on the disk, told from what only looks like it, and
//! served so that its scripts come.
//!
//! Invariant: what is planned for a tree is rehearsed on a real nginx: a page that is found and does not work is no
//! page that was found.

mod live;
mod named;
mod traps;

use crate::support::binary::{SITE, Server, codes, finding};
use serde_json::Value;

const DIST: &str = "var/opt/motion2/client-new/dist";
const SCRIPT: &str = "main.3f2a9c1b.js";
const USUAL: &str = "<base href=\"/user-ui/\">";

/// The standalone server whose client's page has this in the place of its base.
fn with_base(base: &str) -> Server {
    let server = Server::copy("standalone");
    server.replace(&format!("{DIST}/index.html"), USUAL, base);
    server
}

/// Moves the client's files to another folder.
fn move_client(server: &Server, to: &str) {
    std::fs::create_dir_all(server.at(to).parent().expect("a folder")).expect("folders");
    std::fs::rename(server.at(DIST), server.at("moving")).expect("moving");
    std::fs::create_dir_all(server.at(to).parent().expect("a folder")).expect("folders");
    std::fs::rename(server.at("moving"), server.at(to)).expect("moving");
}

fn has(document: &Value, code: &str) -> bool {
    codes(document).contains(&code.to_owned())
}

/// The whole road works on a real nginx, and the page that comes is the new client's.
#[track_caller]
fn works(case: &str, server: &Server, more: &[&str]) -> Value {
    let planned = server.json(&[&["plan"], more].concat());
    assert_eq!(planned["exit_code"], 0, "{case}: {planned:#}");
    let answer = server.json(&[&["rehearse", "--load", "20"], more].concat());
    assert_eq!(answer["exit_code"], 0, "{case}: {answer:#}");
    let rows = answer["probes"].as_array().expect("probes");
    let mut routed =
        rows.iter().filter(|row| row["uri"] == "/user-ui/login" && row["before"] != 301).peekable();
    assert!(routed.peek().is_some(), "{case}: nobody asks: {answer:#}");
    let comes = |row: &Value| row["note"].as_str().is_some_and(|note| note.ends_with("→ new client"));
    assert!(routed.all(comes), "{case}: {answer:#}");
    planned
}

#[test]
fn a_page_is_found_and_served_whatever_its_base_is() {
    for (base, is_unusual) in [
        (USUAL, false),
        ("<base href='/user-ui/'>", false),
        ("<base href=/user-ui/>", false),
        ("<base target=_top\n HREF = \"/user-ui/\" />", false),
        ("<base href=\"./\">", true),
        ("<base href=\".\">", true),
        ("", true),
        ("<!-- <base href=\"/user-ui/\"> -->", true),
        ("<base href=\"/user-ui/it/\">", false),
        ("<base href='/user-ui/de-CH/'>", false),
        ("<base href=\"it/\">", true),
    ] {
        let planned = works(base, &with_base(base), &[]);
        assert_eq!(has(&planned, "newclient.unusual"), is_unusual, "{base}: {planned:#}");
        if is_unusual {
            assert_eq!(finding(&planned, "newclient.unusual")["level"], "warn", "{base}");
        }
    }
}

#[test]
fn a_page_for_another_path_works_where_its_scripts_are_below_the_route() {
    for script in ["/user-ui/main.3f2a9c1b.js", "user-ui/main.3f2a9c1b.js"] {
        let server = with_base("<base href=\"/\">");
        let page = format!("{DIST}/index.html");
        server.replace(&page, "src=\"main.3f2a9c1b.js\"", &format!("src=\"{script}\""));
        server.replace(&page, "href=\"styles", "href=\"/user-ui/styles");
        let planned = works(script, &server, &[]);
        assert!(!has(&planned, "newclient.unusual"), "{planned:#}");
    }
}

/// A browser would ask for its scripts where only Motion answers.
#[test]
fn a_page_whose_scripts_would_be_asked_of_motion_is_not_planned_for() {
    for (base, script) in
        [("<base href=\"/\">", "/main.3f2a9c1b.js"), ("<base href=\"/ui/\">", "/ui/main.3f2a9c1b.js")]
    {
        let server = with_base(base);
        for command in [&["plan"][..], &["apply", "--yes"], &["rehearse", "--load", "20"]] {
            let said = server.json(command);
            assert_ne!(said["exit_code"], 0, "{base}: {said:#}");
            let evidence = finding(&said, "routes.elsewhere")["evidence"].to_string();
            assert!(evidence.contains(&format!("{script} is answered by")), "{base}: {evidence}");
        }
        assert!(!server.read(SITE).contains("user-ui"));
    }
}

#[test]
fn a_build_for_one_language_is_served_at_its_own_path() {
    let server = with_base("<base href=\"/user-ui/it/\">");
    move_client(&server, &format!("{DIST}/it"));
    // Beside it lies what nobody may see.
    server.write(&format!("{DIST}/secrets.json"), "{}");
    let planned = works("it", &server, &[]);
    let diff = planned["plan"]["diff"]["unified"].to_string();
    assert!(
        diff.contains(&format!("alias /{DIST}/it/;")) && diff.contains("location ^~ /user-ui/it/"),
        "{diff}"
    );
    assert!(!has(&planned, "newclient.unusual"), "{planned:#}");
    // A second language is a choice that a person makes.
    let (other, page) = (format!("{DIST}/de"), server.read(&format!("{DIST}/it/index.html")));
    server.write(&format!("{other}/index.html"), page.replace("/user-ui/it/", "/user-ui/de/"));
    for file in [SCRIPT, "styles.9b81d3f0.css"] {
        server.write(&format!("{other}/{file}"), server.read(&format!("{DIST}/it/{file}")));
    }
    let both = server.json(&["plan"]);
    assert_eq!(finding(&both, "newclient.ambiguous")["level"], "stop", "{both:#}");
    works("de", &server, &["--new-client-root", &format!("/{other}")]);
}

/// The files are in a folder of the language's name, below a page that stands outside.
#[test]
fn a_page_above_the_folder_of_its_language_needs_no_path_of_its_own() {
    let server = with_base("<base href=\"/user-ui/it/\">");
    let dist = server.at(DIST);
    std::fs::create_dir(dist.join("it")).expect("a folder");
    for file in [SCRIPT, "styles.9b81d3f0.css", "favicon.svg"] {
        std::fs::rename(dist.join(file), dist.join("it").join(file)).expect("moving");
    }
    let diff = works("it", &server, &[])["plan"]["diff"]["unified"].to_string();
    assert!(!diff.contains("/user-ui/it/"), "{diff}");
}

#[test]
fn a_page_that_the_configuration_serves_already_is_the_client_wherever_it_lies() {
    for folder in ["opt/ui/dist", "srv/www/client"] {
        let server = Server::copy("already-migrated");
        move_client(&server, folder);
        let site = server.read(SITE);
        server.write(SITE, site.replace("/var/opt/motion2/client-new/dist", &format!("/{folder}")));
        for command in ["check", "plan"] {
            let said = server.json(&[command]);
            assert_eq!((&said["exit_code"], &said["outcome"]), (&0.into(), &"up-to-date".into()), "{said:#}");
            assert!(has(&said, "routes.migrated") && !has(&said, "newclient.not-found"), "{said:#}");
        }
        // A block more is brought to the same page.
        let block = "server { listen 8081; server_name cc.example.test; location /api/ { proxy_pass http://127.0.0.1:9000; }\n\
            location / { proxy_pass http://127.0.0.1:9000; } }\n";
        server.write(SITE, format!("{}\n{block}", server.read(SITE)));
        works(folder, &server, &["--strategy", "graft"]);
    }
}

#[test]
fn a_page_that_a_candidate_serves_is_the_client_wherever_it_lies() {
    let server = Server::copy("standalone");
    move_client(&server, "opt/ui/dist");
    server.write("old.conf", server.read(SITE));
    let route = "    location = /user-ui { return 302 /user-ui/; }\n    location ^~ /user-ui/ { alias /opt/ui/dist/; \
        try_files $uri /user-ui/index.html; }\n    location / {";
    server.write("new.conf", server.read(SITE).replacen("    location / {", route, 1));
    let [old, new] = ["old.conf", "new.conf"].map(|name| server.at(name).display().to_string());
    let without = server.json(&["plan"]);
    assert_eq!(finding(&without, "newclient.not-found")["level"], "stop");
    for strategy in ["merge", "graft"] {
        let more = ["--candidate", &new, "--base", &old, "--strategy", strategy];
        let planned = works(strategy, &server, &more);
        assert!(!has(&planned, "newclient.not-found") && !has(&planned, "newclient.unusual"), "{planned:#}");
    }
    // What speaks against it is said, and nothing stops what the vendor's own file names.
    server.replace("opt/ui/dist/index.html", USUAL, "");
    let planned = works("unusual", &server, &["--candidate", &new, "--base", &old]);
    assert_eq!(finding(&planned, "newclient.unusual")["level"], "warn", "{planned:#}");
}

#[test]
fn pages_that_only_look_like_it_are_left_and_the_one_that_has_its_scripts_is_taken() {
    let server = Server::copy("standalone");
    let page = server.read(&format!("{DIST}/index.html"));
    let bare = page.replace("<script src=\"main.3f2a9c1b.js\" type=\"module\"></script>", "");
    // A source tree, a build without its scripts, the legacy client, an API reference, a maintenance page.
    server.write("var/opt/motion2/client-new/src/index.html", bare);
    server.write("var/opt/motion2/broken/index.html", page.replace("main.3f", "gone.4e"));
    server.write("var/opt/motion2/client/index.html", page.replace("<html", "<html ng-app=\"motion\""));
    server.write("var/opt/motion2/client/main.3f2a9c1b.js", "void 0;");
    server.write(
        "var/opt/motion2/server/apidoc/index.html",
        "<script src=vendor.js></script><script src=main.js></script>",
    );
    for file in ["vendor.js", "main.js"] {
        server.write(&format!("var/opt/motion2/server/apidoc/{file}"), "void 0;");
    }
    server.write("var/opt/motion2/maintenance/index.html", "<h1>Back soon</h1>");
    let planned = works("the one", &server, &[]);
    assert!(planned["plan"]["diff"]["unified"].to_string().contains(&format!("alias /{DIST}/;")));
    assert!(!has(&planned, "newclient.unusual"), "{planned:#}");
    // Without that one, the build that lacks its scripts is the next; it is said, and it does not work.
    std::fs::remove_file(server.at(&format!("{DIST}/index.html"))).expect("removing");
    let unusual = server.json(&["plan"]);
    let evidence = finding(&unusual, "newclient.unusual")["evidence"].to_string();
    assert!(evidence.contains("its script /user-ui/gone.4e2a9c1b.js is not there"), "{unusual:#}");
    assert_eq!(server.json(&["rehearse", "--load", "20"])["exit_code"], 1);
}

#[test]
fn a_legacy_page_is_never_taken_for_the_new_client() {
    for mark in ["<html ng-app=\"motion\"", "<html data-ng-app=m", "<html id=\"switch-to-new-experience\""] {
        let server = Server::copy("standalone");
        server.replace(&format!("{DIST}/index.html"), "<html", mark);
        for more in [&[][..], &["--new-client-root", &format!("/{DIST}")]] {
            let said = server.json(&[&["check"], more].concat());
            assert_eq!(said["exit_code"], 3, "{mark}: {said:#}");
            assert_eq!(finding(&said, "newclient.not-found")["level"], "stop", "{mark}: {said:#}");
        }
    }
}

#[test]
fn a_page_in_service_that_lacks_a_script_is_not_up_to_date() {
    let taken = Server::copy("already-migrated");
    let regex = "    location ~* \\.js$ { proxy_pass http://127.0.0.1:9000; }\n    location / {";
    taken.replace(SITE, "    location / {", regex);
    taken.write(SITE, taken.read(SITE).replace("location ^~ /user-ui/", "location /user-ui/"));
    let gone = Server::copy("already-migrated");
    std::fs::remove_file(gone.at(&format!("{DIST}/{SCRIPT}"))).expect("removing");
    for (server, why) in [(&taken, "is answered by"), (&gone, "is not there")] {
        for command in ["check", "status", "plan"] {
            let said = server.json(&[command]);
            assert_eq!(
                (&said["exit_code"], &said["outcome"]),
                (&0.into(), &"ok".into()),
                "{command}: {said:#}"
            );
            assert!(said["details"]["verdict"].to_string().contains("does not work"), "{command}: {said:#}");
            let finding = finding(&said, "routes.elsewhere");
            assert_eq!(finding["level"], "warn", "{said:#}");
            assert!(finding["evidence"].to_string().contains(why), "{command}: {said:#}");
            assert!(!has(&said, "routes.migrated"), "{said:#}");
        }
    }
}
