//! For random local edits and vendor updates, whatever is known of the base:
//! apply, overwrite, apply, and again. Every local change is there or in one of
//! the lists, and none is lost silently.
//!
//! Invariant: the planner itself is asked, on a tree; nothing is started.

use crate::support::binary::{SITE, Server};
use crate::support::depth::generated;
use motionctl::host::Root;
use motionctl::inspect::{Inspection, Options, inspect};
use motionctl::plan::bundle::Bundle;
use motionctl::plan::{
    Content, Input, Migration, PlanError, PlanInput, Step, Version, WantedGuard, WantedStrategy, derived,
    migrate, patch,
};
use motionctl::prepare::kept;
use nginx_config::merge::{Choice, Resolutions};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;

/// A local edit: what it replaces, by what, and what it is recognised by: in the file, and in a list.
const LOCAL: [(&str, &str, &str, &str); 12] = [
    (
        "    location /api/",
        "    location /bridge/ {\n        return 200 b;\n    }\n\n    location /api/",
        "location /bridge/",
        "location /bridge/",
    ),
    (
        "    location /socket.io/",
        "    # board\n    location /board/ {\n        return 200 w;\n    }\n\n    location /socket.io/",
        "location /board/",
        "location /board/",
    ),
    ("client_max_body_size 20m;", "client_max_body_size 500m;", "size 500m", "client_max_body_size"),
    ("proxy_read_timeout 120s;", "proxy_read_timeout 600s;", "timeout 600s", "proxy_read_timeout"),
    ("    ssl_protocols", "    add_header X-Local 1;\n    ssl_protocols", "X-Local", "add_header X-Local"),
    (
        "server {\n    listen 80;",
        "map $uri $local_part {\n    default x;\n}\n\nserver {\n    listen 80;",
        "$local_part",
        "map $uri",
    ),
    (
        "    # The legacy client.",
        "    rewrite ^/old$ /new;\n\n    # The legacy client.",
        "rewrite ^/old",
        "rewrite",
    ),
    (
        "    location / {",
        "    location / {\n        proxy_send_timeout 77s;",
        "timeout 77s",
        "proxy_send_timeout",
    ),
    // In the block that only redirects.
    (
        "    return 301",
        "    location /.well-known/ {\n        root /var/www/acme;\n    }\n\n    return 301",
        "location /.well-known/",
        "location /.well-known/",
    ),
    ("return 301 https", "return 308 https", "return 308", "server cc.example.test:80"),
    (
        "server_name cc.example.test;",
        "server_name cc.example.test old.example.test;",
        "old.example.test",
        "server cc.example.test",
    ),
    (
        "    location /socket.io/ {\n        proxy_pass http://127.0.0.1:9000;",
        "    location ^~ /socket.io/ {\n        proxy_pass http://127.0.0.1:9100;",
        ":9100",
        "location ^~ /socket.io/",
    ),
];

/// What an update changes.
const VENDOR: [(&str, &str); 8] = [
    ("client_max_body_size 20m;", "client_max_body_size 64m;"),
    ("proxy_read_timeout 120s;", "proxy_read_timeout 240s;"),
    (
        "    # The legacy client.",
        "    location /user-ui/ {\n        alias /var/opt/motion2/client-new/dist/;\n        try_files $uri $uri/ /user-ui/index.html;\n    }\n\n    # The legacy client.",
    ),
    (
        "    location /api/",
        "    location /v2/ {\n        proxy_pass http://127.0.0.1:9000;\n    }\n\n    location /api/",
    ),
    ("TLSv1.2 TLSv1.3", "TLSv1.3"),
    ("    proxy_http_version 1.1;\n", ""),
    ("    location /api/", "    location /bridge/ {\n        return 200 b;\n    }\n\n    location /api/"),
    ("    # The legacy client.", "    # The old client, until 2027.\n    gzip on;\n"),
];

fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (old, new)| text.replacen(old, new, 1))
}

/// A tree that plans are made and carried out on.
struct Tree {
    server: Server,
    root: Root,
}

impl Tree {
    fn wanted(&self, inspection: &Inspection, base: Option<&str>, resolutions: Resolutions) -> PlanInput {
        let (memory, keeping) = kept(&self.root, &inspection.facts).expect("a sound record");
        let base = base.map(|text| Input { name: "base".to_owned(), bytes: text.as_bytes().to_vec() });
        PlanInput {
            strategy: WantedStrategy::Auto,
            candidate: None,
            base,
            carry: None,
            take: Vec::new(),
            memory: Some(memory),
            keeping: Some(keeping),
            unknown: None,
            resolutions,
            local_include: None,
            guards: WantedGuard::Say,
            companions: Vec::new(),
            named: std::collections::BTreeMap::new(),
        }
    }

    fn planned(&self, base: Option<&str>, resolutions: Resolutions) -> Result<Migration, PlanError> {
        let inspection =
            inspect(&self.root, &Options::default()).unwrap_or_else(|failure| panic!("{failure:?}"));
        let wanted = self.wanted(&inspection, base, resolutions);
        migrate(&inspection.facts, &inspection.config, &Bundle::embedded(), &wanted)
    }

    /// Carries a plan out, as the executor does.
    fn carry_out(&self, migration: &Migration) {
        let read = |path: &str| fs::read(self.server.at(path.trim_start_matches('/'))).unwrap_or_default();
        let mut begun: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (path, ..) in migration.plan.files() {
            begun.insert(path.as_str().to_owned(), read(path.as_str()));
        }
        for step in &migration.plan.steps {
            match step {
                Step::MakeFolder { path } => {
                    fs::create_dir_all(self.server.at(path.as_str().trim_start_matches('/')))
                        .expect("a folder");
                }
                Step::SetFile { path, to: Version::File { content, sha256, .. }, .. } => {
                    let bytes = match content {
                        Content::Patched(patches) => patch(&read(path.as_str()), patches).expect("fits"),
                        Content::Copied(of) => {
                            begun.get(of.as_str()).cloned().unwrap_or_else(|| read(of.as_str()))
                        }
                        Content::Local(how) => {
                            let previous = Some(read(path.as_str())).filter(|bytes| !bytes.is_empty());
                            let (base, site) = (read(how.base.as_str()), read(how.site.as_str()));
                            derived(how, &base, &site, previous.as_deref()).expect("derived")
                        }
                        Content::Live | Content::Backup(_) => panic!("no content of a migration"),
                    };
                    assert_eq!(motionctl::values::Hash::of(&bytes), *sha256, "{}", path.as_str());
                    self.server.write(path.as_str().trim_start_matches('/'), bytes);
                }
                _ => {}
            }
        }
    }

    /// Plans and carries out; conflicts are told, and then decided for ours. Everything that was said.
    fn apply(&self, base: Option<&str>) -> String {
        let (migration, conflicts) = match self.planned(base, Resolutions::none()) {
            Ok(migration) => (migration, String::new()),
            Err(PlanError::Conflicts(open)) => {
                let again = self.planned(base, Resolutions::all(Choice::Ours)).expect("decided");
                (again, format!("{:?}", open.conflicts))
            }
            Err(error) => panic!("no plan: {error}"),
        };
        self.carry_out(&migration);
        let again = self.planned(base, Resolutions::none()).unwrap_or_else(|error| panic!("again: {error}"));
        assert!(again.plan.is_empty(), "a second plan has {:?}", again.plan.steps);
        assert!(!again.standing.lacks_changes(), "{:?}", again.standing);
        format!("{:?} {:?} {conflicts}", migration.local_changes, migration.kept_ours)
    }
}

/// Indexes into a list of so many.
fn some(count: usize) -> impl Strategy<Value = Vec<usize>> {
    proptest::sample::subsequence((0..count).collect::<Vec<_>>(), 0..=count)
}

proptest! {
    #![proptest_config(generated("local changes and updates", 24, 600))]

    #[test]
    fn no_local_change_is_lost_silently(
        local in some(LOCAL.len()), first in some(VENDOR.len()), second in some(VENDOR.len()), knows_base in any::<bool>(),
    ) {
        let server = Server::copy("standalone");
        let vendor = server.read(SITE);
        let edits: Vec<_> = local.iter().map(|&index| LOCAL[index]).collect();
        let own: Vec<_> = edits.iter().map(|(old, new, ..)| (*old, *new)).collect();
        server.write(SITE, edited(&vendor, &own));
        let root = Root::at(server.path()).expect("a root");
        let tree = Tree { server, root };
        let _said = tree.apply(knows_base.then_some(vendor.as_str()));
        let mut taken: Vec<&str> = Vec::new();
        for update in [first, second] {
            let changes: Vec<_> = update.iter().map(|&index| VENDOR[index]).collect();
            let text = edited(&vendor, &changes);
            tree.server.write(SITE, &text);
            let lost = edits.iter().any(|(_, _, mark, _)| !taken.contains(mark) && !text.contains(mark));
            if lost {
                let planned = tree.planned(None, Resolutions::all(Choice::Ours)).expect("a plan");
                prop_assert!(!planned.plan.is_empty(), "never up to date while a change is missing");
                prop_assert!(planned.standing.lacks_changes(), "{:?}", planned.standing);
            }
            let said = tree.apply(None);
            let site = tree.server.read(SITE);
            for (_, _, mark, name) in &edits {
                let is_there = site.contains(mark);
                prop_assert!(is_there || taken.contains(mark), "{mark}: {said}\n{site}");
                let is_told = said.contains(name) || !lost;
                prop_assert!(is_told || taken.contains(mark), "{mark} is in no list: {said}");
                if text.contains(mark) {
                    // From now on it is the vendor's, and goes where the vendor takes it away.
                    taken.push(mark);
                }
            }
        }
    }
}
