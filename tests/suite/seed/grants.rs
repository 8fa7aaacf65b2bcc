//! What docs/seeding.md grants, word for word: enough for every command, and no more is needed.
//!
//! Invariant: the statements of the document are run as they stand there, and nothing else is granted.

use super::support::{EXAMPLE, for_mariadb};
use crate::support::binary::motionctl;
use crate::support::database_server::{DatabaseServer, option_file};
use crate::support::said::Said;
use motionctl::seed::map::Map;
use std::fs;
use tempfile::TempDir;

const DOCUMENT: &str = include_str!("../../../docs/seeding.md");
const SCHEMA: &str = include_str!("../../../templates/seed/schema.sql");
/// What needs no right to create agents or queues.
const MEMBERSHIPS: &str = "version: 1
profiles:
  - { name: Third, agents: [agent1], queues: { voice: [{ name: Talk Now, penalty: 3 }], chat: [Support] } }
  - { name: Profile 1, enabled: false, queues: { voice: [{ name: Talk Now, penalty: 4 }] } }
  - { name: Profile 2, absent: true }
";
/// What does.
const STAFF: &str = "version: 1
queues:
  mail: [{ name: Assistance, timeout: 9 }]
  sms: [{ name: Texts, strategy: beepall, timeout: 30 }]
agents:
  - { username: agent1, fullname: Other }
  - { username: agent2, fullname: Agent Two, internal: '1002', personal: { sms: [Texts] } }
";

/// What changes the rights of a User Profile, of two of which one has none yet.
const RIGHTS: &str = "version: 1
permissions:
  - { user_profile: Supervisors, agent_profiles: [view] }
  - { user_profile: Guests, agent_profiles: [view] }
";

/// The blocks of SQL under `### Privileges`: to read, to write links and profiles, to create agents and queues,
/// to write rights.
fn blocks() -> [String; 4] {
    let (_, section) = DOCUMENT.split_once("\n### Privileges\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next one");
    let blocks = section.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let blocks: Vec<String> = blocks.map(str::to_owned).collect();
    blocks.try_into().expect("four blocks")
}

/// A server with the document's schema, and what the document's user needs to come in.
struct Site {
    server: DatabaseServer,
    folder: TempDir,
}

impl Site {
    fn start() -> Self {
        let server = DatabaseServer::start(&[]);
        server.sql(&format!("CREATE DATABASE motion2; USE motion2; {}", for_mariadb(SCHEMA)));
        let site = Self { server, folder: tempfile::tempdir().expect("a folder") };
        let map = Map::built_in_text().replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
        site.file("map.toml", &map);
        option_file(site.folder.path(), "[client]\nuser=motionctl\npassword=…\n");
        site
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("writing");
        path.display().to_string()
    }

    /// Runs a command of `seed` as the document's user, or as root.
    fn run(&self, words: &[&str], is_root: bool) -> Said {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (map, options) = (path("map.toml"), path("client.cnf"));
        let url = self.server.socket_url("motion2");
        let user = ["--defaults-file", &options];
        let user = if is_root { &[][..] } else { &user[..] };
        // A map that is discovered is held against none.
        let map = ["--map", &map];
        let map = if words.contains(&"discover") { &[][..] } else { &map[..] };
        motionctl([&["seed"], words, &["--db", &url], map, user].concat())
    }

    fn works(&self, words: &[&str]) {
        let done = self.run(words, false);
        assert_eq!(done.code, 0, "{words:?}: {done:?}");
    }

    /// It fails for want of a grant, with everything rolled back.
    fn is_denied(&self, words: &[&str]) {
        let done = self.run(words, false);
        assert_eq!(done.code, 1, "{words:?}: {done:?}");
        assert!(done.stdout.contains("command denied to user"), "{done:?}");
    }

    /// Every row that there is.
    fn rows(&self) -> String {
        self.run(&["export", "--exact"], true).stdout
    }
}

/// Every command of `seed` that asks a database and writes nothing. One that is new has to be added here.
fn reading(staff: &str) -> Vec<Vec<&str>> {
    let help = motionctl(["seed", "--help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    let names =
        list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let words = |name| match name {
        "plan" => vec![vec!["plan", staff]],
        "status" => vec![vec!["status", staff], vec!["status", staff, "--exact"]],
        "export" => vec![vec!["export"], vec!["export", "--exact"]],
        "history" => vec![vec!["history"]],
        "undo" => vec![vec!["undo", "--dry-run"]],
        "list" => vec![vec!["list"]],
        "access" => vec![vec!["access", "agent1"], vec!["access", "agent1", "--with", staff]],
        "usage" => vec![vec!["usage"], vec!["usage", "--csv"]],
        "who" => vec![vec!["who", "Support"], vec!["who", "Profile 1"]],
        "schema" => vec![vec!["schema", "check"], vec!["schema", "discover"]],
        // They ask no database, or write to it.
        "validate" | "import" | "apply" | "help" => Vec::new(),
        other => panic!("is SELECT enough for `seed {other}`?"),
    };
    names.flat_map(words).collect()
}

#[test]
fn what_the_document_grants_is_enough_word_for_word() {
    let [read, link, create, rights] = blocks();
    let site = Site::start();
    let [example, memberships, staff, permissions] = [
        ("example.yaml", EXAMPLE),
        ("memberships.yaml", MEMBERSHIPS),
        ("staff.yaml", STAFF),
        ("rights.yaml", RIGHTS),
    ]
    .map(|(name, text)| site.file(name, text));
    let done = site.run(&["apply", &example, "--yes"], true);
    assert_eq!(done.code, 0, "{done:?}");

    site.server.sql(&read);
    for words in reading(&staff) {
        let out = site.folder.path().join("proposed.toml").display().to_string();
        let more = if words.contains(&"discover") { &["--out", &out, "--force"][..] } else { &[] };
        site.works(&[&words, more].concat());
    }
    let deleting = ["--prune", "absent,memberships", "--max-delete", "9"];
    let apply = [&["apply", &memberships, "--yes"], &deleting[..]].concat();
    let before = site.rows();
    site.is_denied(&apply);
    assert_eq!(site.rows(), before);

    site.server.sql(&link);
    site.works(&apply);
    assert_ne!(site.rows(), before);
    let before = site.rows();
    let apply = ["apply", &staff, "--yes"];
    site.is_denied(&apply);
    assert_eq!(site.rows(), before);

    site.server.sql(&create);
    site.works(&apply);
    site.server.sql(
        "USE motion2; INSERT INTO user_profiles (id, name, createdAt, updatedAt) VALUES \
         (1, 'Supervisors', NOW(), NOW()), (2, 'Guests', NOW(), NOW()); \
         INSERT INTO user_profile_has_permissions (UserProfileId, section, createdAt, updatedAt) \
         VALUES (1, 'agent_profiles', NOW(), NOW())",
    );
    let apply = ["apply", &permissions, "--yes"];
    site.is_denied(&apply);
    site.server.sql(&rights);
    site.works(&apply);
    for manifest in [&memberships, &staff, &permissions] {
        let plan = site.run(&["plan", manifest, "--detailed-exitcode"], false);
        assert_eq!(plan.code, 0, "{plan:?}");
    }
}
