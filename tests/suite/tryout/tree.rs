//! `--root`: a copied tree laid over this machine; the tree is only read.

use crate::support::binary::{SITE, Server};
use crate::support::tree_state::state;
use std::fs;

pub fn try_in(server: &Server, text: &str, more: &[&str]) -> serde_json::Value {
    let folder = tempfile::Builder::new().prefix("motionctl-try-test-").tempdir().unwrap();
    let path = folder.path().join("update.sh");
    fs::write(&path, text).unwrap();
    let before = state(server.path()).without(&["var/lib"]).without_empty(&["var"]).without_folder_times();
    let answer = server.json(&[&["try", &path.display().to_string()], more].concat());
    let after = state(server.path()).without(&["var/lib"]).without_empty(&["var"]).without_folder_times();
    before.assert_same(&after);
    answer
}

#[test]
fn a_script_sees_the_trees_files_and_changes_none() {
    let server = Server::copy("standalone");
    let answer = try_in(
        &server,
        "set -e\ncat /etc/hostname\nsed -i s/20m/64m/ /etc/nginx/conf.d/motion.conf\nrm /var/opt/motion2/.env\n\
         echo new >> /var/opt/motion2/client-new/dist/index.html\nsystemctl reload nginx\nservice some-service restart\n",
        &[],
    );
    assert_eq!(answer["exit_code"], 0, "{answer:#}");
    let tried = &answer["details"]["try"];
    let hostname = server.read("etc/hostname");
    assert_eq!(tried["output"][0], hostname.trim());
    let paths: Vec<_> =
        tried["changes"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    let wanted = [
        "/etc/nginx/conf.d/motion.conf",
        "/var/opt/motion2/.env",
        "/var/opt/motion2/client-new/dist/index.html",
    ];
    assert_eq!(paths, wanted, "{tried:#}");
    assert_eq!(tried["asked"].as_array().unwrap().len(), 2, "{tried:#}");
    assert!(tried["changes"][0]["diff"].as_str().unwrap().contains("+    client_max_body_size 64m;"));
    assert!(tried["changes"][1]["diff"].is_null(), "settings with passwords are shown");
}

#[test]
fn its_file_is_planned_for_the_tree() {
    let server = Server::copy("standalone");
    let migrated = Server::copy("standalone");
    assert_eq!(migrated.json(&["apply", "--yes"])["exit_code"], 0);
    let new = migrated.read(SITE);
    let text = format!("cat > /etc/nginx/conf.d/motion.conf <<'END'\n{new}END\n");
    let answer = try_in(&server, &text, &["--plan"]);
    assert_eq!(answer["outcome"], "changes-pending", "{answer:#}");
    assert!(answer["plan"]["diff"]["unified"].as_str().unwrap().contains("/user-ui/"));
}

#[test]
fn a_tree_without_motion_can_be_tried_on_too() {
    let answer = try_in(&Server::copy("no-motion"), "nginx -v\necho x > /etc/nginx/x.conf\n", &[]);
    assert_eq!(answer["exit_code"], 0, "{answer:#}");
    assert_eq!(answer["details"]["try"]["changes"][0]["path"], "/etc/nginx/x.conf", "{answer:#}");
}
