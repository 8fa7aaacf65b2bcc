//! Several files, or a folder of them, that are one manifest.

use super::commands::seed;
use super::support::Db;
use crate::support::binary::{binary, codes};
use crate::support::said::{Said, answer};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const QUEUES: &str = "version: 1
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }]
  chat: [{ name: C1, strategy: beepall, timeout: 30 }]
";
const PEOPLE: &str = "version: 1
# A comment that moves the lines.
agents:
  - { username: ann, fullname: Ann A, internal: '1', personal: { chat: [C1] } }
  - { username: bob, fullname: Bob B, internal: '2' }
";
const PROFILES: &str = "version: 1
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [V1] } }
";

/// Files below the database's folder, and the words that name them.
fn files(db: &Db, files: &[(&str, &str)]) -> Vec<String> {
    let write = |(name, text): &(&str, &str)| {
        let path = db.folder().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("writing");
        path.display().to_string()
    };
    files.iter().map(write).collect()
}

fn run(db: &Db, command: &str, names: &[String], more: &[&str]) -> Said {
    let rest: Vec<&str> = names[1..].iter().map(String::as_str).chain(more.iter().copied()).collect();
    seed(db, command, Path::new(&names[0]), &rest)
}

fn three(db: &Db) -> Vec<String> {
    files(db, &[("a-profiles.yaml", PROFILES), ("b-people.yaml", PEOPLE), ("c-queues.yml", QUEUES)])
}

/// The problems of a refused answer, as `file:line:column message; hint` with the file's last name.
fn problems(answer: &Said) -> Vec<String> {
    assert_eq!(answer.code, 65, "{answer:?}");
    let shown = |problem: &Value| {
        let file = PathBuf::from(problem["file"].as_str().expect("a file"));
        let file = file.file_name().expect("a name").to_string_lossy().into_owned();
        let hint = problem["hint"].as_str().map_or_else(String::new, |hint| format!("; {hint}"));
        let text = format!(
            "{file}:{}:{} {}{hint}",
            problem["line"],
            problem["column"],
            problem["message"].as_str().unwrap_or_default()
        );
        text.replace(&format!("{}/", file_folder(problem)), "")
    };
    answer.document()["problems"].as_array().expect("problems").iter().map(shown).collect()
}

fn file_folder(problem: &Value) -> String {
    let file = PathBuf::from(problem["file"].as_str().expect("a file"));
    file.parent().expect("a folder").display().to_string()
}

#[test]
fn what_one_file_declares_another_one_names() {
    for db in Db::both() {
        let names = three(&db);
        let plan = run(&db, "plan", &names, &["--json", "--detailed-exitcode"]);
        assert_eq!(plan.code, 2, "{plan:?}");
        let plan = plan.document();
        assert_eq!(plan["details"]["manifests"], json!(names));
        let said = format!("{}, {} and {} are read as one manifest", names[0], names[1], names[2]);
        assert!(
            plan["details"]["verdict"].as_str().is_some_and(|verdict| verdict.ends_with(&said)),
            "{plan}"
        );
        let (html, page) = (db.folder().join("p.html"), db.folder().join("p.json"));
        let [html, out] = [html, page].map(|path| path.display().to_string());
        let written = run(&db, "plan", &names, &["--html", &html, "--out", &out]);
        assert_eq!(written.code, 0, "{written:?}");
        assert!(fs::read_to_string(html).expect("a page").contains("b-people.yaml"));
        // What to type next names all of them.
        let shown = run(&db, "plan", &names, &[]);
        assert!(
            shown.stdout.contains(&format!("{} {} {}", names[0], names[1], names[2])),
            "{}",
            shown.stdout
        );
        // The files are in the plan, and are not read again.
        names.iter().for_each(|name| fs::remove_file(name).expect("removed"));
        let applied = run(&db, "apply", &[out], &["--yes", "--json"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert_eq!(applied.document()["details"]["manifests"], json!(names));
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profile_has_users"), ["2"]);
        let names = three(&db);
        let again = run(&db, "apply", &names, &["--yes", "--json"]);
        assert_eq!((again.code, &again.document()["outcome"]), (0, &json!("up-to-date")), "{again:?}");
        let status = run(&db, "status", &names, &["--exact", "--detailed-exitcode"]);
        assert_eq!(status.code, 0, "{status:?}");
        assert!(status.stdout.contains("c-queues.yml say"), "{}", status.stdout);
        // One file of them alone says less, and agrees as well; together with nothing else it is one file.
        let one = run(&db, "status", &names[2..], &["--detailed-exitcode"]);
        assert!(one.code == 0 && one.stdout.contains("c-queues.yml says"), "{one:?}");
        assert!(!run(&db, "plan", &names[2..], &[]).stdout.contains("read as one manifest"));
    }
}

#[test]
fn a_folder_is_its_manifests_by_name() {
    for db in Db::both() {
        let names = three(&db);
        let folder = db.folder().join("team.d");
        fs::create_dir_all(folder.join("below.yaml")).expect("a folder");
        for name in &names {
            let file = folder.join(Path::new(name).file_name().expect("a name"));
            fs::rename(name, file).expect("moved");
        }
        let broken = "version: [";
        files(
            &db,
            &[
                ("team.d/.hidden.yaml", broken),
                ("team.d/notes.txt", broken),
                ("team.d/old.yaml~", broken),
                ("team.d/below.yaml/x.yaml", broken),
            ],
        );
        let word = folder.display().to_string();
        let plan = run(&db, "plan", std::slice::from_ref(&word), &["--json"]);
        assert_eq!(plan.code, 0, "{plan:?}");
        let read = ["a-profiles.yaml", "b-people.yaml", "c-queues.yml"].map(|name| format!("{word}/{name}"));
        assert_eq!(plan.document()["details"]["manifests"], json!(read));
        assert_eq!(run(&db, "apply", std::slice::from_ref(&word), &["--yes"]).code, 0);
        // A folder and a file go together; a file twice does not.
        let more = files(&db, &[("more.yaml", "version: 1\nprofiles: [{ name: Night, agents: [ann] }]")]);
        let both = run(&db, "plan", &[word.clone(), more[0].clone()], &["--json"]).document();
        assert_eq!(both["details"]["manifests"].as_array().map(Vec::len), Some(4));
        let twice = run(&db, "plan", &[word.clone(), read[1].clone()], &[]);
        assert!(twice.code == 64 && format!("{twice:?}").contains("is named twice"), "{twice:?}");
        let empty = db.folder().join("empty.d");
        fs::create_dir_all(&empty).expect("a folder");
        for command in ["plan", "apply", "status"] {
            let none = run(&db, command, &[empty.display().to_string()], &[]);
            assert_eq!(none.code, 65, "{none:?}");
            assert!(format!("{none:?}").contains("there is no manifest in the folder"), "{none:?}");
        }
        let missing = run(&db, "plan", &[word, "/nowhere.yaml".to_owned()], &[]);
        assert_eq!(missing.code, 69, "{missing:?}");
    }
}

#[test]
fn nothing_is_declared_in_two_files() {
    let [db, _] = Db::both();
    for (text, what) in [
        ("agents: [{ username: ann }]", "the agent `ann`"),
        ("agents: [{ username: cid, internal: '1' }]", "the internal number `1`"),
        ("queues: { voice: [{ name: V1 }] }", "the voice queue `V1`"),
        ("profiles: [{ name: Day }]", "the profile `Day`"),
        ("permissions: [{ user_profile: Team, agent_profiles: [] }]", "the User Profile `Team`"),
    ] {
        let first = "version: 1\n\n\nagents: [{ username: ann, internal: '1' }]\nqueues: { voice: [{ name: V1 }], chat: [{ name: C1 }] }\nprofiles: [{ name: Day, previous_name: Old }]\npermissions: [{ user_profile: Team, agent_profiles: [view] }]\n";
        let names = files(&db, &[("one.yaml", first), ("two.yaml", &format!("version: 1\n\n{text}\n"))]);
        let found = problems(&run(&db, "plan", &names, &["--json"]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("two.yaml:3:"), "{found:?}");
        assert!(
            found[0].contains(&format!("{what} is declared twice; it stands first in line ")),
            "{found:?}"
        );
        assert!(found[0].ends_with("of one.yaml"), "{found:?}");
    }
    // A name of another channel is another name.
    let fine = files(
        &db,
        &[
            ("one.yaml", QUEUES),
            ("two.yaml", "version: 1\nqueues: { mail: [{ name: V1, strategy: beepall, timeout: 5 }] }"),
        ],
    );
    assert_eq!(run(&db, "plan", &fine, &[]).code, 0);
    let renamed = |text: &str| {
        let first = "version: 1\nprofiles: [{ name: Day, previous_name: Old }]\n";
        let names =
            files(&db, &[("one.yaml", first), ("two.yaml", &format!("version: 1\nprofiles: [{text}]\n"))]);
        problems(&run(&db, "plan", &names, &["--json"]))
    };
    assert_eq!(
        renamed("{ name: Late, previous_name: Old }"),
        ["two.yaml:2:41 `Old` is renamed twice; line 2 of one.yaml renames it first"]
    );
    let chain = renamed("{ name: Old }");
    assert_eq!(
        chain,
        [
            "one.yaml:2:40 `Old` is renamed, and is also the name of a profile; chains and swaps of renames take two runs; see line 2 of two.yaml"
        ]
    );
}

#[test]
fn all_files_are_judged_at_once() {
    for db in Db::both() {
        let names = files(
            &db,
            &[
                ("1.yaml", "version: 1\nagents:\n  - { usernam: ann }\n"),
                ("2.yaml", "version: 1\nprofiles:\n  - { name: Day, agents: [x, x] }\n  - name: [\n"),
                ("3.yaml", ""),
                ("5.yaml", "version: 2\n"),
            ],
        );
        fs::write(db.folder().join("4.yaml"), b"version: 1\n# \xff\n").expect("writing");
        let four = db.folder().join("4.yaml").display().to_string();
        let all = [&names[..3], &[four], &names[3..]].concat();
        let answer = run(&db, "plan", &all, &["--json"]);
        let found = problems(&answer);
        let expect = [
            ("1.yaml:3:7", "unknown key `usernam`"),
            ("2.yaml:3:30", "`x` stands twice in one list; it stands first in line 3"),
            ("2.yaml:4:11", "`name` is text"),
            ("2.yaml:5:1", "what follows was not read"),
            ("3.yaml:1:1", "the file is empty"),
            ("4.yaml:2:3", "not UTF-8"),
            ("5.yaml:1:10", "`version` takes `1`"),
        ];
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (found, (place, message)) in found.iter().zip(expect) {
            assert!(found.starts_with(place) && found.contains(message), "{found} {place} {message}");
        }
        let document = answer.document();
        assert_eq!(document["problems"][0]["excerpt"][0], "  - { usernam: ann }");
        assert!(document["error"]["message"].as_str().unwrap_or_default().contains("5 files"), "{document}");
    }
}

#[test]
fn the_database_is_asked_about_all_files_together() {
    for db in Db::both() {
        assert_eq!(run(&db, "apply", &three(&db), &["--yes"]).code, 0);
        let names = files(
            &db,
            &[
                ("1.yaml", "version: 1\nagents: [{ username: zoe, fullname: Zoe Z, internal: '9' }]\n"),
                (
                    "2.yaml",
                    "version: 1\n\nprofiles:\n  - { name: Day, agents: [zoee, nobody] }\n  - { name: DAY, enabled: false }\n",
                ),
            ],
        );
        let found = problems(&run(&db, "plan", &names, &["--json"]));
        let twice = "`DAY` is declared twice: to the database it is the name of line 4";
        assert!(found.iter().any(|one| one.starts_with("2.yaml:5:") && one.contains(twice)), "{found:#?}");
        assert!(
            found.iter().any(|one| one.starts_with("2.yaml:4:27 there is no agent `zoee`")
                && one.ends_with("did you mean `zoe`?")),
            "{found:#?}"
        );
        // The same over two files names the other one.
        let names = files(
            &db,
            &[
                ("1.yaml", "version: 1\nprofiles: [{ name: Day }]\n"),
                ("2.yaml", "version: 1\nprofiles: [{ name: DAY }]\n"),
            ],
        );
        let found = problems(&run(&db, "plan", &names, &["--json"]));
        assert!(
            found[0].contains("it is the name of line 2 of 1.yaml")
                || found[0].contains("means the same profile as line 2 of"),
            "{found:#?}"
        );
    }
}

#[test]
fn near_misses_are_looked_for_in_all_files() {
    let [db, _] = Db::both();
    db.apply("agents: [{ username: anna, fullname: Anna, internal: '5' }]");
    let names = files(
        &db,
        &[
            ("1.yaml", "version: 1\nprofiles: [{ name: Day, agents: [anna] }]\n"),
            ("2.yaml", "version: 1\nagents: [{ username: annna, fullname: A, internal: '6' }]\n"),
        ],
    );
    let plan = run(&db, "plan", &names, &["--json"]).document();
    assert!(codes(&plan).contains(&"seed.near-miss".to_owned()), "{plan}");
    let near =
        plan["findings"].as_array().expect("findings").iter().find(|one| one["code"] == "seed.near-miss");
    let evidence = near.expect("found")["evidence"][0].as_str().expect("evidence").to_owned();
    assert!(evidence.contains("1.yaml:2:34: `anna` is not declared here, `annna` is"), "{evidence}");
    let declared = files(
        &db,
        &[
            ("1.yaml", "version: 1\nprofiles: [{ name: Day, agents: [anna] }]\n"),
            ("2.yaml", "version: 1\nagents: [{ username: anna }]\n"),
        ],
    );
    let plan = run(&db, "plan", &declared, &["--json"]).document();
    assert!(!codes(&plan).contains(&"seed.near-miss".to_owned()), "{plan}");
}

/// Runs with a manifest on standard input.
fn piped(db: &Db, words: &[&str], text: &str) -> Said {
    let input = db.folder().join("piped");
    fs::write(&input, text).expect("writing");
    let mut command = binary();
    command.arg("seed").args(words).args(["--db", &db.url()]);
    if db.is_server() {
        command.arg("--map").arg(db.map_file());
    }
    command.stdin(Stdio::from(fs::File::open(&input).expect("reading")));
    answer(&command.output().expect("the binary runs"))
}

#[test]
fn what_cannot_be_meant_is_64() {
    for db in Db::both() {
        let names = three(&db);
        let all = piped(&db, &["plan", &names[0], "-", &names[1], "--json"], QUEUES);
        assert_eq!(all.code, 0, "{all:?}");
        assert_eq!(all.document()["details"]["manifests"], json!([names[0], "<stdin>", names[1]]));
        let check = |answer: Said, message: &str| {
            assert_eq!(answer.code, 64, "{answer:?}");
            assert!(format!("{answer:?}").contains(message), "{answer:?}");
        };
        check(piped(&db, &["plan", "-", "-"], QUEUES), "standard input (`-`) can be read only once");
        check(run(&db, "plan", &[names[0].clone(), names[0].clone()], &[]), "is named twice");
        let link = db.folder().join("link.yaml");
        std::os::unix::fs::symlink(&names[0], &link).expect("a link");
        check(
            run(&db, "status", &[names[0].clone(), link.display().to_string()], &[]),
            "is the same file as",
        );
        let out = db.folder().join("saved").display().to_string();
        assert_eq!(run(&db, "plan", &names, &["--out", &out]).code, 0);
        check(
            run(&db, "apply", &[out.clone(), names[0].clone()], &["--yes"]),
            "is a saved plan, which is applied alone",
        );
        check(
            run(&db, "apply", &[names[0].clone(), out.clone()], &["--yes"]),
            "is a saved plan, which is applied alone",
        );
        assert_eq!(db.dump(), [""; 0]);
        // A plan is not written over one of the files that it is made from.
        let over = run(&db, "plan", &names, &["--out", &names[2]]);
        assert_eq!(over.code, 3, "{over:?}");
        assert_eq!(run(&db, "apply", &[out], &["--yes"]).code, 0);
    }
}

#[test]
fn the_values_of_a_site_are_for_all_files() {
    let [db, _] = Db::both();
    let asking = "version: 1\nprofiles: [{ name: '{{ site.team }}', agents: '{{ site.people }}' }]\n";
    let names = files(&db, &[("1.yaml", PEOPLE), ("2.yaml", QUEUES), ("3.yaml", asking)]);
    let site = |text: &str| files(&db, &[("site.yaml", &format!("version: 1\nsite: {text}\n"))]).remove(0);
    let plan = |site: &str| run(&db, "plan", &names, &["--with", site, "--json"]);
    let right = plan(&site("{ team: Day, people: [ann, bob] }"));
    assert_eq!(right.code, 0, "{right:?}");
    let found = problems(&plan(&site("{ team: Day, people: [ann], other: x }")));
    assert!(
        found.len() == 1
            && found[0].starts_with("site.yaml:2:")
            && found[0].contains("`other` is not asked for"),
        "{found:#?}"
    );
    let found = problems(&plan(&site("{ team: Day }")));
    assert!(
        found.len() == 1
            && found[0].starts_with("3.yaml:2:")
            && found[0].contains("the site has no value `people`"),
        "{found:#?}"
    );
    let found = problems(&plan(&site("{ team: Day, people: [ann, zed] }")));
    assert!(found.len() == 1 && found[0].starts_with("site.yaml:2:34 there is no agent `zed`"), "{found:#?}");
    let none = problems(&run(&db, "plan", &names, &["--json"]));
    assert_eq!(none.len(), 2, "{none:#?}");
}
