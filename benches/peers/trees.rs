//! Configurations of any size, made here: included files, server blocks, lines, and edits of lines.
//!
//! Invariant: the same size gives the same bytes; NGINX accepts them; none of the added blocks is Motion's, so that the
//! plan is the one of the fixture, whatever the size.

use crate::support::machine::{Machine, NAME};
use motionctl::verify::certificate::Certificate;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What is added to `/etc/nginx` of the fixture.
pub type Edit<'a> = &'a (dyn Fn(&Path) + Sync);

/// A server's tree for `--root`: the fixture `standalone`, its certificate, and what is added.
pub struct Tree(TempDir);

impl Tree {
    pub fn new(edit: Edit<'_>) -> Self {
        Self::within(&std::env::temp_dir(), edit)
    }

    /// The same, with its place.
    pub fn within(place: &Path, edit: Edit<'_>) -> Self {
        let folder = tempfile::Builder::new().prefix("motionctl-bench-").tempdir_in(place).expect("a folder");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/standalone/.");
        assert!(Command::new("cp").arg("-a").args([&fixture, folder.path()]).status().expect("cp").success());
        let nginx = folder.path().join("etc/nginx");
        let certificate = Certificate::for_names(&[NAME]).expect("a certificate");
        fs::create_dir(nginx.join("tls")).expect("a folder");
        fs::write(nginx.join("tls/motion.crt"), certificate.cert_pem).expect("writing");
        fs::write(nginx.join("tls/motion.key"), certificate.key_pem).expect("writing");
        edit(&nginx);
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }
}

/// Where the peer tests the same files, in their places.
pub fn machine(edit: Edit<'_>) -> Machine {
    Machine::without_motion("standalone", edit)
}

/// So many included files of 0.9 kB, each with a server block.
pub fn included_files(nginx: &Path, count: usize) {
    fs::create_dir(nginx.join("vhosts.d")).expect("a folder");
    for number in 0..count {
        fs::write(nginx.join(format!("vhosts.d/{number:05}.conf")), block(number)).expect("writing");
    }
    include(nginx, "include /etc/nginx/vhosts.d/*.conf;");
}

/// So many server blocks in one file.
pub fn server_blocks(nginx: &Path, count: usize) {
    let blocks: String = (0..count).map(block).collect();
    fs::write(nginx.join("many.conf"), blocks).expect("writing");
    include(nginx, "include /etc/nginx/many.conf;");
}

/// A whole configuration of about so many lines in one text.
pub fn lines(count: usize) -> String {
    let mut text = String::from("events {\n}\nhttp {\n");
    let each = block(0).lines().count();
    for number in 0..(count / each).max(1) {
        text.push_str(&block(number));
    }
    text.push_str("}\n");
    text
}

/// The text with so many values changed, evenly spread; at most one of each block.
pub fn edited(text: &str, edits: usize) -> String {
    let marks = text.lines().filter(|line| line.contains(MARK)).count();
    let mut seen = 0;
    let mut new = String::with_capacity(text.len());
    for line in text.lines() {
        let is_edited = line.contains(MARK) && {
            seen += 1;
            seen * edits / marks > (seen - 1) * edits / marks
        };
        let line = if is_edited { line.replace(MARK, EDITED) } else { line.to_owned() };
        writeln!(new, "{line}").expect("text");
    }
    new
}

/// The line of each block that edits change.
const MARK: &str = "proxy_read_timeout 60s";
const EDITED: &str = "proxy_read_timeout 61s";

/// The main file, with one more line in `http` and tables for as many names as there may be.
fn include(nginx: &Path, line: &str) {
    let main = nginx.join("nginx.conf");
    let text = fs::read_to_string(&main).expect("the fixture's main file");
    let last = text.rfind('}').expect("`http` ends");
    let more = "    server_names_hash_max_size 65536;\n    server_names_hash_bucket_size 128;\n";
    fs::write(main, format!("{}{more}    {line}\n{}", &text[..last], &text[last..])).expect("writing");
}

/// 0.9 kB, nothing of which is Motion's.
fn block(number: usize) -> String {
    format!(
        "# Site {number}, which belongs to another application of this server.
server {{
    listen 8080;
    server_name site{number}.example.test www.site{number}.example.test;

    access_log off;
    client_max_body_size 16m;
    root /var/www/site{number}/public;
    index index.html index.htm;

    location / {{
        try_files $uri $uri/ /index.html;
    }}

    location /static/ {{
        alias /var/www/site{number}/static/;
        expires 30d;
        add_header Cache-Control \"public, immutable\";
    }}

    location /backend/ {{
        proxy_pass http://127.0.0.1:7000;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_read_timeout 60s;
    }}

    location ~ /\\. {{
        deny all;
    }}
}}
"
    )
}
