//! Hand-written merges: `fixtures/merge/NAME/` holds three versions of a site,
//! what must come of them, and what becomes of each local change.
//!
//! Invariant: `nginx -t` runs in a network namespace of its own, on copies
//! whose paths lead into a temporary folder. `UPDATE_FIXTURES=1` writes what
//! is expected again, for somebody to read.

use nginx_config::merge::{Cause, Choice, Lists, Local, Merged, Resolutions, merge};
use nginx_config::{Tree, splice};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Case {
    folder: PathBuf,
    base: Tree,
    ours: Tree,
    theirs: Tree,
    resolve: BTreeMap<String, String>,
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let tree = |name: &str| {
            let path = folder.join(name);
            Tree::parse(fs::read(&path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let resolve =
            fs::read(folder.join("resolve.json")).map(|text| serde_json::from_slice(&text).unwrap());
        let (base, ours, theirs) = (tree("base.conf"), tree("ours.conf"), tree("theirs.conf"));
        Self { base, ours, theirs, resolve: resolve.unwrap_or_default(), folder }
    }

    fn resolutions(&self) -> Resolutions {
        self.resolve.iter().fold(Resolutions::none(), |all, (path, choice)| match choice.as_str() {
            "ours" => all.with(path, Choice::Ours),
            "theirs" => all.with(path, Choice::Theirs),
            other => panic!("{}: {other} is no choice", self.folder.display()),
        })
    }

    fn merge(&self, resolutions: &Resolutions) -> Merged {
        merge(&self.base, &self.ours, &self.theirs, resolutions).unwrap()
    }

    fn name(&self) -> &str {
        self.folder.file_name().unwrap().to_str().unwrap()
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/merge");
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.into_iter().map(Case::read).collect()
}

/// `kind: path / directive`, with the vendor's place where it has one.
fn shown(local: &Local) -> String {
    let kind = format!("{:?}", local.kind).to_lowercase();
    let place = [&local.path, &local.directive].map(String::as_str);
    let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let line = |version: &Option<nginx_config::diff::Version>| {
        version.as_ref().map_or("-".to_owned(), |version| version.position.line.to_string())
    };
    format!("{kind}: {} (ours {}, theirs {})", place.join(" / "), line(&local.ours), line(&local.theirs))
}

fn lists(lists: &Lists) -> Map<String, Value> {
    let list = |locals: &[Local]| Value::from(locals.iter().map(shown).collect::<Vec<_>>());
    let all = [
        ("carried", list(&lists.carried)),
        ("already_present", list(&lists.already_present)),
        ("conflicting", list(&lists.conflicting)),
        ("dropped", list(&lists.dropped)),
    ];
    all.into_iter().map(|(name, list)| (name.to_owned(), list)).collect()
}

fn expected(open: &Merged, resolved: &Merged) -> Value {
    let mut all = lists(&open.lists);
    if !open.conflicts.is_empty() {
        let conflict = |conflict: &nginx_config::merge::Conflict| {
            let text = |version: &Option<nginx_config::diff::Version>| {
                version.as_ref().map(|version| version.text.clone())
            };
            json!({
                "path": conflict.path, "cause": format!("{:?}", conflict.cause),
                "ours": text(&conflict.ours), "theirs": text(&conflict.theirs),
            })
        };
        all.insert("conflicts".into(), open.conflicts.iter().map(conflict).collect());
        all.insert("resolved".into(), Value::Object(lists(&resolved.lists)));
    }
    if !open.kept.is_empty() {
        all.insert("kept".into(), open.kept.iter().map(|kept| kept.path.clone()).collect());
    }
    Value::Object(all)
}

fn same(path: &Path, found: &[u8]) {
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(path, found).unwrap();
    }
    let expected = fs::read(path).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(found), String::from_utf8_lossy(&expected), "{}", path.display());
}

#[test]
fn every_case_merges_as_written() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    for case in &cases {
        let open = case.merge(&Resolutions::none());
        assert_eq!(
            open.open().count() > 0,
            !case.resolve.is_empty(),
            "{}: {:?}",
            case.name(),
            open.conflicts
        );
        let resolved = case.merge(&case.resolutions());
        assert_eq!(resolved.unused, Vec::<String>::new(), "{}", case.name());
        let text = resolved.text().unwrap_or_else(|error| panic!("{}: {error}", case.name()));
        same(&case.folder.join("merged.conf"), text);
        assert_eq!(splice(case.ours.source(), resolved.splices().unwrap()).unwrap(), text, "{}", case.name());
        let lists = serde_json::to_string_pretty(&expected(&open, &resolved)).unwrap() + "\n";
        same(&case.folder.join("lists.json"), lists.as_bytes());
    }
}

#[test]
fn a_merge_of_what_was_merged_changes_nothing() {
    for case in cases() {
        let merged = case.merge(&case.resolutions());
        let merged = Tree::parse(merged.text().unwrap()).unwrap();
        // What was installed is the next base; the vendor's file is the same as last time.
        let again = merge(&case.theirs, &merged, &case.theirs, &Resolutions::none()).unwrap();
        assert_eq!(again.text().unwrap(), merged.source(), "{}", case.name());
    }
}

#[test]
fn nothing_secret_is_shown() {
    for case in cases().iter().filter(|case| case.name() == "secrets") {
        let merged = case.merge(&Resolutions::none());
        let all = format!("{:?} {:?}", merged.lists, merged.conflicts);
        assert!(all.contains("[redacted]") && !all.contains("Basic"), "{all}");
        assert_eq!(merged.conflicts[0].cause, Cause::BothChanged);
    }
}

#[test]
fn nginx_accepts_what_is_merged_from_what_it_accepts() {
    let mut accepted = 0;
    for case in cases() {
        let accepts =
            |source: &[u8]| accepted_by_nginx(source).map_err(|said| format!("{}: {said}", case.name()));
        let merged = case.merge(&case.resolutions());
        if accepts(case.ours.source()).is_ok() && accepts(case.theirs.source()).is_ok() {
            accepts(merged.text().unwrap()).unwrap();
            accepted += 1;
        }
    }
    // All but those that are about what nginx refuses, or about Lua, which Debian's nginx lacks.
    assert!(accepted >= 45, "only {accepted} cases were read by nginx");
}

/// Whether `nginx -t` accepts this as the contents of `http`.
fn accepted_by_nginx(source: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let text = String::from_utf8_lossy(source)
        .replace("/etc/nginx/", &format!("{at}/"))
        .replace("/var/log/nginx/", &format!("{at}/"));
    fs::create_dir(folder.path().join("tls")).unwrap();
    let made = rcgen::generate_simple_self_signed(["cc.example.test".to_owned()]).unwrap();
    for name in ["motion", "wildcard", "shop"] {
        fs::write(folder.path().join(format!("tls/{name}.crt")), made.cert.pem()).unwrap();
        fs::write(folder.path().join(format!("tls/{name}.key")), made.signing_key.serialize_pem()).unwrap();
    }
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .concat();
    let main = format!(
        "pid {at}/pid;\nerror_log {at}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{text}\n}}\n"
    );
    fs::write(folder.path().join("nginx.conf"), main).unwrap();
    let output = Command::new("unshare")
        .args(["--net", "nginx", "-t", "-p", &at, "-e", "error.log", "-c", "nginx.conf"])
        .output()
        .unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
