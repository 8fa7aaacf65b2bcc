//! Made-up fleets: servers that all have one vendor's file, each with its own names, its own spelling and its own
//! changes.
//!
//! Invariant: the same seed draws the same fleet, and what a server changed of the vendor's text is known with it. The
//! vendor's text is ours.

/// What a vendor wrote: a line, or a block.
#[derive(Debug, Clone)]
pub enum Part {
    /// A directive; `NAME`, `PORT`, `CERT`, `UP` and `LOG` are the server's.
    Line(&'static str),
    /// A comment and a directive.
    Noted(&'static str, &'static str),
    Block(&'static str, Vec<Part>),
}

use Part::{Block, Line, Noted};

/// A server's file and what is its own in it.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Its file.
    pub text: String,
    /// What it is called.
    pub name: String,
    /// Each change: `added`, `changed` or `removed`, and the directive's first words.
    pub own: Vec<String>,
}

/// Small, even and repeatable: splitmix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn proxied(head: &'static str, timeout: &'static str) -> Part {
    Block(
        head,
        vec![
            Line("proxy_pass http://UP"),
            Line("proxy_http_version 1.1"),
            Line("proxy_set_header Host $host"),
            Line("proxy_set_header X-Real-IP $remote_addr"),
            Line("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"),
            Line("proxy_set_header X-Forwarded-Proto $scheme"),
            Line(timeout),
        ],
    )
}

/// Lines of the vendor's main block.
fn lines() -> Vec<Part> {
    vec![
        Noted("# clients come in here", "listen PORT ssl"),
        Line("listen [::]:PORT ssl"),
        Line("server_name NAME"),
        Line("ssl_certificate CERT/fullchain.pem"),
        Line("ssl_certificate_key CERT/privkey.pem"),
        Line("ssl_protocols TLSv1.2 TLSv1.3"),
        Line("ssl_session_cache shared:SSL:10m"),
        Line("ssl_session_timeout 10m"),
        Line("ssl_prefer_server_ciphers on"),
        Line("access_log LOG-access.log"),
        Line("error_log LOG-error.log warn"),
        Noted("# attachments", "client_max_body_size 50m"),
        Line("client_body_timeout 60s"),
        Line("keepalive_timeout 65s"),
        Line("gzip on"),
        Line("gzip_vary on"),
        Line("gzip_min_length 1024"),
        Line("gzip_types text/plain text/css application/json application/javascript"),
        Line("add_header X-Content-Type-Options nosniff"),
        Line("add_header X-Frame-Options SAMEORIGIN"),
        Line("error_page 502 503 504 /busy.html"),
        Line("if ($host = old.NAME) { return 301 https://NAME$request_uri; }"),
    ]
}

/// Locations of the vendor's main block, of every edition.
fn locations() -> Vec<Part> {
    vec![
        Block("location = /busy.html", vec![Line("root /usr/share/nginx/html"), Line("internal")]),
        proxied("location /api/", "proxy_read_timeout 60s"),
        Block(
            "location /socket.io/",
            vec![
                Line("proxy_pass http://UP"),
                Line("proxy_http_version 1.1"),
                Line("proxy_set_header Upgrade $http_upgrade"),
                Line("proxy_set_header Connection \"upgrade\""),
                Line("proxy_read_timeout 3600s"),
                Line("proxy_buffering off"),
            ],
        ),
        proxied("location /apidoc/", "proxy_read_timeout 30s"),
        Block(
            "location ~* \\.(?:png|ico|svg)$",
            vec![Line("proxy_pass http://UP"), Line("expires 7d"), Line("access_log off")],
        ),
        Block("location ~ /\\.(?!well-known)", vec![Line("deny all")]),
    ]
}

/// The vendor's text: `legacy` before the new client, the other with it.
pub fn vendor(generation: Generation) -> Vec<Part> {
    let mut main = [lines(), locations()].concat();
    match generation {
        Generation::Legacy => main.push(proxied("location /classic/", "proxy_read_timeout 90s")),
        Generation::New => {
            main.push(Block(
                "location ^~ /user-ui/",
                vec![
                    Line("alias /var/opt/motion2/client-new/dist/"),
                    Line("try_files $uri /user-ui/index.html"),
                    Line("expires -1"),
                ],
            ));
            main.push(Block("location = /user-ui", vec![Line("return 302 /user-ui/")]));
        }
    }
    main.push(proxied("location /", "proxy_read_timeout 60s"));
    vec![
        Block("upstream motion_node", vec![Line("server UP"), Line("keepalive 32")]),
        Block("server", main),
        Block(
            "server",
            vec![
                Line("listen 80"),
                Line("listen [::]:80"),
                Line("server_name NAME"),
                Line("return 301 https://NAME$request_uri"),
            ],
        ),
    ]
}

/// Which of the vendor's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Without the new client.
    Legacy,
    /// With it.
    New,
}

/// What a server is called and where its things lie.
struct Values {
    name: String,
    port: String,
    cert: String,
    up: String,
    log: String,
}

pub fn fleet(seed: u64, count: usize, generation: Generation) -> Vec<Drawn> {
    let mut random = Random::new(seed);
    (0..count).map(|index| draw(&mut random, index, generation)).collect()
}

/// The vendor's text as it would be on a server without a change.
pub fn genuine(generation: Generation) -> String {
    let mut drawing = Drawing { is_plain: true, ..Drawing::new() };
    drawing.parts(&vendor(generation), 0);
    drawing.text
}

const TOWNS: [&str; 12] =
    ["oslo", "porto", "gent", "lyon", "brno", "turku", "kiel", "cork", "delft", "vigo", "bari", "graz"];
const TRADES: [&str; 6] = ["bank", "taxi", "school", "clinic", "hotel", "power"];

fn values(drawn: Option<(&mut Random, usize)>) -> Values {
    let Some((random, index)) = drawn else {
        let plain = |text: &str| text.to_owned();
        return Values {
            name: plain("cc.genuine.test"),
            port: plain("443"),
            cert: plain("/etc/nginx/tls"),
            up: plain("127.0.0.1:9000"),
            log: plain("/var/log/nginx/motion"),
        };
    };
    let name = format!("cc.{}-{}{index}.test", random.pick(&TOWNS), random.pick(&TRADES));
    let port = if random.percent(75) { "443" } else { *random.pick(&["8443", "4443", "9443"]) };
    let cert = match random.below(3) {
        0 => format!("/etc/letsencrypt/live/{name}"),
        1 => "/etc/nginx/tls".to_owned(),
        _ => format!("/etc/ssl/own/{index}"),
    };
    let up = if random.percent(60) { "9000".to_owned() } else { format!("{}", 3000 + random.below(900)) };
    let log = if random.percent(40) { "motion".to_owned() } else { name.clone() };
    Values {
        name,
        port: port.to_owned(),
        cert,
        up: format!("127.0.0.1:{up}"),
        log: format!("/var/log/nginx/{log}"),
    }
}

/// What customers add to the main block: the directive's first words, and its text.
const ADDED: [(&str, &str); 9] = [
    (
        "location /reports/",
        "location /reports/ { proxy_pass http://127.0.0.1:8090; proxy_read_timeout 900s; }",
    ),
    ("location /chat/", "location /chat/ { proxy_pass http://127.0.0.1:8085; allow 10.0.0.0/8; deny all; }"),
    ("location = /health", "location = /health { return 200 ok; }"),
    (
        "add_header Strict-Transport-Security",
        "add_header Strict-Transport-Security \"max-age=31536000\" always;",
    ),
    ("allow 192.0.2.0/24", "allow 192.0.2.0/24;"),
    ("include /etc/nginx/own/*.conf", "include /etc/nginx/own/*.conf;"),
    ("server_tokens", "server_tokens off;"),
    ("proxy_send_timeout", "proxy_send_timeout 300s;"),
    ("location ~ ^/export/(.*)$", "location ~ ^/export/(.*)$ { return 302 /api/export/$1; }"),
];

const BRIDGE: &str = "location /whatsapp-bridge/ { proxy_pass http://127.0.0.1:3434; proxy_read_timeout 600s; \
    proxy_set_header Authorization \"Bearer t0p-s3cret-of-one\"; access_log off; }";

fn draw(random: &mut Random, index: usize, generation: Generation) -> Drawn {
    let values = values(Some((random, index)));
    let name = values.name.clone();
    let mut added = Vec::new();
    // Many have it, and it is still none of the vendor's.
    if random.percent(60) {
        added.push(("location /whatsapp-bridge/".to_owned(), BRIDGE.to_owned()));
    }
    for (label, text) in &ADDED {
        if random.percent(12) {
            added.push(((*label).to_owned(), (*text).to_owned()));
        }
    }
    if random.percent(30) {
        let path = format!("location /{}-{index}/", random.pick(&TRADES));
        added.push((path.clone(), format!("{path} {{ proxy_pass http://127.0.0.1:{}; }}", 7000 + index)));
    }
    let mut drawing = Drawing {
        unit: (*random.pick(&["    ", "  ", "\t"])).to_owned(),
        shuffles: random.percent(20),
        is_plain: false,
        own: added.iter().map(|(label, _)| format!("added {label}")).collect(),
        added: added.into_iter().map(|(_, text)| text).collect(),
        values,
        random: random.clone(),
        ..Drawing::new()
    };
    drawing.parts(&vendor(generation), 0);
    *random = drawing.random;
    let (mut text, mut own) = (drawing.text, drawing.own);
    if random.percent(25) {
        text.push_str(&format!(
            "server {{\n  listen 8081;\n  server_name intra{index}.test;\n  root /srv/www/intra;\n  index start.html;\n}}\n"
        ));
        own.push("added server".to_owned());
    }
    own.sort();
    Drawn { text, name, own }
}

struct Drawing {
    random: Random,
    values: Values,
    unit: String,
    shuffles: bool,
    is_plain: bool,
    added: Vec<String>,
    own: Vec<String>,
    text: String,
}

/// Values that customers change, and what to.
const CHANGED: [(&str, &[&str]); 4] = [
    ("client_max_body_size 50m", &["100m", "200m", "1g"]),
    ("proxy_read_timeout 60s", &["300s", "600s"]),
    ("keepalive_timeout 65s", &["30s", "120s"]),
    ("gzip_min_length 1024", &["256"]),
];
/// What customers throw away.
const REMOVED: [&str; 3] =
    ["gzip_vary on", "add_header X-Frame-Options SAMEORIGIN", "ssl_prefer_server_ciphers on"];

impl Drawing {
    fn new() -> Self {
        Self {
            random: Random::new(0),
            values: values(None),
            unit: "    ".to_owned(),
            shuffles: false,
            is_plain: false,
            added: Vec::new(),
            own: Vec::new(),
            text: String::new(),
        }
    }

    fn parts(&mut self, parts: &[Part], depth: usize) {
        let mut parts: Vec<&Part> = parts.iter().collect();
        if self.shuffles {
            // Only what nginx does not take in order changes places: lines among themselves.
            let lines: Vec<usize> = (0..parts.len())
                .filter(|&at| matches!(parts[at], Line(text) if !text.starts_with("if ") && !text.contains("deny")))
                .collect();
            for &at in &lines {
                let other = *self.random.pick(&lines);
                parts.swap(at, other);
            }
        }
        for (at, part) in parts.iter().enumerate() {
            match part {
                Line(text) => self.line(text, depth),
                Noted(note, text) => {
                    if self.is_plain || self.random.percent(95) {
                        self.raw(note, depth);
                    } else {
                        self.own.push(format!("comment {}", first_words(text)));
                    }
                    self.line(text, depth);
                }
                Block(head, inner) => {
                    let is_main = depth == 0 && inner.len() > 20;
                    self.raw(&format!("{head} {{"), depth);
                    self.parts(inner, depth + 1);
                    if is_main {
                        for text in std::mem::take(&mut self.added) {
                            self.raw(&text, depth + 1);
                        }
                    }
                    self.raw("}", depth);
                }
            }
            if !self.is_plain && at % 5 == 4 && self.random.percent(30) {
                self.text.push('\n');
            }
        }
    }

    fn line(&mut self, text: &'static str, depth: usize) {
        let mut text = text.to_owned();
        if !self.is_plain {
            if REMOVED.contains(&text.as_str()) && self.random.percent(4) {
                self.own.push(format!("removed {}", first_words(&text)));
                return;
            }
            for (known, others) in &CHANGED {
                if text == *known && self.random.percent(8) {
                    let name = known.split(' ').next().expect("a name");
                    text = format!("{name} {}", self.random.pick(others));
                    self.own.push(format!("changed {name}"));
                }
            }
        }
        let values = &self.values;
        let mut text = text
            .replace("NAME", &values.name)
            .replace("PORT", &values.port)
            .replace("CERT", &values.cert)
            .replace("UP", &values.up)
            .replace("LOG", &values.log);
        if !self.is_plain && self.random.percent(5) && !text.contains(['"', '{', '$', '\\']) {
            // The same word in another spelling.
            if let Some((head, last)) = text.rsplit_once(' ') {
                text = format!("{head} '{last}'");
            }
        }
        let end = if text.ends_with('}') { "" } else { ";" };
        self.raw(&format!("{text}{end}"), depth);
    }

    fn raw(&mut self, text: &str, depth: usize) {
        self.text.push_str(&self.unit.repeat(depth));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn first_words(text: &str) -> String {
    match text {
        text if text.starts_with("add_header") => text.split(' ').take(2).collect::<Vec<_>>().join(" "),
        text => text.split(' ').next().unwrap_or_default().to_owned(),
    }
}
