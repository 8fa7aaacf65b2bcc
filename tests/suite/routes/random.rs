//! Random server blocks and requests, answered by a running nginx and by us.
//!
//! Invariant: an answer is right, or said to be unknown; with everything known that nginx sees, less
//! than one in ten may be unknown. With nothing known but the URI, what nginx answers is among the
//! ways. `MOTIONCTL_SEED` repeats a run; the seed is printed when it fails.

use super::{expected, with_names};
use crate::support::depth::{self, report};
use crate::support::nginx::{Nginx, Place};
use crate::support::tls;
use motionctl::verify::certificate::Certificate;
use nginx_config::routes::{Handler, Request, Transport, Wanted, answer_to, servers, ways};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::path::{Path, PathBuf};

const SERVERS: usize = 200;
const REQUESTS: usize = 24;

/// A request, as it is sent and as we are told of it.
#[derive(Debug, Clone)]
struct Asked {
    transport: Transport,
    uri: String,
    host: Host,
    agent: Option<&'static str>,
    forwarded: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Host {
    Name,
    Upper,
    Alias,
    WithPort,
}

/// What decides in a server-level `if`; P stands for the port of the plain listener.
const CONDITIONS: &[&str] = &[
    "$scheme = http",
    "$scheme != \"https\"",
    "$https = \"\"",
    "$ssl_protocol = \"\"",
    "$ssl_protocol",
    "$server_port = P",
    "$host != \"NAME\"",
    "$host = NAME",
    "$http_user_agent ~* (bot|crawl)",
    "$http_user_agent = \"\"",
    "$http_user_agent !~ ^Moz(illa)?",
    "$http_x_forwarded_proto = http",
    "-f $document_root/on",
    "!-e $request_filename",
    "-d $request_filename",
    "-f @DIN@/www/f.txt",
    "$request_uri ~ ^/a(?!b)",
    "$uri ~ \"^/(.)(?:\\1)\"",
    "$args ~ (^|&)q=1",
    "$arg_q",
    "$is_args = \"?\"",
    "$request_method != GET",
    "$server_name != NAME",
];

const REWRITES: &[&str] = &[
    "",
    "",
    "rewrite ^/r/(.*)$ /a/$1 last;",
    "rewrite ^/b(?!a) /a break;",
    "rewrite ^(/.+)\\.html$ $1 permanent;",
    "rewrite ^/old http://other.test/ redirect;",
    "rewrite ^/a/(?<rest>.+)$ /b/$rest;",
    "rewrite \"^/([ab])\\\\1\" /b?x;",
    "if ($uri ~ ^/r/(.*)$) { set $t $1; }",
    "rewrite ^/r/(.*)$ /b?q=$1 last;",
];

/// What else a server may hold; no name of these is among the others.
const EXTRAS: &[&str] = &[
    "",
    "",
    "error_page 418 =200 /a/x; error_page 410 @named; location @named {R}",
    "error_page 409 418 @named; recursive_error_pages on; location @named { rewrite ^ /a break; return 418; }",
    "error_page 409 418 http://other.test/p; location ^~ /.git { return 418; }",
    "location /x { alias www/; index index.html; }",
    "location ^~ /r/ { try_files $uri @named; } location @named { if ($http_user_agent) { return 402; } R }",
    "location /d/ { proxy_pass http://127.0.0.1:1; } location = /f.txt { internal; R }",
    "location /o { rewrite ^/o(.*)$ /a$1 last; } location ~ ^/on$ { rewrite ^ /b break; root html; }",
    "location /f { root www; try_files /none $uri =418; }",
    "location /x { if ($http_x_forwarded_proto = https) { return 401; } set $t x; if ($t) { return 200 $t$uri; } }",
];

const REGEXES: &[&str] = &[
    "~ /\\.(?!well-known).*", "~ ^/a(?=b)", "~ \\.(js|html)$", "~* ^/A/", "~ (?<!a)b$", "~ ^(/a)++",
    "~ ^\\Q/a.\\E", "~* \"^/([ab])\\\\1\"",
];

fn server() -> impl Strategy<Value = String> {
    let outcome = prop_oneof![
        3 => Just("return 418;"),
        1 => Just("return 301 https://$host/moved;"),
        1 => Just("set $t \"${t}x\";"),
        1 => Just("rewrite ^ /b last;"),
    ];
    let condition = (prop::sample::select(CONDITIONS), outcome);
    let locations = prop::collection::btree_set(
        prop_oneof![
            Just("= /a"),
            Just("/a"),
            Just("/a/"),
            Just("^~ /a/b"),
            Just("/b"),
            Just("^~ /b/"),
            Just("= /"),
            Just("/.well")
        ],
        1..5,
    );
    let after = prop_oneof![2 => Just(""), 1 => Just("if ($t = xx) { return 409; }"), 1 => Just("if ($t) { return 410; }")];
    (
        prop::collection::vec(condition, 1..3),
        prop::sample::select(REWRITES),
        after,
        locations,
        prop::sample::subsequence(REGEXES.to_vec(), 1..3),
        prop::sample::select(vec!["", "location /a/b/c {R}", "location ~ c$ {R}", "location ^~ /a/b/ {R}"]),
        prop::sample::select(EXTRAS),
        prop::sample::select(vec![
            "R",
            "try_files $uri $uri/ /b/index.html;",
            "index index.html; root www;",
            "if ($arg_q) { proxy_pass http://127.0.0.1:1; } if ($http_user_agent) { root www; }",
        ]),
    )
        .prop_map(|(conditions, rewrite, after, locations, regexes, nested, extra, root)| {
            let mut text = String::from("set $t \"\"; ");
            for (condition, outcome) in conditions {
                text += &format!("if ({condition}) {{ {outcome} }} ");
            }
            text += &format!("{rewrite} {after} {extra} location / {{ {root} }} ");
            for location in locations {
                let inner = if location == "/a" { nested } else { "" };
                text += &format!("location {location} {{R {inner}}} ");
            }
            regexes.iter().fold(text, |text, regex| text + &format!("location {regex} {{R}} "))
        })
}

fn request() -> impl Strategy<Value = Asked> {
    // Half at a border: names of locations, with a byte more or less.
    let border = prop::sample::select(vec![
        "/", "/a", "/a/", "/ab", "/a/b", "/a/bc", "/a/b/", "/a/b/c", "/b", "/b/", "/bb", "/.well-known/x",
        "/.git", "/a.js", "/r/x", "/old", "/x.html", "/a/x.html", "/aa", "/A/", "/f.txt", "/d", "/d/", "/on",
        "/a.", "/ab?q=1", "/x?q=1", "/r/%61%20b", "/a%2Fb",
    ]);
    let any = "(/[ab.]{0,2}){1,3}(\\.html|c|/)?(\\?q=[01])?";
    (
        prop::sample::select(vec![Transport::Plain, Transport::Tls]),
        prop_oneof![border.prop_map(str::to_owned), any.prop_map(|uri| uri)],
        prop::sample::select(vec![Host::Name, Host::Upper, Host::Alias, Host::WithPort]),
        prop::sample::select(vec![None, Some("Mozilla/5.0"), Some("GoogleBot"), Some("curl")]),
        prop::sample::select(vec![None, Some("http"), Some("https")]),
    )
        .prop_map(|(transport, uri, host, agent, forwarded)| Asked {
            transport,
            uri,
            host,
            agent,
            forwarded,
        })
}

impl Asked {
    fn host(&self, number: usize) -> String {
        match self.host {
            Host::Name => format!("s{number}.test"),
            Host::Upper => format!("S{number}.Test"),
            Host::Alias => format!("alias{number}.test"),
            Host::WithPort => format!("s{number}.test:81"),
        }
    }

    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let agent = self.agent.map(|agent| ("User-Agent", agent));
        agent.into_iter().chain(self.forwarded.map(|proto| ("X-Forwarded-Proto", proto))).collect()
    }

    /// What nginx answers: a status, and what tells answers apart.
    fn wire(&self, place: &Place, number: usize) -> String {
        let socket = place.socket(usize::from(self.transport == Transport::Tls));
        let headers: String =
            self.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let text = format!("GET {} HTTP/1.0\r\nHost: {}\r\n{headers}\r\n", self.uri, self.host(number));
        let answer = match self.transport {
            Transport::Plain => tls::exchange_plain(socket, &text),
            Transport::Tls => tls::exchange(socket, &text),
        };
        super::shown(&answer.unwrap_or_else(|error| panic!("{self:?}: {error}")))
    }

    /// The same with all that nginx sees.
    fn known(&self, place: &Place, number: usize, files: &[(PathBuf, Wanted)]) -> Request {
        let port = place.socket(usize::from(self.transport == Transport::Tls)).port();
        let request = Request::get(self.uri.clone()).at(port, self.transport).to_host(&self.host(number));
        let all =
            self.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value));
        all.without_other_headers().among(files.iter().cloned())
    }
}

/// Every file and folder below nginx's prefix, by their paths and by those below the prefix that we are told.
pub fn files(place: &Place) -> Vec<(PathBuf, Wanted)> {
    let entries = walkdir::WalkDir::new(place.dir()).into_iter().flatten();
    let kind =
        |entry: &walkdir::DirEntry| if entry.file_type().is_dir() { Wanted::Folder } else { Wanted::File };
    let told = |path: &Path| Path::new("/c").join(path.strip_prefix(place.dir()).expect("below"));
    entries
        .flat_map(|entry| [entry.path().to_owned(), told(entry.path())].map(|path| (path, kind(&entry))))
        .collect()
}

/// An answer does not say with which arguments a folder's missing slash is appended.
pub fn same(ours: &str, theirs: &str) -> bool {
    let path = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
    super::same(ours, theirs) || (ours.ends_with('/') && super::same(ours, &path(theirs)))
}

#[test]
fn nginx_answers_as_foretold_for_any_servers() {
    let seed = depth::seed();
    let mut runner = depth::drawing_from(seed);
    let bodies: Vec<String> = (0..SERVERS)
        .map(|number| with_names(&server().new_tree(&mut runner).expect("drawn").current(), number))
        .collect();
    let nginx = serving(&bodies);
    let config = super::loaded(&nginx);
    let files = files(&nginx.place);
    let (mut wrong, mut unknown, mut all) = (Vec::new(), 0, 0);
    for (number, &server) in servers(&config).iter().enumerate() {
        for _ in 0..REQUESTS {
            let asked = request().new_tree(&mut runner).expect("drawn").current();
            let theirs = asked.wire(&nginx.place, number);
            let ours = answer_to(&config, server, &asked.known(&nginx.place, number, &files));
            all += 1;
            match &ours.handler {
                Handler::Unknown { .. } => unknown += 1,
                _ if same(&expected(&ours), &theirs) => {}
                _ => wrong.push(format!("{asked:?}: we say {}, nginx {theirs}", expected(&ours))),
            }
            let ways = ways(&config, server, &Request::get(asked.uri.clone()));
            let one = ways.list.iter().any(|way| {
                matches!(way.answer.handler, Handler::Unknown { .. }) || same(&expected(&way.answer), &theirs)
            });
            if !one && ways.complete {
                wrong.push(format!("{asked:?}: no way leads to {theirs}"));
            }
            if let Some(first) = wrong.first() {
                panic!("seed {seed}: {first} in {}", bodies[number]);
            }
        }
    }
    report(&format!("routes, random servers: seed {seed}, {all} requests, {unknown} unknown"), "");
    assert!(unknown * 10 < all, "seed {seed}: {unknown} of {all} are unknown");
}

fn serving(bodies: &[String]) -> Nginx {
    Nginx::serving(|place| {
        super::write_files(place);
        let made = Certificate::for_names(&["s.test"]).expect("a certificate");
        std::fs::write(place.dir().join("cert.pem"), made.cert_pem).expect("a file");
        std::fs::write(place.dir().join("key.pem"), made.key_pem).expect("a file");
        let server = |(number, body): (usize, &String)| {
            let body = body
                .replace("NAME", &format!("s{number}.test"))
                .replace("= P)", &format!("= {})", place.socket(0).port()))
                .replace("@DIN@", &place.dir().display().to_string());
            let root = if number % 2 == 0 { "html" } else { "www" };
            format!(
                "server {{ listen {}; listen {} ssl; server_name s{number}.test alias{number}.test; root {root}; {body}\n}}\n",
                place.listen(0),
                place.listen(1)
            )
        };
        let servers: String = bodies.iter().enumerate().map(server).collect();
        format!(
            "server_names_hash_max_size 8192; server_names_hash_bucket_size 128;\n\
             ssl_certificate cert.pem; ssl_certificate_key key.pem;\n{servers}"
        )
    })
}
