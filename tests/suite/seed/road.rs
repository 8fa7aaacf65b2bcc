//! The whole road on every shape of `fixtures/database/shapes`: discover, sign, check, plan, apply, export, and the
//! export into a second database.
//!
//! A shape is one more file there. The manifest is made of what its map has; what a person adds to the map stands
//! beside it in `SHAPE.road.toml` under `map`, and `manifest` there takes the place of the one that is made.
//!
//! Invariant: every step is a run of the binary; only the signature, what that file says and what a person would
//! allow are added to what was discovered.

use crate::support::binary::motionctl;
use crate::support::database_server::{Schema, shared};
use crate::support::said::Said;
use serde_json::{Map as Json, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use toml::Table;

/// The shapes, and what a person has to say about each.
fn shapes() -> Vec<(PathBuf, Table)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/database/shapes");
    let files = fs::read_dir(folder).expect("the fixtures").flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "sql")).collect();
    files.sort();
    let said = |path: &Path| fs::read_to_string(path.with_extension("road.toml")).unwrap_or_default();
    files.into_iter().map(|path| (path.clone(), said(&path).parse().expect("TOML"))).collect()
}

/// Puts what is said over what is there, section by section.
fn put(over: &Table, into: &mut Table) {
    for (key, value) in over {
        match (value, into.get_mut(key)) {
            (toml::Value::Table(over), Some(toml::Value::Table(into))) => put(over, into),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

fn sections<'t>(table: &'t Table, key: &str) -> impl Iterator<Item = (&'t String, &'t Table)> + use<'t> {
    let below = table.get(key).and_then(toml::Value::as_table).into_iter().flatten();
    below.filter_map(|(key, value)| Some((key, value.as_table()?)))
}

fn has(section: &Table, column: &str) -> bool {
    section["columns"].as_table().is_some_and(|columns| columns.contains_key(column))
}

/// A database of one shape, with the map that a person signed for it.
struct Site {
    schema: Schema<'static>,
    folder: TempDir,
    map: Table,
}

impl Site {
    /// Discovers the map and signs it.
    fn of(shape: &Path, said: &Table) -> Self {
        let schema = shared().schema();
        schema.sql(&fs::read_to_string(shape).expect("a fixture"));
        let folder = tempfile::tempdir().expect("a folder");
        let mut site = Self { schema, folder, map: Table::new() };
        let file = site.file("map.toml");
        let discovered = site.run(&["seed", "schema", "discover", "--out", &file]);
        assert_eq!(discovered.code, 0, "{}: {discovered:?}", shape.display());
        site.map = fs::read_to_string(&file).expect("a map").parse().expect("TOML");
        let mut signed: Table = "reviewed_by = \"Ann\"\n[users]\ncreate = true".parse().expect("TOML");
        let mut create = Table::new();
        for (channel, _) in sections(&site.map, "queues") {
            create.insert(channel.clone(), Table::from_iter([("create".to_owned(), true.into())]).into());
        }
        signed.insert("queues".to_owned(), create.into());
        put(&signed, &mut site.map);
        if let Some(over) = said.get("map").and_then(toml::Value::as_table) {
            put(over, &mut site.map);
        }
        fs::write(&file, site.map.to_string()).expect("signing");
        site.without_links();
        site
    }

    /// Deletes the links that discovery learned from: nobody made their ends.
    fn without_links(&self) {
        for table in self.tables_of_links() {
            self.schema.sql(&format!("DELETE FROM `{table}`"));
        }
    }

    fn tables_of_links(&self) -> BTreeSet<&str> {
        let links = sections(&self.map, "links").flat_map(|(_, links)| {
            let tables = links.values().filter_map(|below| below.as_table()?.get("table"));
            links.get("table").into_iter().chain(tables)
        });
        links.filter_map(toml::Value::as_str).collect()
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs a command that needs no map.
    fn run(&self, words: &[&str]) -> Said {
        let url = self.schema.url();
        motionctl([words, &["--db", &url]].concat())
    }

    /// Runs a command with the signed map; what it printed, after it ended with this code.
    fn step(&self, words: &[&str], code: i32) -> String {
        let map = self.file("map.toml");
        let done = self.run(&[words, &["--map", &map]].concat());
        assert_eq!(done.code, code, "{words:?}: {done:?}\n{}", self.map);
        done.stdout
    }

    /// Two agents, two profiles and two queues of every channel, as far as the map has a place for them.
    fn manifest(&self) -> Value {
        let mut queues = Json::new();
        for (channel, section) in sections(&self.map, "queues") {
            let queue = |number: u32| {
                let name = format!("{channel} {number}");
                let mut queue = match channel == "voice" {
                    true => json!({ "name": name, "strategy": "rrmemory", "type": "inbound" }),
                    false => json!({ "name": name, "strategy": "beepall", "timeout": 30 }),
                };
                let entry = queue.as_object_mut().expect("an object");
                entry.retain(|key, _| key == "name" || has(section, key));
                queue
            };
            queues.insert(channel.clone(), json!([queue(1), queue(2)]));
        }
        // Of every kind of links that the map has, to both queues or to one.
        let linked = |kind: &str, count: u32| -> Json<String, Value> {
            let links = self.map["links"].as_table().expect("links");
            let entry = |(channel, link): (&String, &Table)| {
                let member = |number: u32| match has(link, "penalty") {
                    true => json!({ "name": format!("{channel} {number}"), "penalty": number }),
                    false => json!(format!("{channel} {number}")),
                };
                (channel.clone(), (1..=count).map(member).collect())
            };
            sections(links, kind).map(entry).collect()
        };
        let agent = |name: &str, internal: &str, count: u32| {
            json!({ "username": name, "fullname": format!("{name} Example"), "internal": internal,
                    "personal": linked("personal", count) })
        };
        json!({
            "version": 1,
            "queues": queues,
            "agents": [agent("ann", "1101", 2), agent("bob", "1102", 1)],
            "profiles": [
                { "name": "Day", "agents": ["ann", "bob"], "queues": linked("profile_queues", 2) },
                { "name": "Night", "enabled": false, "agents": ["bob"], "queues": linked("profile_queues", 1) },
            ],
        })
    }
}

fn walks(shape: &Path, said: &Table) {
    let first = Site::of(shape, said);
    first.step(&["seed", "schema", "check"], 0);
    let text = match said.get("manifest").and_then(toml::Value::as_str) {
        Some(text) => text.to_owned(),
        None => first.manifest().to_string(),
    };
    let manifest = first.file("team.yaml");
    fs::write(&manifest, text).expect("writing");
    first.step(&["seed", "plan", &manifest, "--detailed-exitcode"], 2);
    first.step(&["seed", "apply", &manifest, "--yes"], 0);
    first.step(&["seed", "plan", &manifest, "--detailed-exitcode"], 0);

    let exported = first.step(&["seed", "export", "--exact"], 0);
    let agreed = first.file("agreed.yaml");
    fs::write(&agreed, &exported).expect("writing");
    first.step(&["seed", "plan", &agreed, "--prune", "profiles", "--detailed-exitcode"], 0);

    let second = Site::of(shape, said);
    second.step(&["seed", "plan", &agreed, "--detailed-exitcode"], 2);
    second.step(&["seed", "apply", &agreed, "--yes"], 0);
    assert_eq!(second.step(&["seed", "export", "--exact"], 0), exported, "{}", shape.display());
    second.step(&["seed", "plan", &agreed, "--prune", "profiles", "--detailed-exitcode"], 0);
    second.step(&["seed", "plan", &manifest, "--detailed-exitcode"], 0);
    for table in second.tables_of_links() {
        let count = |site: &Site| site.schema.sql(&format!("SELECT COUNT(*) FROM `{table}`"));
        assert_eq!(count(&first), count(&second), "{}: {table}", shape.display());
        assert_ne!(count(&second), "0", "{}: {table}", shape.display());
    }
}

#[test]
fn from_discover_to_a_second_database_on_every_shape() {
    let shapes = shapes();
    assert!(shapes.len() >= 5, "{shapes:?}");
    // Each waits for the server more than it computes.
    std::thread::scope(|scope| {
        for (shape, said) in &shapes {
            scope.spawn(|| walks(shape, said));
        }
    });
}
