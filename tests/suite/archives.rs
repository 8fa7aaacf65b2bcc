//! A server that support was sent as an archive or as a copy of some folders.
//!
//! Invariant: what comes from elsewhere is only read, whatever it holds; what it lacks is said once, and no more.

mod collected;
mod hostile;

use crate::support::binary::{Server, binary, codes, finding, fixture};
use crate::support::said::{Said, answer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The folder of the new client in the fixtures.
const CLIENT: &str = "/var/opt/motion2/client-new/dist";

/// A tar of `what` below `folder`, as the customer's own tar makes it.
fn packed(folder: &Path, what: &[&str]) -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("kunde.tar.gz");
    let tar = Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(folder).args(what).status();
    assert!(tar.expect("tar is installed").success());
    (place, file)
}

/// Asks about what `root` names.
fn ask(arguments: &[&str], root: &Path) -> Said {
    let output = binary().args(arguments).arg("--root").arg(root).output();
    answer(&output.expect("the binary starts"))
}

fn document(arguments: &[&str], root: &Path) -> Value {
    ask(&[arguments, &["--json"]].concat(), root).document()
}

/// The binary where this machine has no NGINX: its folders are empty in a namespace of the process's own.
fn without_nginx(arguments: &[&str], root: &Path) -> Said {
    let empty = tempfile::tempdir().expect("a folder");
    Command::new("chmod").arg("755").arg(empty.path()).status().expect("chmod is installed");
    let script = "mount --bind \"$1\" /usr/sbin; shift; exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
        .arg(empty.path())
        .arg(env!("CARGO_BIN_EXE_motionctl"))
        .args(arguments)
        .arg("--root")
        .arg(root)
        .output();
    answer(&output.expect("unshare is installed"))
}

#[test]
fn support_plans_from_an_archive_of_etc_nginx_alone() {
    let server = Server::copy("standalone");
    let (_place, archive) = packed(server.path(), &["etc/nginx"]);
    // What can be told is told, and what to ask for.
    let check = document(&["check"], &archive);
    assert_eq!((&check["exit_code"], &check["host"]["name"]), (&3.into(), &"kunde.tar.gz".into()));
    let missing = finding(&check, "newclient.not-found");
    assert!(missing["advice"].as_str().unwrap().contains("--new-client-root"), "{missing}");
    let next = check["next"][0]["command"].as_str().unwrap();
    assert!(next.starts_with("motionctl plan --root ") && next.contains("--new-client-root"), "{check}");
    // The customer answers where the client is; that is believed.
    let plan = document(&["plan", "--new-client-root", CLIENT], &archive);
    assert_eq!((&plan["exit_code"], &plan["outcome"]), (&0.into(), &"changes-pending".into()), "{plan}");
    assert_eq!(finding(&plan, "newclient.not-seen")["level"], "warn");
    let diff = plan["plan"]["diff"]["unified"].as_str().expect("a diff");
    assert!(diff.contains(&format!("alias {CLIENT}/;")), "{diff}");
    // The same plan as on the server itself.
    let whole = server.json(&["plan"]);
    assert_eq!(plan["plan"]["diff"], whole["plan"]["diff"]);
    // And nothing is changed that is an archive.
    let before = fs::read(&archive).unwrap();
    let apply = document(&["apply", "--yes"], &archive);
    assert_eq!(apply["exit_code"], 64);
    assert!(fs::read(&archive).unwrap() == before);
}

#[test]
fn a_copy_is_understood_wherever_the_server_begins_in_it() {
    let server = Server::copy("standalone");
    let etc = server.path().join("etc");
    let wanted = server.json(&["plan"])["plan"]["diff"].clone();
    let asked = |root: &Path| document(&["plan", "--new-client-root", CLIENT], root)["plan"]["diff"].clone();
    for (folder, what) in [
        (server.path().to_owned(), "."),
        (etc.clone(), "nginx"),
        (etc.join("nginx"), "."),
        (server.path().parent().unwrap().to_owned(), server.path().file_name().unwrap().to_str().unwrap()),
    ] {
        let (place, archive) = packed(&folder, &[what]);
        assert_eq!(asked(&archive), wanted, "{what} of {}", folder.display());
        // The same once it was unpacked.
        let unpacked = place.path().join("unpacked");
        fs::create_dir(&unpacked).unwrap();
        let tar = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&unpacked).status();
        assert!(tar.unwrap().success());
        assert_eq!(asked(&unpacked), wanted, "{what} of {}, unpacked", folder.display());
    }
    let zip = tempfile::tempdir().unwrap();
    let file = zip.path().join("kunde.zip");
    write_zip(&file, server.path());
    assert_eq!(asked(&file), wanted);
}

/// A zip as Windows makes it: its own separators, no links, no modes.
fn write_zip(file: &Path, folder: &Path) {
    let mut writer = zip::ZipWriter::new(fs::File::create(file).unwrap());
    for entry in walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap) {
        let below = entry.path().strip_prefix(folder).unwrap();
        if entry.file_type().is_file() {
            let name = below.to_str().unwrap().replace('/', "\\");
            writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut writer, &fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    writer.finish().unwrap();
}

#[test]
fn what_was_not_copied_is_left_out_and_said_once() {
    let server = Server::copy("standalone");
    let nginx = server.path().join("etc/nginx");
    fs::create_dir(nginx.join("modules-enabled")).unwrap();
    symlink("/usr/share/nginx/modules-available/mod-x.conf", nginx.join("modules-enabled/50-x.conf"))
        .unwrap();
    server.replace(
        "etc/nginx/nginx.conf",
        "user www-data;",
        "user www-data;\ninclude modules-enabled/*.conf;",
    );
    server.replace(
        "etc/nginx/conf.d/motion.conf",
        "client_max_body_size 20m;",
        "client_max_body_size 20m;\n    include /etc/letsencrypt/options-ssl-nginx.conf;",
    );
    let (_place, archive) = packed(server.path(), &["etc/nginx"]);
    let plan = document(&["plan", "--new-client-root", CLIENT], &archive);
    assert_eq!(plan["outcome"], "changes-pending", "{plan}");
    let said = finding(&plan, "nginx.not-copied");
    let evidence = said["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), 2, "{said}");
    assert!(said.to_string().contains("/usr/share/nginx/modules-available/mod-x.conf"), "{said}");
    assert!(codes(&plan).iter().all(|code| code != "nginx.not-validated"), "it was: {plan}");
    // A file that is missing in a folder that is there is missing on the server, too.
    server.replace(
        "etc/nginx/nginx.conf",
        "include modules-enabled",
        "include conf.d/nothing.conf;\ninclude modules-enabled",
    );
    let check = document(&["check"], server.path());
    assert_eq!(check["exit_code"], 65, "{check}");
    let broken = finding(&check, "nginx.config-broken").to_string();
    assert!(broken.contains(&format!("{}/etc/nginx/nginx.conf", server.path().display())), "{broken}");
    // Who changes a tree takes it for a whole one.
    let apply = server.json(&["apply", "--yes"]);
    assert_eq!(apply["exit_code"], 65, "{apply}");
}

#[test]
fn modules_that_this_machine_lacks_are_no_fault_of_the_copy() {
    let server = Server::copy("standalone");
    server.replace("etc/nginx/nginx.conf", "http {", "brotli_types text/css;\nhttp {");
    let check = document(&["check"], server.path());
    assert_eq!(check["exit_code"], 0, "{check}");
    assert!(finding(&check, "nginx.not-validated").to_string().contains("brotli_types"), "{check}");
    let apply = server.json(&["apply", "--yes"]);
    assert_eq!(apply["exit_code"], 65, "an apply goes by what NGINX says: {apply}");
}

#[test]
fn links_that_were_unpacked_as_text_are_read_as_links() {
    let server = Server::copy("standalone");
    fs::create_dir(server.path().join("etc/nginx/sites-available")).unwrap();
    fs::rename(
        server.path().join("etc/nginx/conf.d/motion.conf"),
        server.path().join("etc/nginx/sites-available/motion"),
    )
    .unwrap();
    server.write("etc/nginx/sites-enabled/motion", "../sites-available/motion");
    server.replace("etc/nginx/nginx.conf", "conf.d/*.conf", "sites-enabled/*");
    let plan = server.json(&["plan"]);
    assert_eq!(plan["outcome"], "changes-pending", "{plan}");
    assert_eq!(plan["plan"]["steps"][0]["path"], "/etc/nginx/sites-available/motion");
    assert_eq!(finding(&plan, "nginx.link-as-text")["level"], "info");
    assert!(codes(&plan).iter().all(|code| code != "nginx.not-validated"), "it was: {plan}");
}

#[test]
fn without_nginx_what_only_looks_goes_on_and_says_that_nothing_was_validated() {
    let server = Server::copy("standalone");
    let (_place, archive) = packed(server.path(), &["."]);
    for root in [archive.as_path(), server.path()] {
        for (command, code) in [("check", 0), ("plan", 0), ("status", 0), ("report", 0), ("rehearse", 69)] {
            let found = without_nginx(&[command, "--json"], root).document();
            assert_eq!(found["exit_code"], code, "{command}: {found}");
            assert_eq!(finding(&found, "nginx.not-validated")["level"], "warn", "{command}");
            assert_eq!(found["host"]["nginx"], Value::Null, "{command}");
        }
    }
    let apply = without_nginx(&["apply", "--yes", "--json"], server.path()).document();
    assert_eq!((&apply["exit_code"], &codes(&apply)[0]), (&69.into(), &"nginx.missing".to_owned()));
    let routes = without_nginx(&["routes", "/api/x", "--json"], &archive).document();
    assert_eq!((&routes["exit_code"], &routes["host"]["nginx"]), (&0.into(), &Value::Null), "{routes}");
    let pending = without_nginx(&["plan", "--detailed-exitcode"], &archive);
    assert_eq!(pending.code, 2, "it exits as otherwise");
}

#[test]
fn a_folder_that_was_mistyped_is_not_believed() {
    let server = Server::copy("standalone");
    let plan = server.json(&["plan", "--new-client-root", "/var/opt/motion2/client-new/dits"]);
    assert_eq!(plan["exit_code"], 3, "its neighbour is there, so it would be, too: {plan}");
    assert_eq!(finding(&plan, "newclient.not-found")["level"], "stop");
}

#[test]
fn archives_and_copies_are_compared_as_trees_are() {
    let (one, other) = (fixture("standalone"), fixture("already-migrated"));
    let (_first, old) = packed(&one, &["etc/nginx"]);
    let (_second, new) = packed(&other.join("etc"), &["nginx"]);
    let compared = |old: &Path, new: &Path| {
        let output = binary().args(["diff", "--json"]).arg(old).arg(new).output();
        answer(&output.unwrap()).document()
    };
    let wanted = compared(&one, &other);
    assert_eq!(wanted["exit_code"], 2);
    assert_eq!(compared(&old, &new)["details"]["directives"], wanted["details"]["directives"]);
    assert_eq!(compared(&old, &one)["exit_code"], 0);
}

#[test]
fn a_change_asks_for_a_folder_that_is_a_server_s() {
    let server = Server::copy("standalone");
    let apply = document(&["apply", "--yes"], &server.path().join("etc"));
    assert_eq!(apply["exit_code"], 64, "{apply}");
    let error = apply["error"].to_string();
    assert!(error.contains("etc/nginx looks like /etc/nginx: move it to"), "{error}");
}

#[test]
fn what_was_unpacked_goes_also_when_somebody_stops_it() {
    let server = Server::copy("standalone");
    let (place, archive) = packed(server.path(), &["."]);
    let temporary = place.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let entries = || fs::read_dir(&temporary).unwrap().count();
    for wait in [0, 20, 80, 200, 400] {
        let mut child = binary()
            .args(["rehearse", "--root"])
            .arg(&archive)
            .env("TMPDIR", &temporary)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while entries() == 0 && child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(wait));
        // It may have ended by itself.
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).ok();
        child.wait().unwrap();
        assert_eq!(entries(), 0, "after {wait} ms");
    }
}
