//! The vendor's text from many servers, as an admin learns it: from trees, folders, archives and single files.
//!
//! Invariant: the fleets are made up, and of each server it is known what is its own.

use crate::support::binary::{Server, finding, motionctl};
use crate::support::fleet::{Drawn, Generation, fleet, genuine};
use crate::support::said::Said;
use nginx_config::Tree;
use nginx_config::merge::{distance, fill_base};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MAIN: &str = "user www-data;\nevents {}\nhttp {\n    include /etc/nginx/mime.types;\n    \
    include /etc/nginx/conf.d/*.conf;\n    include /etc/nginx/sites-enabled/*;\n}\n";

/// A folder with one server in each of the forms in which customers send them.
struct Field {
    folder: tempfile::TempDir,
    operands: Vec<PathBuf>,
}

impl Field {
    fn new(fleet: &[Drawn]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let operands = fleet.iter().enumerate().map(|(at, server)| form(folder.path(), at, server)).collect();
        Self { folder, operands }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("learned.conf")
    }

    fn learn(&self, more: &[&str]) -> Said {
        let (out, json) = (self.out().display().to_string(), "--json".to_owned());
        let operands = self.operands.iter().map(|path| path.display().to_string());
        let start = ["base", "learn", "--force", "--out"].map(str::to_owned).into_iter().chain([out, json]);
        motionctl(start.chain(more.iter().map(|word| (*word).to_owned())).chain(operands))
    }
}

fn tree(at: &Path, server: &Drawn, place: &str) {
    let nginx = at.join("etc/nginx");
    for folder in ["conf.d", "sites-available", "sites-enabled", "own"] {
        fs::create_dir_all(nginx.join(folder)).expect("a folder");
    }
    fs::write(nginx.join("nginx.conf"), MAIN).expect("writing");
    fs::write(nginx.join("mime.types"), "types { text/html html; }\n").expect("writing");
    fs::write(nginx.join(place), &server.text).expect("writing");
    if place.starts_with("sites-available") {
        std::os::unix::fs::symlink("../sites-available/motion", nginx.join("sites-enabled/motion"))
            .expect("a link");
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let status = Command::new(program).args(arguments).current_dir(folder).status().expect("it is installed");
    assert!(status.success(), "{program} {arguments:?}");
}

/// One server, in the form that its number says.
fn form(folder: &Path, at: usize, server: &Drawn) -> PathBuf {
    let own = folder.join(format!("customer{at}"));
    fs::create_dir(&own).expect("a folder");
    let place = if at.is_multiple_of(2) { "conf.d/motion.conf" } else { "sites-available/motion" };
    match at % 6 {
        0 => {
            tree(&own, server, place);
            own
        }
        1 => {
            tree(&own, server, place);
            own.join("etc/nginx")
        }
        2 => {
            tree(&own, server, place);
            run("tar", &["czf", "../a.tgz", "etc"], &own);
            rename(folder, "a.tgz", at)
        }
        3 => {
            tree(&own, server, place);
            run("tar", &["czf", "../../a.tar.gz", "nginx"], &own.join("etc"));
            rename(folder, "a.tar.gz", at)
        }
        4 => {
            tree(&own, server, place);
            let archive = folder.join(format!("customer{at}.zip"));
            zip(&own.join("etc/nginx"), &archive);
            archive
        }
        _ => {
            let file = own.join("copy of the site");
            fs::write(&file, &server.text).expect("writing");
            file
        }
    }
}

fn rename(folder: &Path, name: &str, at: usize) -> PathBuf {
    let new = folder.join(format!("{at}-{name}"));
    fs::rename(folder.join(name), &new).expect("renaming");
    new
}

fn zip(folder: &Path, archive: &Path) {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(fs::File::create(archive).expect("a file"));
    for name in ["nginx.conf", "mime.types", "conf.d/motion.conf"] {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("backup/nginx/{name}"), options).expect("a file");
        writer.write_all(&fs::read(folder.join(name)).expect("reading")).expect("writing");
    }
    writer.finish().expect("the end");
}

fn names(answer: &Value, part: &str) -> usize {
    let servers = answer["details"]["learned"]["servers"].as_array().expect("a list");
    servers.iter().filter(|server| server["part"] == part).count()
}

#[test]
fn thirty_servers_in_every_form_give_the_vendors_text_and_nobodys_own() {
    let fleet = fleet(41, 30, Generation::Legacy);
    let field = Field::new(&fleet);
    let answer = field.learn(&[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let json = answer.document();
    assert_eq!(names(&json, "learned"), 30, "{json:#}");
    let text = fs::read_to_string(field.out()).expect("it was written");
    let vendor = Tree::parse(genuine(Generation::Legacy)).expect("parses");
    let base = fill_base(&Tree::parse(text.clone()).expect("parses"), &vendor).expect("parses");
    let (found, own) = (distance(&vendor, &base), distance(&base, &vendor));
    assert!(found.is_at_least(99) && own.found == own.total, "{found:?} {own:?}\n{text}");
    for server in &fleet {
        let shown = format!("{text}{}", answer.stdout);
        assert!(!shown.contains(&server.name), "{}", server.name);
    }
    assert!(!text.contains("t0p-s3cret") && !answer.stdout.contains("t0p-s3cret"));
    // Many customers have the bridge: it is told, and left out.
    let left_out = finding(&json, "base.left-out");
    assert!(left_out["evidence"].to_string().contains("/whatsapp-bridge/"), "{left_out}");
}

#[test]
fn what_looks_like_a_secret_stays_out_of_a_base_however_many_share_it() {
    let own = "    proxy_set_header X-Key partner;\n    \
        add_header X-Partner-Id k7Gd9Qz2LmXp4RtY8;\n    \
        # location /old/9f86d081884c7d659a2feaa0bbbb/ { return 204; }\n    \
        location /hook/9f86d081884c7d659a2feaa0/ {\n        return 204;\n    }\n";
    let mut fleet = fleet(51, 12, Generation::Legacy);
    for server in &mut fleet {
        let at = server.text.rfind("location ").expect("it has locations");
        let at = server.text[..at].rfind('\n').expect("it is not the first line") + 1;
        server.text.insert_str(at, own);
    }
    let field = Field::new(&fleet);
    let answer = field.learn(&[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let text = fs::read_to_string(field.out()).expect("it was written");
    for shown in [&text, &answer.stdout, &answer.stderr] {
        for secret in ["partner;", "k7Gd9Qz2LmXp4RtY8", "9f86d081884c7d659a2feaa0"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
    let left_out = finding(&answer.document(), "base.left-out")["evidence"].to_string();
    assert!(left_out.contains("location /hook/[redacted]/"), "{left_out}");
    // What is the vendor's is found all the same.
    let vendor = Tree::parse(genuine(Generation::Legacy)).expect("parses");
    let base = fill_base(&Tree::parse(text.clone()).expect("parses"), &vendor).expect("parses");
    assert!(distance(&vendor, &base).is_at_least(99), "{text}");
}

#[test]
fn the_learned_base_serves_for_plans_and_makes_exactly_the_customers_changes() {
    let fleet = fleet(42, 12, Generation::Legacy);
    let field = Field::new(&fleet);
    assert_eq!(field.learn(&[]).code, 0);
    let folder = field.folder.path();
    // The vendor's next file, as it ships it.
    let candidate = folder.join("new.conf");
    let new = genuine(Generation::New).replace("cc.genuine.test", "example.com");
    fs::write(&candidate, new.replace("gzip_vary on", "gzip_vary off")).expect("writing");
    let mut told = 0;
    for (number, drawn) in fleet.iter().enumerate() {
        let server = Server::copy("standalone");
        server.write("etc/nginx/conf.d/motion.conf", &drawn.text);
        let port =
            drawn.text.split("server 127.0.0.1:").nth(1).and_then(|rest| rest.split([';', '\'']).next());
        server.write("var/opt/motion2/.env", format!("XC_PORT={}\n", port.expect("an upstream")));
        let (base, candidate) = (field.out().display().to_string(), candidate.display().to_string());
        let json = server.json(&["plan", "--base", &base, "--candidate", &candidate]);
        // What a customer threw away and the vendor changes is for a person to decide.
        if drawn.own.iter().any(|own| own == "removed gzip_vary") {
            assert_eq!(json["exit_code"], 3, "{json:#}");
            continue;
        }
        let changes = &json["plan"]["local_changes"];
        let count = |list: &str| changes[list].as_array().map_or(0, Vec::len);
        assert_eq!(count("carried") + count("already_present"), drawn.own.len(), "{json:#}\n{:?}", drawn.own);
        assert_eq!(count("conflicting") + count("dropped"), 0, "{json:#}");
        told += 1;
        // The whole road on a running NGINX, of one.
        if number == 3 {
            let json = server.json(&["rehearse", "--base", &base, "--candidate", &candidate]);
            assert_eq!(json["exit_code"], 0, "{json:#}");
        }
    }
    assert!(told > 8);
}

#[test]
fn two_editions_are_told_apart_and_the_larger_part_is_learned_from() {
    let mut mixed = fleet(43, 20, Generation::Legacy);
    mixed.extend(fleet(44, 10, Generation::New));
    let field = Field::new(&mixed);
    let answer = field.learn(&[]);
    let json = answer.document();
    assert_eq!(
        (answer.code, names(&json, "learned"), names(&json, "other-generation")),
        (0, 20, 10),
        "{json:#}"
    );
    finding(&json, "base.generations");
    let text = fs::read_to_string(field.out()).expect("it was written");
    assert!(text.contains("/classic/") && !text.contains("user-ui"), "{text}");
    assert!(text.starts_with("#| Learned by motionctl from 20 servers"), "{text}");
}

#[test]
fn one_server_tells_nothing_three_tell_something_and_strangers_are_named() {
    let fleet = fleet(45, 3, Generation::Legacy);
    let one = Field::new(&fleet[..1]);
    let answer = one.learn(&[]);
    assert_eq!(answer.code, 3);
    finding(&answer.document(), "base.one-server");
    assert!(!one.out().exists());
    let mut three = Field::new(&fleet);
    let answer = three.learn(&[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    finding(&answer.document(), "base.few-servers");
    // A tree that has nothing of Motion's is named, and the others are learned from.
    let stranger = three.folder.path().join("stranger");
    fs::create_dir_all(stranger.join("etc/nginx")).expect("a folder");
    fs::write(stranger.join("etc/nginx/nginx.conf"), "events {} http { server { listen 80; root /srv; } }")
        .expect("writing");
    three.operands.push(stranger);
    let json = three.learn(&[]).document();
    let told = finding(&json, "base.no-site");
    assert!(told["evidence"].to_string().contains("stranger"), "{told}");
    assert_eq!(names(&json, "learned"), 3);
}

#[test]
fn what_cannot_be_read_or_leads_out_ends_the_run() {
    let fleet = fleet(46, 2, Generation::Legacy);
    let check = |code: i32, add: &dyn Fn(&Path) -> PathBuf| {
        let mut field = Field::new(&fleet);
        let more = add(field.folder.path());
        field.operands.push(more);
        let answer = field.learn(&[]);
        assert_eq!(answer.code, code, "{answer:?}");
        assert!(!field.out().exists());
    };
    let write = |folder: &Path, name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).expect("writing");
        folder.join(name)
    };
    check(69, &|folder| folder.join("nothing"));
    check(65, &|folder| write(folder, "broken.conf", b"server { listen 80;"));
    check(65, &|folder| write(folder, "cut.tgz", &[0x1f, 0x8b, 8, 0]));
    check(65, &|folder| {
        fs::write(folder.join("x"), "a").expect("writing");
        fs::create_dir(folder.join("in")).expect("a folder");
        run("tar", &["cPzf", "../climbs.tgz", "../x"], &folder.join("in"));
        folder.join("climbs.tgz")
    });
    // One server twice would decide for others.
    let mut field = Field::new(&fleet);
    field.operands.push(field.operands[0].clone());
    assert_eq!(field.learn(&[]).code, 64);
    // A share of a half or less could be two texts at once.
    assert_eq!(Field::new(&fleet).learn(&["--share", "50"]).code, 64);
}

#[test]
fn a_decision_made_once_serves_every_server_with_the_same_conflict() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = genuine(Generation::Legacy);
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("base.conf"), base.replace("cc.genuine.test", "example.com")).expect("writing");
    let new = genuine(Generation::New).replace("gzip_min_length 1024", "gzip_min_length 512");
    fs::write(at("new.conf"), new.replace("cc.genuine.test", "example.com")).expect("writing");
    let plan = |name: &str, length: &str, more: &[&str]| {
        let server = Server::copy("standalone");
        let own = base.replace("cc.genuine.test", name).replace("gzip_min_length 1024", length);
        server.write("etc/nginx/conf.d/motion.conf", own);
        let (base, new, file) = (at("base.conf"), at("new.conf"), at("decisions.toml"));
        let start = ["plan", "--base", &base, "--candidate", &new, "--resolve-file", &file];
        server.json(&[&start[..], more].concat())
    };
    let path = |name: &str| format!("server {name}:443 / gzip_min_length=ours");
    // A file that is not there decides nothing by being empty.
    assert_eq!(plan("cc.one.test", "gzip_min_length 256", &[])["exit_code"], 69);
    let first = plan("cc.one.test", "gzip_min_length 256", &["--resolve", &path("cc.one.test")]);
    assert_eq!((&first["exit_code"], &first["details"]["decisions"]), (&0.into(), &1.into()), "{first:#}");
    let kept = fs::read_to_string(at("decisions.toml")).expect("it was written");
    assert!(!kept.contains("cc.one") && kept.contains("path = \"server / gzip_min_length\""), "{kept}");
    // Another server, the same question; and one whose customer set something else.
    let second = plan("cc.two.test", "gzip_min_length '256'", &[]);
    assert_eq!(second["exit_code"], 0, "{second:#}");
    assert!(
        finding(&second, "merge.conflict")["evidence"].to_string().contains("this server's is taken"),
        "{second:#}"
    );
    let third = plan("cc.three.test", "gzip_min_length 100", &[]);
    assert_eq!(third["exit_code"], 3, "{third:#}");
    // A server without the conflict has no use for the decision, and that is no fault.
    let fourth = plan("cc.four.test", "gzip_min_length 1024", &[]);
    assert_eq!(fourth["exit_code"], 0, "{fourth:#}");
    assert!(!fourth["findings"].to_string().contains("merge.unused-resolution"), "{fourth:#}");
    // What a person says about this server counts more than what was decided on another.
    let theirs = path("cc.two.test").replace("=ours", "=theirs");
    let fifth = plan("cc.two.test", "gzip_min_length 256", &["--resolve", &theirs]);
    assert!(
        finding(&fifth, "merge.conflict")["evidence"].to_string().contains("the vendor's is taken"),
        "{fifth:#}"
    );
    assert!(fs::read_to_string(at("decisions.toml")).expect("it is there").contains("choice = \"theirs\""));
    fs::write(at("decisions.toml"), "decision = 1").expect("writing");
    assert_eq!(plan("cc.two.test", "gzip_min_length 256", &[])["exit_code"], 65);
}
