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
    let first = |&node| config.directive(node).args.first().expect("an argument").text();
    let names: Vec<_> = answer.chain.iter().map(first).collect();
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
        "location ~ \"^/b{,3}\" { stub_status; } location / { }",
        "/b",
        "the regular expression at /etc/servers:1:10 cannot be run here",
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

/// Each way as what it assumes and what answers: a status, or the block of the answer.
fn ways_of(server: &str, request: &Request) -> Vec<String> {
    let config = load(server);
    let ways = ways(&config, servers(&config)[0], request);
    let shown = |way: &Way| {
        let assumed = way.assumed.iter().map(|assumed| if assumed.holds { '+' } else { '-' });
        let answer = match &way.answer.handler {
            Handler::Return { status, .. } => status.to_string(),
            Handler::Unknown { reason } => reason.clone(),
            _ => match way.answer.chain.last() {
                Some(&node) => config.directive(node).args.first().expect("an argument").text().into_owned(),
                None => "server".to_owned(),
            },
        };
        format!("{}{answer}", assumed.collect::<String>())
    };
    let mut shown: Vec<_> = ways.list.iter().map(shown).collect();
    if !ways.complete {
        shown.push("more".to_owned());
    }
    shown
}

#[test]
fn what_depends_goes_both_ways() {
    let get = Request::get("/a");
    let check = |server: &str, expect: &[&str]| assert_eq!(ways_of(server, &get), expect, "{server}");
    check("if (-f /on) { return 503; } location /a { }", &["-/a", "+503"]);
    check("if ($http_x = a) { return 403; } if ($http_y) { return 404; }", &["--server", "-+404", "+403"]);
    // The same question has the same answer on one way, however it is asked.
    check("if ($http_x = a) { return 403; } if ($http_x != a) { return 404; }", &["-404", "+403"]);
    check("if (!-e $request_filename) { return 404; } if (-e /srv/a) { return 403; }", &["-404", "+403"]);
    check("location ~ \"^/a{,3}\" { } location / { }", &["-/", "+~"]);
    // What is the same both ways is no question.
    check("if ($http_x) { set $a b; } location / { }", &["/"]);
    // Nor is a location that nothing can take away.
    check("location ^~ /a { } location ~ \"^/a{,3}\" { }", &["^~"]);
    // A variable that a `set` makes is empty until it runs.
    check("if ($a = b) { return 403; } if ($http_x) { set $a b; } location / { }", &["/"]);
    check("if ($http_x ~ (.)) { set $a $1; } if ($a = b) { return 403; }", &["-server", "+-server", "++403"]);
    let endless: String = (0..80).map(|n| format!("if ($http_x{n}) {{ return 403; }} ")).collect();
    let shown = ways_of(&endless, &get);
    assert_eq!((shown.len(), shown.last().map(String::as_str)), (65, Some("more")));
}

#[test]
fn a_listener_and_a_host_decide_conditions() {
    let asked = |request: Request| {
        let conditions = [
            ("$scheme != https", "1"),
            ("$https = ''", "2"),
            ("$ssl_protocol = ''", "3"),
            ("$server_port = 80", "4"),
            ("$host !~* ^cc\\.example\\.test$", "5"),
            ("$http_x_forwarded_proto = http", "6"),
            ("$arg_a = 1", "7"),
            ("$server_name = cc.example.test", "8"),
            ("-f $document_root/on", "9"),
        ];
        let list = conditions
            .map(|(condition, number)| format!("if ({condition}) {{ set $n \"${{n}}{number}\"; }} "));
        let config =
            load(&format!("server_name CC.example.test b; set $n _; {} return 200 $n;", list.concat()));
        match answer_to(&config, servers(&config)[0], &request).handler {
            Handler::Return { target: Some(text), .. } => text,
            other => panic!("{other:?}"),
        }
    };
    let bare = |target: &str| Request::get(target).without_other_headers().among([]);
    let plain = bare("/?A=1").at(80, Transport::Plain).to_host("x.test").header("X-Forwarded-Proto", "http");
    assert_eq!(asked(plain), "_12345678");
    let tls = bare("/").at(443, Transport::Tls).to_host("CC.example.test.:443");
    assert_eq!(asked(tls.clone()), "_8");
    assert_eq!(asked(tls.among([("/srv/on".into(), Wanted::File)])), "_89");
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
fn no_alternative_asks_twice_for_a_file() {
    let (answer, _) = ask("index a b; location / { root /srv; try_files $uri $uri/ /a; }", "/");
    let mut waiting = vec![(&answer, Vec::new())];
    let mut seen = 0;
    while let Some((answer, asked)) = waiting.pop() {
        seen += 1;
        let (all, fallback) = match &answer.handler {
            Handler::TryFiles { tries, fallback } => (&tries[..], Some(fallback)),
            Handler::Folder { index, .. } => (&index[..], None),
            Handler::Unknown { reason } => panic!("{reason}"),
            _ => continue,
        };
        let mut asked: Vec<_> = asked;
        for one in all {
            assert!(!asked.contains(&(&one.path, one.wanted)), "{one:?}: {asked:?}");
            asked.push((&one.path, one.wanted));
            waiting.push((&one.answer, asked.clone()));
        }
        waiting.extend(fallback.map(|fallback| (fallback.as_ref(), asked)));
    }
    // The budget, which would end them otherwise, is 256.
    assert!(seen < 40, "{seen} seen");
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
