//! `routes` against a real nginx: every location answers with its own name,
//! and the name that comes back is compared with the location we found.
//!
//! Invariant: both sides read the same bytes. Whatever we call unknown is not
//! compared, and counted, so that nothing hides behind it.

use crate::support::nginx::{Nginx, get};
use motionctl::nginx::routes::{
    Answer, Candidate, Endpoint, Handler, HopCause, ServerMatch, Wanted, answer, server_for, servers,
};
use motionctl::nginx::{Config, MemoryReader, Node};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::net::SocketAddr;
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
    let answer = get(nginx.place.socket(0), host, uri).expect("an answer");
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
    let is_bare = matches!(answer.handler, Handler::Return { target: None, .. });
    match sent.flatten().filter(|_| !is_bare) {
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
        Handler::Folder { index, .. } => {
            index.iter().find(|one| exists(one)).map_or("404".to_owned(), |one| expected(&one.answer))
        }
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
    "/html/index.html",
    "/html/app.js",
    "/html/sub/index.htm",
    "/html/sub/x.php",
    "/www/f.txt",
    "/www/d/e.css",
];

/// Locations of one server, and the URIs to ask for.
struct Case {
    locations: &'static str,
    uris: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        locations: "location = /a {R} location /a {R} location /a/b {R} location ^~ /a/c {R} location ~ /a/.*x$ {R} location ~* X$ {R} location / {R}",
        uris: &[
            "/",
            "/a",
            "/ab",
            "/a/",
            "/a/b",
            "/a/b/x",
            "/a/cx",
            "/a/c/x",
            "/ax",
            "/bX",
            "/zx",
            "/a%2Fb",
            "/a/../a/b",
            "//a//b",
            "/A",
            "/a?x",
            "/a/./b",
            "/%61",
        ],
    },
    Case {
        locations: "location /o {R location /o/i {R location ~ e$ {R} location = /o/i/x {R}} location ~ d$ {R} } location ~ [de]$ {R} location ^~ /f/ {R location ~ x$ {R} location /f/g {R} }",
        uris: &[
            "/o", "/o/i", "/o/ie", "/o/id", "/o/i/x", "/oe", "/od", "/e", "/f/", "/f/x", "/f/g", "/f/gx",
            "/f/d", "/", "/o/i/y",
        ],
    },
    Case {
        locations: "location /p/ { proxy_pass http://127.0.0.1:1; } location /q/ { proxy_pass http://127.0.0.1:1; } location = /q {R} location ~ ^/p$ {R} location /r { proxy_pass http://127.0.0.1:1; location /r/s/ { proxy_pass http://127.0.0.1:1; } } location = /t/ { proxy_pass http://127.0.0.1:1; } location / {R}",
        uris: &[
            "/p", "/p?a=b", "/p/", "/p/x", "/q", "/q/", "/r", "/r/", "/r/s", "/r/s/", "/t", "/t/", "/t/x",
        ],
    },
    Case {
        locations: "root html; location /n {R} location ^~/m {R} location =/e {R} location ~*^/k {R} location ~^/j {R} location ~ ^/(?<one>.)/(.)$ { return 200 $one-$2; } location ~ /x {R location /x/y {R} location /x/p/ { proxy_pass http://127.0.0.1:1; } } ",
        uris: &[
            "/n", "/m", "/e", "/K1", "/j1", "/J1", "/v/w", "/x", "/x/y", "/x/p", "/u/x/p", "/", "/app.js",
            "/none",
        ],
    },
    Case {
        locations: "root html; location / { try_files $uri $uri/ /index.html; } location /sub/ { index index.htm index.html; } location ~ \\.php$ {R} location /api { try_files $uri =405; } location /named { try_files $uri @n; } location @n {R} location /loop { try_files /none /loop; } location /php { try_files /sub/x.php =404; }",
        uris: &[
            "/",
            "/app.js",
            "/x/y",
            "/sub/",
            "/sub/x.php",
            "/api",
            "/named",
            "/loop",
            "/php",
            "/sub",
            "/index.html",
        ],
    },
    Case {
        locations: "location /w/ { alias www/; } location /w2 { alias www; } location ~ ^/w3/(.*)$ { alias www/$1; } location /w4/ { alias www/; try_files $uri d/e.css =405; } location /w5 { alias www; location /w5/d { } } location = /w6 { alias www/f.txt; }",
        uris: &[
            "/w/f.txt",
            "/w/none",
            "/w2/f.txt",
            "/w3/d/e.css",
            "/w4/f.txt",
            "/w4/none",
            "/w5/d/e.css",
            "/w5/f.txt",
            "/w6",
        ],
    },
    Case {
        locations: "rewrite ^/old/(.*)$ /new/$1; rewrite ^/gone$ /x permanent; location /new/ {R} location /l { rewrite ^/l/(.*)$ /$1 last; R } location /b { rewrite ^/b/(.*)$ /$1 break; R } location /c { rewrite ^/c/(.*)$ /c2/$1; rewrite ^/c2/(.*)$ /new/$1; } location /d { rewrite ^ /new/d; break; R } location /i { internal; R } location /j { rewrite ^ /i last; } location /u { rewrite ^ http://e.test/u; } location /v { rewrite ^ /x/v? redirect; } location /w { rewrite ^ /x/w redirect; } location /y { rewrite ^/y(.*)$ /y$1 last; } location /z { rewrite ^/z /z2 break; return 200 $uri; }",
        uris: &[
            "/old/1",
            "/gone",
            "/gone?a=b",
            "/l/new/1",
            "/l/x",
            "/b/1",
            "/c/1",
            "/d",
            "/i",
            "/j",
            "/u",
            "/u?a",
            "/v?a",
            "/w?a",
            "/y",
            "/z",
        ],
    },
    Case {
        locations: "error_page 404 /e404; error_page 403 =200 /e403; error_page 410 @g; error_page 402 http://e.test/pay; location /e404 {R} location /e403 {R} location @g { return 200 named; } location /a { return 404; } location /b { return 403; } location /c { return 410; } location /d { return 402; } location /e { return 404 text; } location /f { error_page 500 /x; return 404; } location /g { return 403; error_page 403 /h; } location /h { return 404; } location /k { internal; R } location /m { return 301 /x; } location /n { return http://e.test/n; } location /o { return 204; }",
        uris: &["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/k", "/m", "/n", "/o"],
    },
    Case {
        locations: "set $t 1; if ($request_method = POST) { return 405; } if ($uri ~ ^/if(\\d)) { return 200 if$1; } if ($args = no) { return 403; } location / { if ($arg_unknown) { add_header X y; } if ($t = 2) { return 200 two; } if ($uri = /in) { return 200 in; } if ($uri !~ z) { set $t 3; } if ($t) { return 200 t$t; } R }",
        uris: &["/if1", "/if", "/x?no", "/x?yes", "/in", "/z", "/y"],
    },
    Case {
        locations: "merge_slashes off; location /a/b {R} location // {R} location / {R}",
        uris: &["//a/b", "/a//b", "/a/b", "/x//../a/b", "/a/./b"],
    },
    Case { locations: "return 200 server; location / {R}", uris: &["/", "/x"] },
    Case { locations: "location /only {R}", uris: &["/", "/on", "/only"] },
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

fn serving(bodies: &[String]) -> Nginx {
    Nginx::serving(|place| {
        for file in FILES {
            let path = place.dir().join(file.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(&path, path.file_name().expect("a name").as_encoded_bytes()).expect("a file");
        }
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
    for (number, (case, &server)) in CASES.iter().zip(&blocks).enumerate() {
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

#[test]
fn nginx_answers_as_foretold_for_any_locations() {
    let mut runner = TestRunner::deterministic();
    let draw = |runner: &mut TestRunner| random_locations().new_tree(runner).expect("drawn").current();
    let bodies: Vec<String> = (0..150).map(|number| with_names(&draw(&mut runner), number)).collect();
    let uri = "(/[abA]{1,2}){1,3}/?|(/[ab]{0,1}){1,3}";
    let uris: Vec<String> = (0..30).map(|_| uri.new_tree(&mut runner).expect("drawn").current()).collect();
    let nginx = serving(&bodies);
    let config = loaded(&nginx);
    let (mut wrong, mut redirects, mut found) = (Vec::new(), 0, 0);
    for (number, server) in servers(&config).into_iter().enumerate() {
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

#[test]
fn nginx_picks_the_server_that_was_foretold() {
    let names = [
        "example.test",
        "*.example.test",
        "www.example.test WWW.Second.test",
        "~^(?<user>.+)\\.users\\.test$",
        ".dot.test",
        "mail.*",
        "*.a.example.test",
        "~^w",
        "_",
        "www.*",
    ];
    let nginx = Nginx::serving(|place| {
        let block = |listen: &str, names: &str, body: &str| {
            format!("server {{ listen {listen}; server_name {names}; return 200 \"{body}\"; }}\n")
        };
        let first = names
            .iter()
            .enumerate()
            .map(|(number, names)| block(&place.listen(0), names, &number.to_string()));
        let wide = format!("*:{}", place.socket(1).port());
        let second = [
            block(&wide, "plain.test", "wide"),
            block(&format!("{wide} default_server"), "other.test", "default"),
            block(&place.listen(1), "narrow.test", "narrow"),
        ];
        first.chain(second).collect()
    });
    let config = loaded(&nginx);
    let body = |node: Node| {
        let last = *config.children(node).last().expect("a return");
        config.directive(last).args[1].text().into_owned()
    };
    let check = |socket: SocketAddr, host: &str| {
        let theirs = get(socket, host, "/").expect("an answer").text();
        let ours = match server_for(&config, &Endpoint::Tcp(socket.ip(), socket.port()), host) {
            ServerMatch::Server(node) => body(node),
            other => format!("{other:?}"),
        };
        assert_eq!(ours, theirs, "{host} on {socket}");
    };
    for host in [
        "example.test",
        "EXAMPLE.test",
        "example.test.",
        "example.test:8080",
        "www.example.test",
        "x.example.test",
        "x.a.example.test",
        "a.example.test",
        "second.test",
        "www.second.test",
        "ann.users.test",
        "dot.test",
        "x.dot.test",
        "mail.org",
        "mail.example.test",
        "www.net",
        "west",
        "none.test",
        "_",
    ] {
        check(nginx.place.socket(0), host);
    }
    for host in ["plain.test", "narrow.test", "none.test"] {
        check(nginx.place.socket(1), host);
        check(SocketAddr::new([127, 0, 0, 1].into(), nginx.place.socket(1).port()), host);
    }
    let elsewhere = Endpoint::Tcp(nginx.place.socket(0).ip(), 1);
    assert_eq!(server_for(&config, &elsewhere, "example.test"), ServerMatch::Nowhere);
}

#[test]
fn the_default_server_decides_on_slashes() {
    let nginx = Nginx::serving(|place| {
        let block = |number: usize, name: &str, more: &str| {
            format!(
                "server {{ listen {}; server_name {name}; {more} return 200 $uri; }}\n",
                place.listen(number)
            )
        };
        block(0, "a", "merge_slashes off;")
            + &block(0, "b", "")
            + &block(1, "c", "")
            + &block(1, "d", "merge_slashes off;")
    });
    let config = loaded(&nginx);
    for (number, (&server, name)) in servers(&config).iter().zip(["a", "b", "c", "d"]).enumerate() {
        for uri in ["//x", "/x//y", "/x//../y", "/%2f/x", "/x"] {
            let theirs = get(nginx.place.socket(number / 2), name, uri).expect("an answer").text();
            assert_eq!(expected(&answer(&config, server, uri)), theirs, "{uri} on {name}");
        }
    }
}
