//! Trees and servers whose NGINX is no package of the distribution: its files lie elsewhere, it is a relative, or a
//! build from source beside the package.
//!
//! Invariant: what is rehearsed goes all the way; what is refused names the files that were looked for.

mod newest;
mod programs;
mod running;

use crate::support::binary::{SITE, Server, codes, finding};
use crate::support::mount::Mount;
use crate::support::said::Said;
use std::fs;
use std::process::Command;

/// Where OpenResty, and every build from source by its own prefix, has `conf/nginx.conf`.
const OPENRESTY: &str = "/usr/local/openresty/nginx/conf";

/// A fixture whose configuration lies in another folder, with every path in it following.
fn moved(fixture: &str, folder: &str, main: &str) -> Server {
    let tree = Server::copy(fixture);
    let (from, to) = (tree.at("/etc/nginx"), tree.at(folder));
    fs::create_dir_all(&to).expect("folders");
    let all = from.join(".");
    assert!(
        Command::new("cp").arg("-a").args([&all, &to]).status().expect("coreutils are installed").success()
    );
    fs::remove_dir_all(from).expect("moving");
    let edit = format!("s#/etc/nginx#{folder}#g");
    let mut command = Command::new("find");
    command.arg(&to).args(["-name", "*.conf", "-exec", "sed", "-i", &edit, "{}", "+"]);
    assert!(command.status().expect("findutils are installed").success());
    if main != "nginx.conf" {
        fs::rename(to.join("nginx.conf"), to.join(main)).expect("renaming");
    }
    tree
}

fn rehearse(tree: &Server, more: &[&str]) -> Said {
    let (mut arguments, wanted) = (vec!["rehearse", "--load", "60", "--json"], more);
    arguments.extend(wanted);
    tree.run(&arguments)
}

/// A rehearsal that goes all the way, with the new client at its end.
#[track_caller]
fn goes_all_the_way(tree: &Server, more: &[&str]) {
    let before = tree.state();
    let document = rehearse(tree, more).document();
    assert_eq!((&document["exit_code"], &document["outcome"]), (&0.into(), &"ok".into()), "{document:#}");
    assert_eq!(document["reload"]["proven"], true);
    let rows = document["probes"].as_array().expect("probes");
    let is_new = |row: &&serde_json::Value| {
        row["uri"] == "/user-ui/login" && row["note"] == "legacy page → new client"
    };
    assert!(rows.iter().any(|row| is_new(&row)), "{rows:#?}");
    assert!(before == tree.state(), "the tree was touched");
}

#[test]
fn a_tree_of_openresty_is_found_at_its_usual_place() {
    let tree = moved("standalone", OPENRESTY, "nginx.conf");
    let document = tree.json(&["check"]);
    assert_eq!(document["exit_code"], 0, "{document:#}");
    let said = finding(&document, "nginx.other-place")["title"].to_string();
    assert!(said.contains("/usr/local/openresty/nginx/conf/nginx.conf"), "{said}");
    assert_eq!(tree.json(&["plan"])["plan"]["site"], "/usr/local/openresty/nginx/conf/conf.d/motion.conf");
    goes_all_the_way(&tree, &["--strategy", "replace"]);
    let site = "/usr/local/openresty/nginx/conf/conf.d/motion.conf";
    let done = tree.json(&["apply", "--yes", "--site", site]);
    assert_eq!(done["outcome"], "applied", "{done:#}");
    assert!(tree.read(site).contains("location ^~ /user-ui/"));
    let document = tree.json(&["status"]);
    assert!(codes(&document).contains(&"routes.migrated".to_owned()), "{document:#}");
    let back = tree.json(&["rollback", "--yes"]);
    assert_eq!(back["exit_code"], 0, "{back:#}");
    assert!(!tree.read(site).contains("user-ui"));
}

#[test]
fn relative_paths_start_from_the_prefix_above_conf() {
    // As an archive of a build from source has it: no `logs`, sites beside `conf`, everything relative.
    for folder in ["/opt/nginx/conf", "/www/server/nginx/conf", "/srv/web/conf"] {
        let tree = moved("standalone", folder, "nginx.conf");
        let main = format!("{folder}/nginx.conf");
        for (old, new) in [
            ("pid /run/nginx.pid;", "pid logs/nginx.pid;"),
            ("error_log /var/log/nginx/error.log;", "error_log logs/error.log;"),
            ("access_log /var/log/nginx/access.log;", "access_log logs/access.log;"),
            (&format!("include {folder}/mime.types;"), "include mime.types;"),
            (&format!("include {folder}/conf.d/*.conf;"), "include ../vhosts/*.conf;"),
        ] {
            tree.replace(&main, old, new);
        }
        fs::rename(tree.at(&format!("{folder}/conf.d")), tree.at(&format!("{folder}/../vhosts")))
            .expect("moving");
        goes_all_the_way(&tree, &["--nginx-conf", &main]);
    }
}

#[test]
fn the_main_file_may_be_named_as_a_shell_completes_it() {
    let tree = moved("standalone", "/srv/angie", "angie.conf");
    let named = "/srv/angie/angie.conf";
    for path in [named.to_owned(), tree.at(named).display().to_string()] {
        let document = tree.json(&["check", "--nginx-conf", &path]);
        assert_eq!(document["exit_code"], 0, "{document:#}");
    }
    goes_all_the_way(&tree, &["--nginx-conf", named]);
    let settings = tree.at("settings.toml");
    fs::write(&settings, format!("nginx_conf = \"{named}\"\n")).expect("writing");
    let document = tree.json(&["check", "--config", &settings.display().to_string()]);
    assert_eq!(document["exit_code"], 0, "{document:#}");
}

#[test]
fn a_main_file_that_stands_among_the_machines_own_files_hides_none_of_them() {
    let tree = moved("standalone", "/etc", "nginx.conf");
    goes_all_the_way(&tree, &["--nginx-conf", "/etc/nginx.conf"]);
}

#[test]
fn a_tree_without_any_nginx_says_what_was_looked_for() {
    let tree = moved("standalone", "/srv/web", "nginx.conf");
    for command in ["check", "plan", "status"] {
        let document = tree.json(&[command]);
        assert_eq!(
            (&document["exit_code"], &document["outcome"]),
            (&69.into(), &"unavailable".into()),
            "{command}"
        );
        let evidence = finding(&document, "nginx.missing")["evidence"].to_string();
        for place in
            ["/etc/nginx/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf", "/etc/angie/angie.conf"]
        {
            assert!(evidence.contains(place), "{place} is not in {evidence}");
        }
    }
    let document = tree.json(&["apply", "--yes"]);
    assert_eq!(document["exit_code"], 69, "{document:#}");
    let document = tree.json(&["check", "--nginx-conf", "/srv/web/other.conf"]);
    assert_eq!(document["exit_code"], 69, "{document:#}");
    let evidence = finding(&document, "nginx.missing")["evidence"].to_string();
    assert!(evidence.contains("/srv/web/other.conf"), "{evidence}");
}

#[test]
fn of_several_configurations_none_is_guessed() {
    let tree = Server::copy("standalone");
    tree.write("/etc/angie/angie.conf", "events {}\n");
    let document = tree.json(&["check"]);
    assert_eq!(document["exit_code"], 69, "{document:#}");
    let evidence = finding(&document, "site.not-found")["evidence"].to_string();
    assert!(
        evidence.contains("/etc/nginx/nginx.conf") && evidence.contains("/etc/angie/angie.conf"),
        "{evidence}"
    );
    let document = tree.json(&["check", "--nginx-conf", "/etc/nginx/nginx.conf"]);
    assert_eq!(document["exit_code"], 0, "{document:#}");
    // Two names of one file are one configuration.
    fs::remove_file(tree.at("/etc/angie/angie.conf")).expect("removing");
    std::os::unix::fs::symlink("/etc/nginx", tree.at("/etc/openresty")).expect("linking");
    let document = tree.json(&["check"]);
    assert_eq!(document["exit_code"], 0, "{document:#}");
}

/// As debootstrap leaves it; `localhost` is then what the sandbox says.
#[test]
fn on_a_machine_without_a_hosts_file_localhost_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let etc = folder.path().join("etc");
    assert!(
        Command::new("cp").arg("-a").args(["/etc".as_ref(), &*etc]).status().expect("coreutils").success()
    );
    drop(fs::remove_file(etc.join("hosts")));
    let tree = Server::copy("standalone");
    tree.replace(SITE, "127.0.0.1:9000", "localhost:9000");
    let _bare = Mount::bind(&etc, "/etc".as_ref());
    goes_all_the_way(&tree, &[]);
}
