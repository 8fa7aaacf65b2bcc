//! Links on the way to the files that are written.

use super::others;
use crate::support::binary::{SITE, Server, finding};
use motionctl::host::Root;
use motionctl::host::files::{Obstacle, way};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Nobody, and no owner of anything.
const OTHER: u32 = 65534;
const FOLDER: &str = "etc/nginx/conf.d";

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode");
}

/// A server whose site lies at `srv/secret/x.conf`, and has no name in `conf.d` yet.
fn moved() -> Server {
    let server = Server::copy("standalone");
    fs::create_dir_all(server.at("srv/secret")).expect("folders");
    fs::rename(server.at(SITE), server.at("srv/secret/x.conf")).expect("moved");
    server
}

/// Checks, plans and applies: refused with `part` in the evidence and nothing changed, or migrated.
fn check(name: &str, arrange: impl FnOnce(&Server), refused: Option<&str>) {
    let server = moved();
    arrange(&server);
    let before = others(&server);
    let checked = server.json(&["check"]);
    let applied = server.json(&["apply", "--yes"]);
    match refused {
        Some(part) => {
            for document in [&checked, &applied] {
                assert_eq!(document["exit_code"], 3, "{name}: {document:#}");
                let evidence = finding(document, "site.not-replaceable")["evidence"].to_string();
                assert!(evidence.contains(part), "{name}: {evidence}");
            }
            assert!(others(&server) == before, "{name}: something was changed");
        }
        None => {
            assert_eq!(applied["exit_code"], 0, "{name}: {applied:#}");
            assert!(server.read("srv/secret/x.conf").contains("/user-ui/"), "{name}");
        }
    }
}

fn link(server: &Server, target: &str, at: &str) {
    symlink(target, server.at(at)).expect("a link");
}

#[test]
fn a_link_that_another_user_made_is_not_written_through() {
    check(
        "made by a process of his",
        |server| {
            mode(&server.at(FOLDER), 0o777);
            let made = Command::new("ln")
                .args(["-s", "/srv/secret/x.conf"])
                .arg(server.at(SITE))
                .uid(OTHER)
                .gid(OTHER)
                .status();
            assert!(made.expect("ln").success());
        },
        Some("leads through a link in `/etc/nginx/conf.d`, which other users can write"),
    );
}

fn roots(server: &Server) {
    link(server, "/srv/secret/x.conf", SITE);
}

fn planted(server: &Server) {
    roots(server);
    lchown(server.at(SITE), Some(OTHER), Some(OTHER)).expect("chown");
}

#[test]
fn a_link_is_judged_by_its_owner_and_its_folder_s() {
    check(
        "a folder of his",
        |server| {
            planted(server);
            chown(server.at(FOLDER), Some(OTHER), Some(OTHER)).expect("chown");
        },
        Some("a link of user 65534"),
    );
    check(
        "root's link in a folder of his: he could have chosen which",
        |server| {
            roots(server);
            chown(server.at(FOLDER), Some(OTHER), Some(OTHER)).expect("chown");
        },
        Some("a link of user 65534"),
    );
    check("his link, left in a folder that was closed since", planted, Some("a link of user 65534"));
    check(
        "his own link to his own folder",
        |server| {
            planted(server);
            chown(server.at("srv/secret"), Some(OTHER), Some(OTHER)).expect("chown");
        },
        None,
    );
}

#[test]
fn a_link_is_judged_by_who_can_write_its_folder() {
    let folder = |server: &Server, bits: u32| mode(&server.at(FOLDER), bits);
    check(
        "root's link in a folder open to everybody",
        |server| {
            roots(server);
            folder(server, 0o777);
        },
        Some("which other users can write"),
    );
    check(
        "root's link in a sticky folder",
        |server| {
            roots(server);
            folder(server, 0o1777);
        },
        None,
    );
    check(
        "a second name of root's link, which anybody could have put into a sticky folder",
        |server| {
            link(server, "/srv/secret/x.conf", "srv/roots-own");
            fs::hard_link(server.at("srv/roots-own"), server.at(SITE)).expect("a second name");
            folder(server, 0o1777);
        },
        Some("which other users can write"),
    );
    check(
        "a folder open to the group root alone",
        |server| {
            roots(server);
            folder(server, 0o775);
        },
        None,
    );
    check(
        "a folder open to a group that nobody lists",
        |server| {
            roots(server);
            folder(server, 0o775);
            chown(server.at(FOLDER), Some(0), Some(54321)).expect("chown");
        },
        Some("which other users can write"),
    );
}

/// The kernel may not follow such a link either (`fs.protected_symlinks`), so NGINX is not asked.
#[test]
fn another_user_s_link_in_a_sticky_folder_is_his() {
    let server = moved();
    mode(&server.at(FOLDER), 0o1777);
    link(&server, "/srv/secret/x.conf", SITE);
    let root = Root::at(server.path()).expect("a root");
    let found = || way(&root, format!("/{SITE}")).expect("a way");
    assert_eq!((found().obstacle, found().links.len()), (None, 1));
    lchown(server.at(SITE), Some(OTHER), Some(OTHER)).expect("chown");
    assert!(matches!(found().obstacle, Some(Obstacle::PlantedLink(_))), "{:?}", found());
}

/// The access list shows in the group's bits alone, and the group is root's.
#[test]
fn an_access_list_lets_others_plant_links_too() {
    let entry = |tag: u16, permissions: u16, id: u32| {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let none = u32::MAX;
    let list = [
        entry(1, 7, none),
        entry(2, 7, OTHER),
        entry(4, 5, none),
        entry(0x10, 7, none),
        entry(0x20, 5, none),
    ];
    let list = [&2_u32.to_le_bytes()[..], &list.concat()].concat();
    check(
        "an access list",
        |server| {
            link(server, "/srv/secret/x.conf", SITE);
            xattr::set(server.at(FOLDER), "system.posix_acl_access", &list).expect("access lists");
        },
        Some("which other users can write"),
    );
}

#[test]
fn every_link_of_the_way_counts() {
    check(
        "a link in the middle",
        |server| {
            fs::rename(server.at(FOLDER), server.at("srv/elsewhere")).expect("moved");
            fs::rename(server.at("srv/secret/x.conf"), server.at("srv/elsewhere/motion.conf"))
                .expect("moved");
            link(server, "/srv/elsewhere", FOLDER);
            lchown(server.at(FOLDER), Some(OTHER), Some(OTHER)).expect("chown");
        },
        Some("a link of user 65534"),
    );
    check(
        "a link behind a link of root's",
        |server| {
            fs::create_dir(server.at("srv/open")).expect("a folder");
            mode(&server.at("srv/open"), 0o777);
            link(server, "../../../srv/open/hop", SITE);
            link(server, "/srv/secret/x.conf", "srv/open/hop");
        },
        Some("a link in `/srv/open`"),
    );
    check(
        "the file that includes it was chosen",
        |server| {
            server.write("srv/secret/all", "include /srv/secret/x.conf;\n");
            link(server, "/srv/secret/all", SITE);
            lchown(server.at(SITE), Some(OTHER), Some(OTHER)).expect("chown");
        },
        Some("`/srv/secret/all` includes it"),
    );
}

#[test]
fn links_as_debian_has_them_are_followed() {
    for (name, target) in [("relative", "../../../srv/secret/x.conf"), ("absolute", "/srv/secret/x.conf")] {
        check(name, |server| link(server, target, SITE), None);
    }
    let server = moved();
    link(&server, "../../../srv/secret/x.conf", SITE);
    assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 0);
    assert!(server.at(SITE).is_symlink(), "the link stays");
    assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 0);
}

#[test]
fn a_folder_that_others_can_write_is_no_link() {
    let server = Server::copy("standalone");
    mode(&server.at(FOLDER), 0o777);
    assert_eq!(
        server.json(&["apply", "--yes"])["exit_code"],
        0,
        "whoever can write there commands NGINX anyway"
    );
}

#[test]
fn a_plan_remembers_which_links_it_walked() {
    let server = moved();
    server.write("srv/secret/y.conf", "# nothing\n");
    let (a, b) = ("etc/nginx/conf.d/a.conf", "etc/nginx/conf.d/b.conf");
    let lead = |to_a: &str, to_b: &str| {
        for (at, target) in [(a, to_a), (b, to_b)] {
            drop(fs::remove_file(server.at(at)));
            link(&server, target, at);
        }
    };
    let saved = server.at("plan.json").display().to_string();
    lead("/srv/secret/x.conf", "/srv/secret/y.conf");
    let planned = server.json(&["plan", "--out", &saved]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let plan: Value = serde_json::from_str(&server.read("plan.json")).expect("JSON");
    assert_eq!(
        (&plan["format"], &plan["links"]["/etc/nginx/conf.d/a.conf"]),
        (&2.into(), &"/srv/secret/x.conf".into())
    );
    // The same files are read, with the same bytes.
    lead("/srv/secret/y.conf", "/srv/secret/x.conf");
    let refused = server.json(&["apply", &saved, "--yes"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    let message = refused["error"]["message"].to_string();
    assert!(message.contains("stale") && message.contains("the link /etc/nginx/conf.d/a.conf"), "{message}");
    lead("/srv/secret/x.conf", "/srv/secret/y.conf");
    assert_eq!(server.json(&["apply", &saved, "--yes"])["exit_code"], 0);
}

#[test]
fn a_backup_does_not_hold_what_a_planted_link_leads_to() {
    let server = Server::copy("standalone");
    server.write("srv/secret", "root's alone\n");
    server.write("srv/shared", "root's as well\n");
    link(&server, "/srv/shared", "etc/nginx/conf.d/trusted");
    link(&server, "/srv/secret", "etc/nginx/conf.d/planted");
    lchown(server.at("etc/nginx/conf.d/planted"), Some(OTHER), Some(OTHER)).expect("chown");
    let applied = server.json(&["apply", "--yes"]);
    assert_eq!(applied["exit_code"], 0, "{applied:#}");
    let id = applied["backup"]["id"].as_str().expect("a backup").to_owned();
    server.write("srv/secret", "changed since\n");
    server.write("srv/shared", "changed since\n");
    let restored = server.json(&["rollback", &id, "--whole-tree", "--yes"]);
    assert_eq!(restored["exit_code"], 0, "{restored:#}");
    assert_eq!(server.read("srv/secret"), "changed since\n");
    assert_eq!(server.read("srv/shared"), "root's as well\n");
}
