//! What a saved plan may ask for, and where.

use super::others;
use crate::support::binary::{SITE, Server, fixture, motionctl};
use crate::support::machine::Machine;
use motionctl::facts::Scope;
use motionctl::plan::{Content, Patch, Plan, PlanKind, Step, Version};
use motionctl::values::{Attributes, FileMode, Hash, TextPath};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

fn at(path: &str) -> TextPath {
    TextPath::new(path).expect("a path")
}

/// A server, and the plan that was saved for it.
struct Saved {
    server: Server,
    plan: Plan,
}

impl Saved {
    fn new() -> Self {
        let server = Server::copy("standalone");
        let out = server.at("plan.json");
        assert_eq!(server.json(&["plan", "--out", out.to_str().expect("text")])["exit_code"], 0);
        let plan = Plan::from_json(&fs::read(&out).expect("a plan")).expect("a plan");
        Self { server, plan }
    }

    /// The plan with other steps, its hash right for them.
    fn with(&self, kind: PlanKind, steps: Vec<Step>) -> String {
        let Plan { strategy, site, nginx, relies_on, .. } = self.plan.clone();
        let plan = Plan::new(kind, &strategy, site, nginx, relies_on, steps);
        plan.bound_to(&self.plan.links, &Scope::Tree(PathBuf::new())).to_json()
    }

    fn also(&self, step: Step) -> String {
        self.with(PlanKind::Migrate, self.plan.steps.iter().cloned().chain([step]).collect())
    }

    /// Exit 65 with `part`, before anything is done.
    fn refused(&self, name: &str, plan: &str, part: &str) {
        let forged = self.server.at("forged.json");
        fs::write(&forged, plan).expect("writing");
        let before = others(&self.server);
        let done = self.server.json(&["apply", forged.to_str().expect("text"), "--yes"]);
        assert_eq!(done["exit_code"], 65, "{name}: {done:#}");
        assert!(done["error"]["message"].to_string().contains(part), "{name}: {done:#}");
        assert!(others(&self.server) == before, "{name}: something was changed");
    }

    fn site_step(&self) -> (TextPath, Version, Version) {
        let step = self.plan.steps.iter().find_map(|step| match step {
            Step::SetFile { path, from, to } if path.as_str() == format!("/{SITE}") => {
                Some((path.clone(), from.clone(), to.clone()))
            }
            _ => None,
        });
        step.expect("the site's step")
    }
}

fn file(bytes: &[u8], mode: u32, text: &str) -> Version {
    let content = Content::Patched(vec![Patch { start: 0, end: 0, text: text.to_owned() }]);
    Version::File { sha256: Hash::of(bytes), attributes: Attributes::plain(mode, 0, 0), content }
}

fn new_file(path: &str, mode: u32, text: &str) -> Step {
    Step::SetFile { path: at(path), from: Version::Absent, to: file(text.as_bytes(), mode, text) }
}

#[test]
fn only_what_a_planner_of_migrations_makes_is_carried_out() {
    let saved = Saved::new();
    fs::create_dir_all(saved.server.at("home/victim/empty")).expect("folders");
    let steps = &saved.plan.steps;
    let backup = "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name");
    let refused = |name: &str, step: Step, part: &str| saved.refused(name, &saved.also(step), part);
    refused("remove-folder", Step::RemoveFolder { path: at("/home/victim/empty") }, "removes the folder");
    refused(
        "make-folder",
        Step::MakeFolder { path: at("/home/victim/new") },
        "no file is made in the folder",
    );
    refused("restore-tree", Step::RestoreTree { backup }, "the whole of the backup");
    refused(
        "a file elsewhere",
        new_file("/home/victim/x", 0o644, "x"),
        "/home/victim/x is no part of this configuration",
    );
    saved.refused("another kind", &saved.with(PlanKind::Rollback, steps.clone()), "of the kind `migrate`");
    let twice = steps.iter().chain(steps).cloned().collect();
    saved.refused("twice", &saved.with(PlanKind::Migrate, twice), "twice");
    let early = [Step::Reload].into_iter().chain(steps.iter().cloned()).collect();
    saved.refused("an early reload", &saved.with(PlanKind::Migrate, early), "before its last step");
    let folder =
        [Step::MakeFolder { path: at("/home/victim/new") }, new_file("/home/victim/new/x", 0o644, "x")];
    let folder = folder.into_iter().chain(steps.iter().cloned()).collect();
    saved.refused(
        "a folder with a file",
        &saved.with(PlanKind::Migrate, folder),
        "no part of this configuration",
    );
    let strategy = saved.with(PlanKind::Migrate, steps.clone()).replace("\"graft\"", "\"restore\"");
    saved.refused("the hash is checked", &strategy, "changed after it was saved");
}

#[test]
fn a_file_is_changed_as_a_planner_changes_it() {
    let saved = Saved::new();
    let (path, from, to) = saved.site_step();
    let refused = |name: &str, from: &Version, to: &Version, part: &str| {
        let step = Step::SetFile { path: path.clone(), from: from.clone(), to: to.clone() };
        let others = saved
            .plan
            .steps
            .iter()
            .filter(|step| !matches!(step, Step::SetFile { path: of, .. } if *of == path));
        let steps = others.cloned().chain([step]).collect();
        saved.refused(name, &saved.with(PlanKind::Migrate, steps), part);
    };
    let Version::File { sha256, attributes, content } = to.clone() else { panic!("a file") };
    refused("removed", &from, &Version::Absent, "removes /etc/nginx/conf.d/motion.conf");
    let mut open = attributes.clone();
    open.mode = FileMode(0o666);
    let open = Version::File { sha256, attributes: open, content: content.clone() };
    refused("open to others", &from, &open, "changes the owner, mode");
    let mut given = attributes.clone();
    given.uid = 65534;
    refused(
        "given away",
        &from,
        &Version::File { sha256, attributes: given, content: content.clone() },
        "owner",
    );
    let backup = Content::Backup("20261122T101500Z-0a1b2c3d".parse().expect("a backup's name"));
    let backup = Version::File { sha256, attributes: attributes.clone(), content: backup };
    refused("from a backup", &from, &backup, "from elsewhere");
    let key =
        Version::File { sha256, attributes: attributes.clone(), content: Content::Copied(at("/etc/shadow")) };
    refused("copied from elsewhere", &from, &key, "no part of this configuration");
    let other = Version::File { sha256, attributes, content: Content::Live };
    refused("from nowhere", &from, &other, "from elsewhere");
    for (name, step, part) in [
        ("set-user-ID", new_file("/etc/nginx/conf.d/new.conf", 0o4755, "# x\n"), "a mode or attributes"),
        ("open", new_file("/etc/nginx/conf.d/new.conf", 0o666, "# x\n"), "a mode or attributes"),
    ] {
        saved.refused(name, &saved.also(step), part);
    }
}

#[test]
fn what_lies_beside_the_configuration_is_no_part_of_it() {
    let saved = Saved::new();
    let server = &saved.server;
    server.write("etc/nginx/htpasswd", "admin:x\n");
    server.write("srv/x/old.conf", "# elsewhere\n");
    symlink("/srv/x", server.at("etc/nginx/out")).expect("a link");
    symlink("/srv/x/old.conf", server.at("etc/nginx/linked")).expect("a link");
    let over = |path: &str, old: &str| {
        let text = format!("evil:y\n{old}");
        let from = Version::File {
            sha256: Hash::of(old.as_bytes()),
            attributes: Attributes::plain(0o644, 0, 0),
            content: Content::Live,
        };
        Step::SetFile { path: at(path), from, to: file(text.as_bytes(), 0o644, "evil:y\n") }
    };
    let refused =
        |name: &str, step: Step| saved.refused(name, &saved.also(step), "no part of this configuration");
    refused("a file of passwords", over("/etc/nginx/htpasswd", "admin:x\n"));
    refused("a new file that nothing includes", new_file("/etc/nginx/new.txt", 0o644, "x\n"));
    refused("a path through a link", new_file("/etc/nginx/out/new.conf", 0o644, "# x\n"));
    refused("a link", over("/etc/nginx/linked", "# elsewhere\n"));
    refused("another site's record", new_file("/var/lib/motionctl/base-0123.conf", 0o600, "x"));
    refused("another record of local changes", new_file("/etc/motionctl/local.d/x.toml", 0o600, "x"));
    refused("the lock", new_file("/var/lib/motionctl/lock", 0o600, "x"));
}

#[test]
fn what_is_written_twice_or_cannot_be_is_refused_as_it_is_read() {
    let saved = Saved::new();
    let good = saved.plan.to_json();
    let edit = |old: &str, new: &str| {
        let text = good.replacen(old, new, 1);
        assert_ne!(text, good, "{old}");
        text
    };
    let main = "\"/etc/nginx/nginx.conf\": ";
    let rest = &good[good.find(main).expect("relied on")..];
    let line = rest[..rest.find('\n').expect("a line")].trim_end_matches(',').to_owned();
    for (name, text) in [
        ("a field twice", edit("\"format\": ", "\"format\": 7,\n  \"format\": ")),
        ("a field of a step twice", edit("\"path\": ", "\"path\": \"/etc/shadow\",\n      \"path\": ")),
        (
            "a step's kind twice",
            edit("\"kind\": \"set-file\"", "\"kind\": \"set-file\", \"kind\": \"reload\""),
        ),
        ("a key of a map twice", edit(main, &format!("{line},\n    {main}"))),
        ("a huge number", edit("\"start\": ", "\"start\": 99999999999999999999999999")),
        ("a number below nothing", edit("\"start\": ", "\"start\": -")),
        ("a fraction", edit("\"start\": ", "\"start\": 0.5e")),
        ("a way up", edit("\"path\": \"/etc/nginx/", "\"path\": \"/etc/nginx/../")),
        ("no absolute path", edit("\"path\": \"/etc", "\"path\": \"etc")),
        ("an unknown field", edit("\"strategy\"", "\"run\": \"x\",\n  \"strategy\"")),
        ("an unknown field of a step", edit("\"path\": ", "\"owner\": \"x\",\n      \"path\": ")),
        ("an unknown step", edit("\"kind\": \"set-file\"", "\"kind\": \"run\"")),
        ("a mode of more bits", edit("\"mode\": \"0", "\"mode\": \"77")),
        ("a deep one", "[".repeat(100_000)),
        ("none at all", String::new()),
    ] {
        saved.refused(name, &text, "not a saved plan");
    }
    saved.refused("a newer format", &edit("\"format\": 2", "\"format\": 4"), "format is 4");
}

#[test]
fn a_plan_of_a_tree_is_not_for_a_server_and_none_is_used_twice() {
    let machine = Machine::new("standalone");
    let out = |name: &str| machine.scratch().join(name).to_str().expect("text").to_owned();
    let (of_tree, of_server) = (out("tree.json"), out("server.json"));
    let tree = fixture("standalone").display().to_string();
    machine.motionctl(&["plan", "--root", &tree, "--json", "--out", &of_tree]).expect(0, "changes-pending");
    machine.motionctl(&["plan", "--json", "--out", &of_server]).expect(0, "changes-pending");
    let before = machine.configuration();
    let said = |arguments: &[&str]| {
        let done = machine.motionctl(arguments);
        done.expect(3, "refused");
        done.error().to_owned()
    };
    let text = said(&["apply", &of_tree, "--yes", "--json"]);
    assert!(text.contains("made from a tree (--root), and not on this server"), "{text}");
    // As an older version wrote it, which did not say where it was made.
    let plan = Plan::from_json(&fs::read(&of_tree).expect("a plan")).expect("a plan");
    let Plan { kind, strategy, site, nginx, relies_on, steps, .. } = plan;
    let older = Plan::new(kind, &strategy, site, nginx, relies_on, steps).to_json();
    let of_older = out("older.json");
    fs::write(&of_older, older).expect("writing");
    let text = said(&["apply", &of_older, "--yes", "--json"]);
    assert!(text.contains("stale") && !text.contains("does not run any more"), "{text}");
    assert!(machine.configuration() == before, "nothing was changed");

    machine.motionctl(&["apply", &of_server, "--yes", "--json"]).expect(0, "applied");
    let text = said(&["apply", &of_server, "--yes", "--json"]);
    assert!(text.contains("it was carried out already"), "{text}");
    let copy = Server::copy("standalone");
    let elsewhere = copy.json(&["apply", &of_server, "--yes"]);
    assert_eq!(elsewhere["exit_code"], 3, "{elsewhere:#}");
    let text = elsewhere["error"]["message"].to_string();
    assert!(text.contains("made on a running server"), "{text}");
    // Undone, it is used all the same; planned again it is another plan, however often.
    for name in ["second.json", "third.json"] {
        machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
        let text = said(&["apply", &of_server, "--yes", "--json"]);
        assert!(text.contains("it was carried out already, by the run 2"), "{text}");
        let new = out(name);
        machine.motionctl(&["plan", "--json", "--out", &new]).expect(0, "changes-pending");
        machine.motionctl(&["apply", &new, "--yes", "--json"]).expect(0, "applied");
    }
}

#[test]
fn a_plan_whose_change_failed_or_was_never_made_is_not_used() {
    let server = Server::copy("standalone");
    let out = server.at("plan.json").display().to_string();
    assert_eq!(server.json(&["plan", "--out", &out])["exit_code"], 0);
    // Another run that ended where it began.
    assert_eq!(server.json(&["apply", "--yes", "--strategy", "replace"])["outcome"], "applied");
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    assert_eq!(server.json(&["apply", &out, "--yes", "--dry-run"])["outcome"], "changes-pending");
    // One of this plan that was undone.
    let place = ("step: between its effect and its end", 1);
    let killed = crate::crash::scenario::run_with(server.path(), &["apply", &out, "--yes"], place, "SIGKILL");
    assert!(killed.was_killed());
    assert_eq!(server.json(&["recover"])["exit_code"], 0);
    assert_eq!(server.json(&["apply", &out, "--yes"])["outcome"], "applied");
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    let used = server.json(&["apply", &out, "--yes"]);
    assert_eq!(used["exit_code"], 3, "{used:#}");
    assert!(used["error"]["message"].to_string().contains("carried out already"), "{used:#}");
}

#[test]
fn an_owner_or_mode_that_changed_since_makes_a_plan_stale() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let saved = Saved::new();
    let out = saved.server.at("plan.json").display().to_string();
    let site = saved.server.at(SITE);
    let refused = || {
        let done = saved.server.json(&["apply", &out, "--yes"]);
        assert_eq!(done["exit_code"], 3, "{done:#}");
        assert!(done["error"]["message"].to_string().contains("the owner, mode or access list"), "{done:#}");
    };
    fs::set_permissions(&site, fs::Permissions::from_mode(0o600)).expect("chmod");
    refused();
    fs::set_permissions(&site, fs::Permissions::from_mode(0o644)).expect("chmod");
    chown(&site, Some(33), None).expect("chown");
    refused();
    chown(&site, Some(0), None).expect("chown");
    // A time alone is nobody's business.
    fs::File::open(&site)
        .expect("the site")
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .expect("its time");
    assert_eq!(saved.server.json(&["apply", &out, "--yes"])["exit_code"], 0);
    assert_eq!(motionctl(["apply", "/nowhere/plan", "--yes"]).code, 69);
}
