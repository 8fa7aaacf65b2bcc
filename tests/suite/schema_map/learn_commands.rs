//! `seed schema learn` as processes.
//!
//! Invariant: the road from the first look to a map that discovery could not propose is walked as a person walks it.

use super::support::Database;
use crate::support::binary::motionctl;
use crate::support::said::Said;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn json(arguments: &[&str]) -> Value {
    motionctl(arguments.iter().copied().chain(["--json"])).document()
}

const SCHEMA: &str = "\
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL UNIQUE, fullname VARCHAR(64),
  email VARCHAR(64), password VARCHAR(64), internal INTEGER, role VARCHAR(16), online TINYINT(1));
CREATE TABLE voice_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL UNIQUE,
  strategy VARCHAR(16), type VARCHAR(16));
CREATE TABLE shifts (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, title VARCHAR(64), enabled TINYINT(1), secretKey VARCHAR(64),
  deletedAt DATETIME);
CREATE TABLE shift_people (shift INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (shift, person));
CREATE TABLE shift_calls (shift INTEGER NOT NULL, queue INTEGER NOT NULL, rank_in_queue INTEGER, PRIMARY KEY (shift, queue));
CREATE TABLE sessions (token VARCHAR(64) NOT NULL PRIMARY KEY, who VARCHAR(64));
INSERT INTO users (id, name, password, role, online) VALUES (41, 'ann', 'hash-of-ann', 'agent', 0), (42, 'bob', NULL, 'agent', 1);
INSERT INTO voice_queues (id, name) VALUES (11, 'Talk Now'), (12, 'Tech Hour');
";

/// A first look that was taken, and the arguments of the second.
struct Begun {
    database: Database,
    folder: tempfile::TempDir,
    task: Value,
    end: Vec<String>,
    map: String,
}

impl Begun {
    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect(name)
    }

    fn end(&self, more: &[&str]) -> Value {
        let out = ["--out", &self.map];
        json(&self.end.iter().map(String::as_str).chain(out).chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// The same without a file for the proposal.
    fn printed(&self, more: &[&str]) -> Said {
        motionctl(self.end.iter().map(String::as_str).chain(more.iter().copied()))
    }

    /// The person makes the profile; a colleague another one, and the server goes on.
    fn profile_is_made(&mut self) {
        let (name, penalty) = (self.task["profile"].as_str().expect("a name"), &self.task["penalty"]);
        let text = format!(
            "INSERT INTO shifts (id, title, enabled, secretKey) VALUES (5, '{name}', 1, 'hidden-1'), (6, 'Colleague', 1, 'hidden-2');
             INSERT INTO shift_people VALUES (5, 42), (6, 41);
             INSERT INTO shift_calls VALUES (5, 11, {penalty}), (6, 12, 1);
             INSERT INTO sessions VALUES ('token-of-bob', 'bob');
             UPDATE users SET online = 0, password = 'new-hash';"
        );
        self.database.sql(&text);
    }
}

fn begun() -> Begun {
    begun_with("")
}

fn begun_with(more: &str) -> Begun {
    let [_, mut database] = Database::both();
    database.sql(&format!("{SCHEMA}{more}"));
    let folder = tempfile::Builder::new().prefix("motionctl-learn-").tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (url, look, map) = (database.url(), at("look.json"), at("map.toml"));
    let begin = [
        "seed", "schema", "learn", "--begin", "--db", &url, "--out", &look, "--agent", "bob", "--queue",
        "voice=Talk Now",
    ];
    let begun = json(&begin);
    assert_eq!(begun["exit_code"], 0, "{begun:#}");
    let mode = fs::metadata(&look).expect("the first look").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let task = &begun["details"]["task"];
    assert_eq!((task["agent"]["name"].as_str(), task["agent"]["id"].as_i64()), (Some("bob"), Some(42)));
    assert_eq!(task["queues"]["voice"]["of_profile"]["name"], "Talk Now");
    let steps = begun["details"]["steps"].as_array().expect("steps");
    assert!(
        steps[0].as_str().is_some_and(|step| step.starts_with("make one agent profile called ")),
        "{steps:?}"
    );
    assert_eq!(json(&begin)["exit_code"], 3, "a first look is not replaced");

    let end = ["seed", "schema", "learn", "--end", "--db", &url, "--from", &look];
    let end = end.map(str::to_owned).to_vec();
    Begun { task: task.clone(), database, folder, end, map }
}

#[test]
fn a_schema_that_nobody_could_guess_is_learned_and_used() {
    let mut begun = begun();
    let early = begun.end(&[]);
    assert_eq!((early["exit_code"].as_i64(), early["outcome"].as_str()), (Some(3), Some("refused")));
    let message = early["error"]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("the profile was not found: nothing has changed since the first look"),
        "{message}"
    );
    assert!(
        early["error"]["hint"].as_str().is_some_and(|hint| hint.starts_with("do the steps")),
        "{early:#}"
    );
    begun.profile_is_made();
    let ended = begun.end(&[]);
    assert_eq!(ended["exit_code"], 0, "{ended:#}");
    let verdict = ended["details"]["verdict"].as_str().expect("a verdict");
    assert!(verdict.ends_with("then put your name into reviewed_by"), "{verdict}");
    assert_eq!(ended["details"]["profile"]["title"], begun.task["profile"]);
    let (text, first) = (begun.file("map.toml"), begun.file("look.json"));
    for secret in ["hash-of-ann", "new-hash", "token-of-bob", "hidden-1", "hidden-2", "Colleague"] {
        assert!(!format!("{text}{ended}{first}").contains(secret), "{secret} is shown");
    }
    assert!(
        text.contains("reviewed_by = \"\"\n") && text.contains("table = \"shifts\"  # learned: "),
        "{text}"
    );
    let changed = ended["details"]["changes"].as_array().expect("changes");
    let users = changed.iter().find(|change| change["table"] == "users").expect("noise is said");
    assert_eq!((&users["changed"], &users["columns"]), (&1.into(), &serde_json::json!(["online"])));

    // The signed map serves: what was made by hand is listed.
    let map = begun.folder.path().join("map.toml").display().to_string();
    fs::write(&map, text.replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"")).expect("a signature");
    let url = begun.database.url();
    let check = json(&["seed", "schema", "check", "--db", &url, "--map", &map]);
    assert_eq!(check["exit_code"], 0, "{check:#}");
    let listed = json(&["seed", "list", "--db", &url, "--map", &map]);
    let profiles = listed["details"]["profiles"].as_array().expect("profiles");
    assert!(profiles.iter().any(|profile| profile["name"] == begun.task["profile"]), "{listed:#}");
}

#[test]
fn without_out_the_proposal_is_printed_as_discover_prints_its_own() {
    let mut begun = begun();
    let early = begun.printed(&[]);
    assert_eq!(
        (early.code, early.stdout.as_str()),
        (3, ""),
        "what is redirected to a file is a map or nothing"
    );
    assert!(early.stderr.contains("nothing has changed since the first look"), "{early:?}");
    begun.profile_is_made();
    let map = begun.printed(&[]);
    assert_eq!(map.code, 0, "{map:?}");
    assert!(map.stdout.contains("\n[profiles]\ntable = \"shifts\"  # learned: "), "{map:?}");
    assert!(map.stderr.contains("lines are learned") && !map.stderr.contains("[profiles]"), "{map:?}");
    // What the rows did not show is in the head of the map, as what discover could not tell is.
    let untraced = "# links.personal.voice: no new row has both ids";
    assert!(map.stdout.split("\nformat = 1").next().is_some_and(|head| head.contains(untraced)), "{map:?}");
    let answer = begun.printed(&["--json"]).document();
    assert_eq!((&answer["details"]["text"], &answer["details"]["file"]), (&map.stdout.into(), &Value::Null));
    assert_eq!(begun.end(&[])["exit_code"], 0);
    begun.database.sql("DELETE FROM shifts WHERE id = 5; DELETE FROM shift_people WHERE shift = 5;");
    let deleted = begun.printed(&["--deleted"]);
    assert!(deleted.stdout.contains("learned: the row went when the profile was deleted"), "{deleted:?}");
    assert!(deleted.stdout.contains(untraced), "{deleted:?}");
    let again = begun.end(&["--force"]);
    let message = again["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("it was found at the last look, and no row has the name"), "{again:#}");
    assert!(
        again["error"]["hint"].as_str().is_some_and(|hint| hint.contains("--end --deleted")),
        "{again:#}"
    );
}

#[test]
fn the_first_look_says_why_a_channel_has_no_step() {
    let [_, mut database] = Database::both();
    database.sql(SCHEMA);
    database.sql(
        "CREATE TABLE chat_queues (id CHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(64), strategy VARCHAR(16));\n\
         CREATE VIEW mail_queues AS SELECT id, name, strategy FROM voice_queues;\n",
    );
    let folder = tempfile::Builder::new().prefix("motionctl-learn-").tempdir().expect("a folder");
    let look = folder.path().join("look.json").display().to_string();
    let begun = json(&["seed", "schema", "learn", "--begin", "--db", &database.url(), "--out", &look]);
    let notes: Vec<&str> =
        begun["details"]["notes"].as_array().expect("notes").iter().filter_map(Value::as_str).collect();
    let has = |channel: &str, what: &str| {
        notes.iter().any(|note| note.starts_with(&format!("queues.{channel}: ")) && note.contains(what))
    };
    assert!(has("chat", "char(36)") || has("chat", "whole number"), "{notes:#?}");
    assert!(has("mail", "mail_queues is a view"), "{notes:#?}");
    assert!(!notes.iter().any(|note| note.starts_with("queues.fax")), "{notes:#?}");
}

#[test]
fn a_deletion_completes_what_was_learned() {
    let mut begun = begun();
    begun.profile_is_made();
    assert_eq!(begun.end(&[])["exit_code"], 0);
    let deleted = ["--deleted", "--force"];
    assert_eq!(begun.end(&deleted)["error"]["message"], "the profile is still there as it was");
    begun.database.sql(
        "UPDATE shifts SET deletedAt = '2026-01-01 00:00:00' WHERE id = 5; DELETE FROM shift_people WHERE shift = 5;",
    );
    for _ in 0..2 {
        let after = begun.end(&deleted);
        assert_eq!(after["exit_code"], 0, "{after:#}");
        let text = begun.file("map.toml");
        assert!(text.contains("deleted = \"deletedAt\"  # learned: Motion set it"), "{text}");
    }
}

#[test]
fn a_first_look_belongs_to_one_database_and_one_step_is_asked_for() {
    let [_, mut one] = Database::both();
    let [_, mut other] = Database::both();
    one.sql(SCHEMA);
    other.sql(SCHEMA);
    let folder = tempfile::Builder::new().prefix("motionctl-learn-").tempdir().expect("a folder");
    let look = folder.path().join("look.json").display().to_string();
    let map = folder.path().join("map.toml").display().to_string();
    let begun = motionctl(["seed", "schema", "learn", "--begin", "--db", &one.url(), "--out", &look]);
    assert_eq!(begun.code, 0, "{begun:?}");
    assert!(begun.stdout.contains("2. ") && begun.stdout.contains("learn --end --from"), "{begun:?}");
    let end =
        |url: &str| json(&["seed", "schema", "learn", "--end", "--db", url, "--from", &look, "--out", &map]);
    let foreign = end(&other.url());
    assert_eq!(foreign["exit_code"], 3);
    assert!(foreign["error"]["message"].as_str().is_some_and(|text| text.contains("is of another database")));
    let deleted = json(&[
        "seed",
        "schema",
        "learn",
        "--end",
        "--deleted",
        "--db",
        &one.url(),
        "--from",
        &look,
        "--out",
        &map,
    ]);
    assert_eq!(deleted["error"]["message"], "the profile is not known yet");
    for wrong in [
        &["seed", "schema", "learn"][..],
        &["seed", "schema", "learn", "--begin", "--end"],
        &["seed", "schema", "learn", "--begin", "--queue", "pigeon=x"],
    ] {
        assert_eq!(motionctl(wrong.iter().copied()).code, 64, "{wrong:?}");
    }
    let nobody =
        json(&["seed", "schema", "learn", "--begin", "--db", &one.url(), "--out", &map, "--agent", "nobody"]);
    assert_eq!(
        (nobody["exit_code"].as_i64(), nobody["error"]["message"].as_str()),
        (Some(65), Some("there is no agent `nobody`"))
    );
    fs::write(&look, "{}").expect("another file");
    assert_eq!(end(&one.url())["exit_code"], 65);
}

#[test]
fn to_learn_it_is_enough_to_be_allowed_to_read() {
    let [_, mut database] = Database::both();
    database.sql(SCHEMA);
    let folder = tempfile::Builder::new().prefix("motionctl-learn-").tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let flags = database.reader(folder.path());
    let learn = |more: &[&str]| {
        let flags = flags.iter().map(String::as_str);
        json(
            &["seed", "schema", "learn"]
                .into_iter()
                .chain(more.iter().copied())
                .chain(flags)
                .collect::<Vec<_>>(),
        )
    };
    let (look, map) = (at("look.json"), at("map.toml"));
    let begun = learn(&["--begin", "--out", &look]);
    assert_eq!(begun["exit_code"], 0, "{begun:#}");
    let name = begun["details"]["task"]["profile"].as_str().expect("a name");
    database.sql(&format!("INSERT INTO shifts (id, title, enabled) VALUES (5, '{name}', 1); INSERT INTO shift_people VALUES (5, 41);"));
    let ended = learn(&["--end", "--from", &look, "--out", &map]);
    assert_eq!(ended["exit_code"], 0, "{ended:#}");
    assert_eq!(ended["details"]["profile"]["id"], "5");
}

#[test]
fn what_check_will_refuse_of_a_learned_map_is_said_beforehand() {
    let mut begun = begun_with(
        "CREATE TABLE user_has_voice_queues (UserId INTEGER NOT NULL, VoiceQueueId INTEGER NOT NULL, addedBy INTEGER NOT NULL, \
         PRIMARY KEY (UserId, VoiceQueueId), FOREIGN KEY (UserId) REFERENCES users (id), \
         FOREIGN KEY (VoiceQueueId) REFERENCES voice_queues (id));",
    );
    begun.profile_is_made();
    // Discover's word for the queue that the person did not give the agent directly.
    let ended = begun.end(&["--left-out", "4"]);
    let notes = ended["details"]["notes"].as_array().expect("notes").iter().filter_map(Value::as_str);
    let said: Vec<&str> = notes.filter_map(|note| note.strip_prefix("to be settled: ")).collect();
    let map = begun.folder.path().join("map.toml").display().to_string();
    let signed = begun.file("map.toml").replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
    fs::write(&map, signed).expect("a signature");
    let check = json(&["seed", "schema", "check", "--db", &begun.database.url(), "--map", &map]);
    let refused = check["details"]["mismatches"].as_array().expect("mismatches").iter();
    assert_eq!(said, refused.filter_map(Value::as_str).collect::<Vec<_>>(), "{ended:#}");
    assert!(said.iter().any(|line| line.contains("addedBy")), "{said:?}");
}

#[test]
fn of_many_faults_of_a_proposal_the_first_is_said_and_check_says_all() {
    let mut begun = begun_with("CREATE TABLE ties (holder INTEGER NOT NULL, item INTEGER NOT NULL);");
    let name = begun.task["profile"].as_str().expect("a name");
    let rows = "INSERT INTO ties VALUES (5, 42), (5, 11), (42, 11);";
    let text = format!("INSERT INTO shifts (id, title, enabled) VALUES (5, '{name}', 1); {rows}");
    begun.database.sql(&text);
    let ended = begun.end(&[]);
    let verdict = ended["details"]["verdict"].as_str().expect("a verdict");
    let (_, said) = verdict.split_once("it is no map yet: ").expect(verdict);
    let (_, more) = said.split_once("; `seed schema check` says ").expect(verdict);
    let more: usize = more.split(' ').next().and_then(|count| count.parse().ok()).expect(verdict);
    let check = json(&["seed", "schema", "check", "--db", &begun.database.url(), "--map", &begun.map]);
    let all = check["error"]["message"].as_str().expect("a message");
    assert_eq!(
        (check["exit_code"].as_i64(), all.matches("map.toml: ").count()),
        (Some(65), more + 1),
        "{check:#}"
    );
}
