//! Screens of `seed`, on an embedded database.

use super::stage::{Stage, on_each_width};

const DB: [&str; 4] = ["--db", "sqlite:motion.db", "--root", "tree"];
const EXAMPLE: &str = include_str!("../../../fixtures/manifests/good/example.yaml");
const LATER: &str = "version: 1
profiles:
  - name: Profile 1
    description: A description that goes on for rather longer than anybody would ever write on one line of a screen
    queues:
      voice: [{ name: Talk Now, penalty: 3 }]
  - name: Profile 2
    absent: true
  - name: The profile of all those who answer mail in the evening
    agents: [agent1]
    queues:
      voice: [Talk Now, Tech Hour]
      chat: [Support, Medical]
";

fn with_db<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &DB].concat()
}

#[test]
fn a_manifest_comes_into_the_database() {
    on_each_width(|stage: &Stage| {
        stage.tree("standalone");
        stage.write("agents.yaml", EXAMPLE);
        stage.write("later.yaml", LATER);
        stage.show(0, "seed validate", &["seed", "validate", "agents.yaml"]);
        stage.show(0, "seed plan", &with_db(&["seed", "plan", "agents.yaml"]));
        stage.show_asked(1, "seed apply asked", &with_db(&["seed", "apply", "agents.yaml"]));
        stage.show(0, "seed apply", &with_db(&["seed", "apply", "agents.yaml", "--yes"]));
        stage.show(0, "seed plan deleting", &with_db(&["seed", "plan", "later.yaml"]));
        stage.show(0, "seed status", &with_db(&["seed", "status", "agents.yaml"]));
        let drifted = ["seed", "status", "later.yaml", "--exact", "--detailed-exitcode"];
        stage.show(2, "seed status drifted", &with_db(&drifted));
        stage.show(0, "seed list", &with_db(&["seed", "list"]));
        stage.show(
            0,
            "seed usage",
            &with_db(&["seed", "usage", "--from", "2026-01-01", "--to", "2026-02-01"]),
        );
        stage.show(0, "seed access", &with_db(&["seed", "access"]));
        let narrow = ["seed", "access", "--profile", "Profile 2", "--queue", "Support"];
        stage.show(0, "seed access narrowed", &with_db(&narrow));
        stage.show(0, "seed who", &with_db(&["seed", "who", "Talk Now"]));
        stage.show(0, "seed export", &with_db(&["seed", "export"]));
        stage.show(0, "seed schema check", &with_db(&["seed", "schema", "check"]));
        stage.show(0, "seed schema discover", &with_db(&["seed", "schema", "discover", "--out", "map.toml"]));
        let begin = ["seed", "schema", "learn", "--begin", "--out", "first-look.json"];
        stage.show(0, "seed schema learn", &with_db(&begin));
    });
}

#[test]
fn mistakes_have_their_place() {
    on_each_width(|stage: &Stage| {
        stage.write(
            "agents.yaml",
            "version: 1\nagents:\n  - { username: a1, fullnam: One }\nprofiles:\n  - name: Day\n    queues: { voice: [Talk Now] }\n    agents: [a1, nobody-of-this-name-is-in-the-list, a1]\n",
        );
        stage.show(65, "seed validate mistakes", &["seed", "validate", "agents.yaml"]);
    });
}

#[test]
fn a_table_becomes_a_manifest() {
    on_each_width(|stage: &Stage| {
        stage.show(0, "seed import template", &["seed", "import", "--template", "--out", "agents.csv"]);
        stage.show(0, "seed import", &["seed", "import", "agents.csv", "--out", "agents.yaml"]);
    });
}
