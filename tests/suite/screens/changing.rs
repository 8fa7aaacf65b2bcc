//! Screens of commands that change a server, or go back.

use super::stage::{Stage, on_each_width};

const SITE: &str = "tree/etc/nginx/conf.d/motion.conf";
const ROOT: [&str; 2] = ["--root", "tree"];

/// A command on the tree.
fn with_root<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &ROOT].concat()
}

#[test]
fn a_change_and_the_way_back() {
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        stage.show_asked(1, "apply asked", &with_root(&["apply"]));
        stage.show(0, "apply", &with_root(&["apply", "--yes"]));
        stage.show(0, "apply again", &with_root(&["apply", "--yes"]));
        stage.show(0, "status applied", &with_root(&["status"]));
        stage.show(0, "confirm", &with_root(&["confirm"]));
        stage.show(0, "recover", &with_root(&["recover"]));
        stage.show(0, "backups list", &with_root(&["backups", "list"]));
        let listed = stage.json(&with_root(&["backups", "list"]));
        let id = listed["details"]["backups"][0]["id"].as_str().expect("an id");
        stage.show(0, "backups show", &with_root(&["backups", "show", id]));
        stage.show(0, "backups verify", &with_root(&["backups", "verify"]));
        stage.show(2, "backups diff", &with_root(&["backups", "diff", id]));
        stage.show(0, "rollback", &with_root(&["rollback", "--yes"]));
        stage.show(0, "backups prune", &with_root(&["backups", "prune", "--keep", "1"]));
    });
}

#[test]
fn what_is_local_and_what_is_the_vendor_s() {
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        stage.silently(&with_root(&["apply", "--yes"]));
        stage.replace(SITE, "client_max_body_size 80m", "client_max_body_size 99m");
        stage.replace(SITE, "location = /healthz {", "location = /healthz {\n\t\texpires 1h;");
        stage.show(0, "status edited", &with_root(&["status"]));
        stage.show(0, "local add", &with_root(&["local", "add", "--yes"]));
        stage.show(0, "local list", &with_root(&["local", "list"]));
        stage.show(0, "local show", &with_root(&["local", "show"]));
        stage.show(0, "local drop", &with_root(&["local", "drop", "1", "--yes"]));
        std::fs::copy(stage.at(SITE), stage.at("vendor.conf")).expect("copying");
        stage.replace("vendor.conf", "client_max_body_size 99m", "client_max_body_size 64m");
        let restore = ["restore-vendor", "--base", "vendor.conf", "--yes"];
        stage.show(0, "restore-vendor", &with_root(&restore));
    });
}

#[test]
fn units_are_written() {
    on_each_width(|stage: &Stage| {
        stage.tree("standalone");
        stage.write("tree/etc/systemd/system/.keep", "");
        stage.show_of_a_copy(0, "install-unit", &with_root(&["install-unit", "--no-enable"]));
    });
}
