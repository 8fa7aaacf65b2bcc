//! Pages that look like the new client's, or take their time; on a live server.
//!
//! Invariant: nothing but this machine's nginx and Motion is asked, and an answer is waited for only so long.

use super::live::{PAGE, server};
use crate::support::binary::{SITE, Server, finding};
use crate::support::said::Said;
use crate::support::upstream::{Reply, Upstream};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What `check` says of a server whose Motion answers the new client's page, and its files, so.
fn check(
    page: impl Fn() -> Reply + Send + Sync + 'static,
    file: impl Fn() -> Reply + Send + Sync + 'static,
) -> Said {
    let (machine, _motion) = server("", move |path| match path {
        _ if path.starts_with("/user-ui/") && path.contains(".js") => file(),
        _ if path.starts_with("/user-ui/") => page(),
        _ => Reply::html("<html ng-app=motion></html>"),
    });
    machine.motionctl(&["check", "--json"])
}

fn asked(said: &Said) -> String {
    said.finding("newclient.asked").unwrap_or_else(|| panic!("{said}"))["evidence"].to_string()
}

#[test]
fn what_only_looks_like_the_new_client_leaves_its_route_missing() {
    type Answer = fn() -> Reply;
    let cases: [(&str, Answer, Answer, &str); 8] = [
        (
            "a legacy page with its base",
            || Reply::html(format!("<html ng-app>{PAGE}")),
            Reply::script,
            "the legacy client",
        ),
        (
            "an error with 200",
            || Reply::html("<base href=/user-ui/><h1>Error</h1>"),
            Reply::script,
            "no script of its own",
        ),
        ("maintenance", || Reply::html("<h1>Back soon</h1>"), Reply::script, "no script of its own"),
        ("scripts as pages", || Reply::html(PAGE), || Reply::html(PAGE), "is served as \\\"text/html\\\""),
        ("scripts that are missing", || Reply::html(PAGE), Reply::missing, "main.1f.js answers 404"),
        (
            "a page that is none",
            || Reply { content_type: "text/plain".to_owned(), ..Reply::html(PAGE) },
            Reply::script,
            "a page as text/plain",
        ),
        (
            "scripts of others only",
            || Reply::html("<script src=https://cdn.example.test/user-ui/a.js></script>"),
            Reply::script,
            "no script of its own",
        ),
        (
            "data for scripts",
            || Reply::html("<script type=application/json src=/user-ui/a.js></script>"),
            Reply::script,
            "no script of its own",
        ),
    ];
    for (case, page, file, why) in cases {
        let said = check(page, file);
        said.expect(3, "refused");
        assert!(
            said.finding("routes.missing").is_some() && said.finding("newclient.not-found").is_some(),
            "{case}: {said}"
        );
        assert!(asked(&said).contains(why), "{case}: {}", asked(&said));
    }
}

#[test]
fn a_redirect_is_followed_to_the_new_client_and_nowhere_else() {
    // To its own path with a slash, as a folder redirects.
    let (machine, _motion) = server("", |path| match path {
        "/user-ui/login" => Reply::to("/user-ui/login/"),
        "/user-ui/login/" => Reply::html(PAGE),
        _ if path.ends_with(".js") && path.starts_with("/user-ui/") => Reply::script(),
        _ => Reply::html("<html ng-app></html>"),
    });
    machine.motionctl(&["check", "--json"]).expect(0, "up-to-date");
    for to in [
        "/login",
        "https://sso.example.test/auth",
        "//sso.example.test/user-ui/",
        "/user-ui/login",
        "http://127.0.0.1:9777/user-ui/",
    ] {
        let said = check(move || Reply::to(to), Reply::script);
        said.expect(3, "refused");
        assert!(asked(&said).contains("302, sent elsewhere"), "{to}: {}", asked(&said));
    }
    // Round and round.
    let turn = AtomicUsize::new(0);
    let said = check(
        move || Reply::to(&format!("/user-ui/{}", turn.fetch_add(1, Ordering::Relaxed))),
        Reply::script,
    );
    assert!(asked(&said).contains("redirects without end"), "{}", asked(&said));
}

#[test]
fn scripts_of_other_servers_are_never_asked_for() {
    let page = "<base href=/user-ui/><script src=http://127.0.0.1:9777/cdn.js></script><script src=main.js></script>\
        <link rel=stylesheet href=//127.0.0.1:9777/cdn.css><link rel=modulepreload href=http://127.0.0.1:9777/chunk.js>";
    let (machine, _motion) = server("", move |path| match path {
        "/user-ui/main.js" => Reply::script(),
        _ if path.starts_with("/user-ui/") => Reply::html(page),
        _ => Reply::html("<html ng-app></html>"),
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let listener = machine.inside(|| TcpListener::bind("127.0.0.1:9777").expect("the port is free"));
    let _other = Upstream::replying(listener, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::script()
    });
    machine.motionctl(&["check", "--json"]).expect(0, "up-to-date");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_very_large_page_is_read_in_part_and_a_slow_one_not_waited_for() {
    let large = check(|| Reply::html(format!("{PAGE}{}", "<p>x</p>".repeat(1 << 20))), Reply::script);
    large.expect(0, "up-to-date");
    let started = Instant::now();
    let slow = check(
        || {
            thread::sleep(Duration::from_secs(20));
            Reply::html(PAGE)
        },
        Reply::script,
    );
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    slow.expect(3, "refused");
    assert!(
        asked(&slow).contains("no answer in time") || asked(&slow).contains("in time"),
        "{}",
        asked(&slow)
    );
}

/// NGINX may add to a page on its way; a page that shares no script with the one on the disk is another.
#[test]
fn the_page_that_comes_must_be_the_one_that_was_found() {
    let filtered = |more: &str| {
        let server = Server::copy("standalone");
        server.write("var/opt/motion2/client-new/dist/other.js", "void 0;");
        server.replace(SITE, "client_max_body_size", &format!("{more}\n    client_max_body_size"));
        server.json(&["rehearse", "--load", "20"])
    };
    let added = filtered("sub_filter '</head>' '<script src=other.js></script></head>';");
    assert_eq!(added["exit_code"], 0, "{added:#}");
    let another = filtered("sub_filter 'main.3f2a9c1b.js' 'other.js';");
    assert_eq!(another["exit_code"], 1, "{another:#}");
    let message = another["error"]["message"].to_string();
    assert!(message.contains("another page answers than the one that was found on the disk"), "{message}");
}

/// A tree is never asked, and says so where an answer would decide.
#[test]
fn a_tree_says_what_was_not_asked() {
    let server = Server::copy("standalone");
    std::fs::remove_dir_all(server.at("var/opt/motion2/client-new")).expect("removing");
    let said = server.json(&["check"]);
    let evidence = finding(&said, "newclient.not-found")["evidence"].to_string();
    assert!(evidence.contains("not asked: whether Motion itself serves /user-ui/"), "{evidence}");
}
