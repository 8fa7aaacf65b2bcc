//! What the wire cannot show: chains, targets, and everything unknown.
//!
//! Invariant: answers that a client can see are tested against a real nginx
//! in the suite, not here.

use super::*;
use crate::MemoryReader;
use std::path::Path;

fn load(server: &str) -> Config {
    let main = "http { root /srv; include servers; }";
    let reader = MemoryReader::new()
        .with("/etc/nginx.conf", main)
        .with("/etc/servers", format!("server {{ {server} }}"))
        .with("/etc/shared", "location /shared { proxy_pass http://shared; }");
    Config::load(Path::new("/etc/nginx.conf"), Path::new("/usr"), &reader).expect("loads")
}

fn ask(server: &str, target: &str) -> (Answer, Config) {
    let config = load(server);
    let server = servers(&config)[0];
    (answer(&config, server, target), config)
}

fn unknown(server: &str, target: &str, reason: &str) {
    match ask(server, target).0.handler {
        Handler::Unknown { reason: found } => assert_eq!(found, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_chain_names_every_location_on_the_way() {
    let (answer, config) = ask("location / { location /a { include shared; location /a/b { } } }", "/a/b/c");
    let names: Vec<_> = answer.chain.iter().map(|&node| config.directive(node).args[0].text()).collect();
    assert_eq!(names, ["/", "/a", "/a/b"]);
    assert_eq!(answer.handler, Handler::Static { path: "/srv/a/b/c".into() });

    let (answer, config) = ask("include shared;", "/shared/x");
    assert_eq!(config.place(answer.chain[0]), "/etc/shared:1:1");
    let Handler::Proxy { target, directive } = answer.handler else { panic!("proxied") };
    assert_eq!(
        (target.as_str(), config.directive(directive).name.text()),
        ("http://shared", "proxy_pass".into())
    );

    let (answer, _) = ask("location @x { proxy_pass http://x; } location / { try_files $uri @x; }", "/a");
    let Handler::TryFiles { tries, fallback } = answer.handler else { panic!("try_files") };
    assert_eq!((tries.len(), tries[0].path.as_path()), (1, Path::new("/srv/a")));
    assert_eq!(fallback.hops, [Hop { cause: HopCause::TryFiles, target: "@x".to_owned() }]);
    assert!(matches!(fallback.handler, Handler::Proxy { .. }));
}

#[test]
fn content_handlers_stay_with_their_location() {
    let (answer, config) = ask("location / { stub_status; location /a { } }", "/x");
    let Handler::Other { directive } = answer.handler else { panic!("a handler") };
    assert!(config.directive(directive).is("stub_status"));
    let (answer, _) = ask("location / { stub_status; location /a { } }", "/a");
    assert_eq!(answer.handler, Handler::Static { path: "/srv/a".into() });
    let (answer, _) = ask("location / { proxy_pass http://a; if ($uri) { add_header x y; } }", "/x");
    assert!(matches!(answer.handler, Handler::Proxy { .. }));
    assert_eq!(answer.chain.len(), 2);
}

#[test]
fn what_is_not_known_is_said() {
    unknown(
        "location ~ ^/(?!a) { } location / { }",
        "/b",
        "the regular expression at /etc/servers:1:10 needs PCRE",
    );
    unknown(
        "if ($scheme = http) { return 301 /x; }",
        "/",
        "the condition at /etc/servers:1:10 depends on the request",
    );
    unknown(
        "rewrite ^ /$http_x last;",
        "/",
        "the replacement has variables that depend on the request at /etc/servers:1:10",
    );
    unknown("root /srv/$host;", "/a", "the folder at /etc/servers:1:10 depends on the request");
    unknown("try_files /$host/x =404;", "/a", "the files at /etc/servers:1:10 depend on the request");
    unknown(
        "location / { if ($http_x) { add_header a b; } try_files $uri =404; }",
        "/a",
        "the condition at /etc/servers:1:23 depends on the request",
    );
    let (answer, _) = ask("if ($http_x) { set $a b; } location / { add_header a b; }", "/a");
    assert_eq!(answer.handler, Handler::Static { path: "/srv/a".into() });
}

#[test]
fn what_the_caller_knows_is_used() {
    let config =
        load("if ($scheme = http) { return 301 https://$host$request_uri; } location / { stub_status; }");
    let server = servers(&config)[0];
    let plain = answer_to(&config, server, &Request::get("/a?b").with("scheme", "http").with("host", "h"));
    assert_eq!(plain.handler, Handler::Return { status: 301, target: Some("https://h/a?b".to_owned()) });
    let secure = answer_to(&config, server, &Request::get("/a?b").with("scheme", "https"));
    assert!(matches!(secure.handler, Handler::Other { .. }));
}

#[test]
fn endless_alternatives_end() {
    let index: String = (0..40).map(|number| format!("d{number}/ ")).collect();
    let (answer, _) = ask(&format!("index {index};"), "/");
    let mut waiting = vec![&answer];
    let (mut seen, mut unknown) = (0, 0);
    while let Some(answer) = waiting.pop() {
        seen += 1;
        match &answer.handler {
            Handler::Folder { index, .. } => waiting.extend(index.iter().map(|candidate| &candidate.answer)),
            Handler::Unknown { .. } => unknown += 1,
            _ => {}
        }
    }
    assert!(seen < 1_000 && unknown > 0, "{seen} seen");
    let (answer, _) = ask("location / { rewrite ^ / last; }", "/");
    assert_eq!(answer.handler, Handler::Return { status: 500, target: None });
}

#[test]
fn addresses_are_read_as_nginx_reads_them() {
    let shown = |argument: &str| {
        let all: Vec<_> = server::endpoints(argument).iter().map(|at| format!("{at:?}")).collect();
        all.join(" ")
    };
    assert_eq!(shown("80"), "Tcp(0.0.0.0, 80)");
    assert_eq!(shown("*:81"), "Tcp(0.0.0.0, 81)");
    assert_eq!(shown("127.0.0.1"), "Tcp(127.0.0.1, 80)");
    assert_eq!(shown("[::1]:8443"), "Tcp(::1, 8443)");
    assert_eq!(shown("[::]"), "Tcp(::, 80)");
    assert_eq!(shown("Localhost:82"), "Name(\"localhost\", 82)");
    assert_eq!(shown("1.2.3.4:80-81"), "Tcp(1.2.3.4, 80) Tcp(1.2.3.4, 81)");
    assert_eq!(shown("unix:/run/x"), "Unix([47, 114, 117, 110, 47, 120])");
    assert_eq!(shown("1.2.3.4:x"), "");
}
