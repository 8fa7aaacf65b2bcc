//! Every command in every form, and all that it says and writes.
//!
//! Invariant: a run counts whether it succeeds or not: what a failure says is an output as well.

use super::places::{BROKEN_SETTINGS, ENVIRONMENT, database, plant_stops};
use crate::support::binary::{SITE, Server, binary, write_program};
use crate::support::said::{Said, answer};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every command.
pub const ALL: [&str; 49] = [
    "apply", "backups diff", "backups extract", "backups list", "backups prune", "backups show",
    "backups verify", "base learn", "check", "collect", "completions", "confirm", "diff", "explain",
    "history", "install-unit", "local add", "local drop", "local list", "local show", "man", "plan",
    "recover", "rehearse", "report", "restore-vendor", "rollback", "routes", "seed access", "seed apply",
    "seed export", "seed history", "seed import", "seed list", "seed plan", "seed schema check",
    "seed schema discover", "seed schema json-schema", "seed schema learn", "seed schema show",
    "seed status", "seed undo", "seed usage", "seed validate", "seed who", "status", "try", "version",
    "watch",
];
/// Arguments that are files or words which are read, in whatever command.
pub const INPUTS: [&str; 33] = [
    "against", "arguments", "base", "bundle", "candidate", "candidate_from", "carry", "config", "db_ca",
    "defaults_file", "files", "from", "input", "local_include", "main_file", "manifest", "manifests", "map",
    "new", "new_client_root", "old", "paths", "plan", "program", "resolve_file", "root", "script", "servers",
    "site", "table", "to", "with", "with_site",
];
/// Arguments that are files which are written, each by its command.
pub const OUTPUTS: [&str; 19] = [
    "backups extract dir", "base learn out", "collect file", "man dir", "plan html", "plan out",
    "rehearse html", "rehearse keep", "report archive", "report out", "seed import out", "seed plan html",
    "seed plan out", "seed schema discover out", "seed schema learn out", "status textfile",
    "try candidate_out", "try out", "watch textfile",
];

/// The forms of an answer.
const FORMS: [&[&str]; 4] = [&[], &["--json"], &["-vv", "--color", "always"], &["--quiet"]];
/// Those that say the most, for what takes long.
const LOUD: &[&[&str]] = &[&["--json"], &["-vv", "--color", "always"]];

/// What was found.
#[derive(Default)]
pub struct Found {
    /// The commands that ran.
    pub run: BTreeSet<String>,
    /// Where a secret was.
    pub leaks: Vec<String>,
    /// The files that were asked for.
    pub written: BTreeSet<String>,
    /// How often something was hidden.
    pub hidden: usize,
}

impl Found {
    fn look(&mut self, text: &str, wherefrom: &str) {
        self.hidden += text.matches("[redacted]").count();
        for line in text.lines().filter(|line| line.to_lowercase().contains("s3cr3t")) {
            self.leaks.push(format!("{wherefrom}: {line}"));
        }
    }

    /// Runs one command in these forms; its name is said apart from its arguments.
    fn run(&mut self, server: &Server, name: &str, arguments: &[&str], forms: &[&[&str]]) -> Said {
        let mut last = None;
        for form in forms {
            let mut all: Vec<&str> = name.split(' ').collect();
            all.extend(arguments);
            all.extend(*form);
            let mut command = binary();
            command.envs(ENVIRONMENT).args(server.arguments(&all));
            let said = answer(&command.output().expect("the binary runs"));
            self.look(&said.stdout, &format!("{all:?}"));
            self.look(&said.stderr, &format!("{all:?}, standard error"));
            last = Some(said);
        }
        let flags = arguments.iter().filter_map(|argument| argument.strip_prefix("--"));
        self.written.extend(flags.map(|flag| format!("{name} {}", flag.replace('-', "_"))));
        self.run.insert(name.to_owned());
        last.expect("there is a form")
    }

    /// What a folder holds, except what bytes are put back from: a backup's contents, and the base of the next merge.
    fn files(&mut self, folder: &Path) {
        for entry in
            walkdir::WalkDir::new(folder).into_iter().flatten().filter(|one| one.file_type().is_file())
        {
            let path = entry.path();
            let is_content = path.parent().is_some_and(|parent| parent.ends_with("content"));
            let is_base = entry.file_name().to_string_lossy().starts_with("base-");
            if !is_content && !is_base {
                let bytes = fs::read(path).expect("readable");
                match path.extension() {
                    Some(ending) if ending == "gz" => self.archive(&bytes, path),
                    _ => self.look(&String::from_utf8_lossy(&bytes), &path.display().to_string()),
                }
            }
        }
    }
}

impl Found {
    /// What an archive holds, names included.
    fn archive(&mut self, bytes: &[u8], path: &Path) {
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
        let mut count = 0;
        for entry in archive.entries().expect("an archive") {
            let mut entry = entry.expect("an entry");
            let name = format!("{} in {}", entry.path().expect("a name").display(), path.display());
            let mut held = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut held).expect("readable");
            self.look(&String::from_utf8_lossy(&held), &name);
            self.look(&name, &name);
            count += 1;
        }
        assert!(count > 5, "{}: {count} entries", path.display());
    }
}

/// Runs everything.
pub fn everything(server: &Server) -> Found {
    let mut found = Found::default();
    let folder = tempfile::tempdir().expect("a folder");
    let out = |name: &str| folder.path().join(name).display().to_string();
    migration(&mut found, server, &out);
    seeding(&mut found, server, &out);
    refusals(&mut found, server);
    found.files(folder.path());
    found.files(&server.at("var/lib/motionctl"));
    found.files(&server.at("var/backups/motionctl"));
    found
}

fn tried(found: &mut Found, server: &Server, out: &dyn Fn(&str) -> String) {
    let script = out("update.sh");
    write_program(
        &script,
        "#!/bin/sh\ncat /etc/nginx/conf.d/motion.conf\necho >>/etc/nginx/conf.d/motion.conf\n",
    );
    found.run(server, "try", &["--out", &out("tried"), "--candidate-out", &out("tried.conf"), &script], LOUD);
}

fn migration(found: &mut Found, server: &Server, out: &dyn Fn(&str) -> String) {
    for strategy in ["graft", "replace", "merge"] {
        let page = out(&format!("{strategy}.html"));
        found.run(server, "plan", &["--strategy", strategy, "--out", &out(strategy), "--html", &page], LOUD);
    }
    found.run(server, "apply", &["--dry-run"], &FORMS[..1]);
    found.run(server, "check", &[], &FORMS);
    found.run(
        server,
        "rehearse",
        &["--load", "10", "--keep", &out("kept"), "--html", &out("rehearsal.html")],
        &LOUD[1..],
    );
    tried(found, server, out);
    found.run(server, "apply", &["--yes"], &LOUD[1..]);
    found.run(server, "rollback", &["--yes"], &LOUD[1..]);
    let applied = found.run(server, "apply", &["--yes", "--strategy", "graft"], &FORMS[1..2]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let list = found.run(server, "backups list", &[], &[&["--json"]]).document();
    let id = list["details"]["backups"][0]["id"].as_str().expect("a backup").to_owned();
    server.replace(SITE, "S3cr3t07", "S3cr3t77");
    for (name, arguments) in [
        ("status", &["--textfile", &out("status.prom")][..]),
        ("watch", &["--textfile", &out("motionctl.prom")]),
        ("confirm", &[]),
        ("history", &[]),
        ("routes", &[]),
        ("report", &["--out", &out("report.html"), "--archive", &out("report.tar.gz")]),
        ("collect", &[&out("server.tar.gz")]),
        ("backups list", &[]),
        ("backups show", &[&id]),
        ("backups verify", &[]),
        ("backups diff", &[&id]),
        ("local list", &[]),
        ("local show", &[]),
        ("local add", &["--yes"]),
        ("local drop", &["1", "--yes"]),
        ("restore-vendor", &["--yes"]),
        ("recover", &["--yes"]),
        ("backups prune", &["--yes", "--keep", "1"]),
        ("install-unit", &[]),
        ("explain", &["site.ambiguous"]),
        ("version", &[]),
        ("completions", &["bash"]),
        ("man", &[&out("")]),
    ] {
        found.run(server, name, arguments, &FORMS);
    }
    // Neither is a flag.
    found.written.insert("collect file".to_owned());
    extracted(found, server);
    comparisons(found, server, out);
    plant_stops(server);
    found.run(server, "check", &[], LOUD);
    found.run(server, "plan", &[], &FORMS[..1]);
}

/// The plain files are what they were, secrets too, for root alone; what is said of them is an output.
fn extracted(found: &mut Found, server: &Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let list = found.run(server, "backups list", &[], &[&["--json"]]).document();
    let id = list["details"]["backups"][0]["id"].as_str().expect("a backup").to_owned();
    for (index, form) in FORMS.iter().enumerate() {
        let place = folder.path().join(index.to_string()).display().to_string();
        found.run(server, "backups extract", &[&id, &place], &[*form]);
    }
    found.written.insert("backups extract dir".to_owned());
}

fn comparisons(found: &mut Found, server: &Server, out: &dyn Fn(&str) -> String) {
    let other = Server::copy("standalone");
    let (mine, theirs) =
        (server.at("etc/nginx").display().to_string(), other.at("etc/nginx").display().to_string());
    for arguments in [&[&theirs, &mine][..], &[&mine, &theirs, &"--lines".to_owned()]] {
        for form in FORMS {
            let said = binary().envs(ENVIRONMENT).arg("diff").args(arguments).args(form).output();
            let said = answer(&said.expect("the binary runs"));
            found.look(&said.stdout, "diff");
            found.look(&said.stderr, "diff, standard error");
        }
    }
    found.run.insert("diff".to_owned());
    // The folder is no flag.
    found.written.insert("man dir".to_owned());
    let trees: Vec<String> = (0..4).map(|_| server.path().display().to_string()).collect();
    let trees: Vec<&str> = trees.iter().map(String::as_str).collect();
    for form in FORMS {
        let said = binary()
            .args(["base", "learn"])
            .args(&trees)
            .args(["--out", &out("base.conf")])
            .args(form)
            .output();
        let said = answer(&said.expect("the binary runs"));
        found.look(&said.stdout, "base learn");
        found.look(&said.stderr, "base learn, standard error");
    }
    found.run.insert("base learn".to_owned());
    found.written.insert("base learn out".to_owned());
}

fn seeding(found: &mut Found, server: &Server, out: &dyn Fn(&str) -> String) {
    let path = out("motion.db");
    database(Path::new(&path));
    let db = format!("sqlite:{path}");
    let (manifest, wrong, table) = (out("manifest.yaml"), out("wrong.yaml"), out("agents.csv"));
    let good = "agents: [ { username: agent9, fullname: Nine, internal: '1009' } ]\nprofiles: [ { name: P, agents: [agent9] } ]\n";
    fs::write(&manifest, good).expect("writing");
    fs::write(&wrong, "agents: [ { username: x, password: S3cr3t69, internal: [1] } ]\n").expect("writing");
    fs::write(&table, "username,fullname,password\nagent8,Eight,S3cr3t69\n").expect("writing");
    let with = |more: &[&str]| -> Vec<String> {
        more.iter().copied().chain(["--db", &db]).map(str::to_owned).collect()
    };
    for (name, arguments) in [
        ("seed validate", vec![manifest.clone()]),
        ("seed validate", vec![wrong.clone()]),
        ("seed plan", with(&[&manifest, "--out", &out("seed.plan"), "--html", &out("seed.html")])),
        ("seed plan", with(&[&wrong])),
        ("seed status", with(&[&manifest])),
        ("seed list", with(&[])),
        ("seed access", with(&[])),
        ("seed usage", with(&[])),
        ("seed who", with(&["P"])),
        ("seed export", with(&[])),
        ("seed import", vec![table.clone()]),
        ("seed import", ["--out", &out("imported.yaml"), "--force", &table].map(str::to_owned).to_vec()),
        ("seed schema json-schema", Vec::new()),
        ("seed schema show", with(&[])),
        ("seed schema check", with(&[])),
        ("seed schema discover", with(&[])),
        ("seed schema discover", with(&["--out", &out("map.toml"), "--force"])),
        ("seed schema learn", with(&["--begin", "--out", &out("learnt.json")])),
        ("seed apply", with(&[&manifest, "--yes"])),
        ("seed history", with(&[])),
        ("seed undo", with(&["--yes"])),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        found.run(server, name, &arguments, &FORMS);
    }
    for file in [&path, &wrong, &table] {
        fs::remove_file(file).expect("removed");
    }
}

/// Settings, command lines and configurations that are refused.
fn refusals(found: &mut Found, server: &Server) {
    for text in BROKEN_SETTINGS {
        server.write("etc/motionctl/config.toml", text);
        found.run(server, "check", &[], &FORMS[1..2]);
    }
    server.write("etc/motionctl/config.toml", "");
    for arguments in [
        &["--db", "mysql://motion:S3cr3t62@127.0.0.1:1/motion2"][..],
        &["--db", "mysql://motion:S3cr3t62@["],
        &["--reload-timeout", "https://u:S3cr3t62@h/"],
        &["--new-client-upstream", "http://u:S3cr3t62@127.0.0.1:9001/?key=S3cr3t62"],
    ] {
        found.run(server, "plan", arguments, &FORMS[..2]);
    }
    for broken in [
        "map $http_x_api_key $again { include /etc/nginx/keys.map; S3cr3t05 3; }",
        "map $http_x_psk $again { \"S3cr3tToken\" 1; \"S3cr3tToken\" 2; }",
        "server { listen 81; set $password pa$S3cr3t7; }",
        "server { listen 81; location / { proxy_pass http://user:S3cr3t7@nowhere.example.test:99999; } }",
        "server { listen 81; proxy_set_header X-Key S3cr3t7 more; }",
        "server { listen 81; set $password 'S3cr3t7 }",
    ] {
        server.write("etc/nginx/conf.d/c d.conf", format!("{broken}\n"));
        found.run(server, "check", &[], &FORMS[..1]);
    }
}
