//! Links on the way to the files that somebody asked for: plans, metrics, copies, manual pages.

use crate::support::binary::{SITE, Server, binary};
use crate::support::said::answer;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::Path;

/// Nobody, and no owner of anything.
const OTHER: u32 = 65534;

/// A server, root's folder `srv/root`, and `srv/his`, a folder of another user's with a link of his to it.
fn with_a_planted_link() -> Server {
    let server = Server::copy("standalone");
    for folder in ["srv/root", "srv/his"] {
        fs::create_dir_all(server.at(folder)).expect("folders");
    }
    // The tree lies in a folder that every test may write; from there on only root plants anything.
    fs::set_permissions(server.at("srv"), Permissions::from_mode(0o755)).expect("its mode");
    chown(server.at("srv/his"), Some(OTHER), Some(OTHER)).expect("his");
    plant(&server.at("srv/root"), &server.at("srv/his/link"));
    server
}

fn plant(target: &Path, at: &Path) {
    symlink(target, at).expect("a link");
    lchown(at, Some(OTHER), Some(OTHER)).expect("his");
}

/// Every command that writes a file where it was told to, with `FOLDER` for that folder.
const WRITING: [&[&str]; 5] = [
    &["plan", "--out", "FOLDER/plan.json"],
    &["status", "--textfile", "FOLDER/motionctl.prom"],
    &["rehearse", "--keep", "FOLDER"],
    &["seed", "import", "--template", "--out", "FOLDER/agents.csv"],
    &["man", "FOLDER"],
];

fn run(server: &Server, command: &[&str], folder: &Path) -> (i32, String) {
    let folder = folder.display().to_string();
    let arguments: Vec<String> = command.iter().map(|word| word.replace("FOLDER", &folder)).collect();
    let mut binary = binary();
    // The tree is for what looks at a server.
    if ["plan", "status", "rehearse"].contains(&command[0]) {
        binary.arg("--root").arg(server.path());
    }
    let done = answer(&binary.args(&arguments).output().expect("it runs"));
    (done.code, done.stdout + &done.stderr)
}

#[test]
fn no_output_goes_through_a_folder_link_of_another_user() {
    let server = with_a_planted_link();
    for command in WRITING {
        let (code, said) = run(&server, command, &server.at("srv/his/link"));
        assert_eq!(code, 3, "{command:?}: {said}");
        assert!(said.contains("a link of user 65534"), "{command:?}: {said}");
        assert_eq!(fs::read_dir(server.at("srv/root")).expect("a folder").count(), 0, "{command:?}");
        // Where it leads, by a way of root's own, it is written.
        let (code, said) = run(&server, command, &server.at("srv/root"));
        assert_eq!(code, 0, "{command:?}: {said}");
        let written = fs::read_dir(server.at("srv/root")).expect("a folder");
        assert!(written.count() > 0, "{command:?}");
        fs::remove_dir_all(server.at("srv/root")).expect("emptied");
        fs::create_dir(server.at("srv/root")).expect("a folder");
    }
}

#[test]
fn a_link_of_the_folder_s_own_owner_leads_where_he_could_write_himself() {
    let server = with_a_planted_link();
    fs::create_dir(server.at("srv/his/real")).expect("a folder");
    chown(server.at("srv/his/real"), Some(OTHER), Some(OTHER)).expect("his");
    plant(&server.at("srv/his/real"), &server.at("srv/his/own"));
    // And one of root's own, which root may have made for this.
    symlink(server.at("srv/root"), server.at("srv/mine")).expect("a link");
    for folder in ["srv/his/own", "srv/mine"] {
        let (code, said) = run(&server, WRITING[0], &server.at(folder));
        assert_eq!(code, 0, "{folder}: {said}");
        assert!(server.at(folder).join("plan.json").is_file(), "{folder}");
    }
}

#[test]
fn a_page_of_the_manual_replaces_files_and_no_links() {
    let server = with_a_planted_link();
    let before = server.read(SITE);
    plant(&server.at(SITE), &server.at("srv/his/motionctl.1"));
    let (code, said) = run(&server, &["man", "FOLDER"], &server.at("srv/his"));
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("a link stands there"), "{said}");
    assert_eq!(server.read(SITE), before);
    fs::remove_file(server.at("srv/his/motionctl.1")).expect("removed");
    fs::write(server.at("srv/his/motionctl.1"), "an older page").expect("written");
    let (code, said) = run(&server, &["man", "FOLDER"], &server.at("srv/his"));
    assert_eq!(code, 0, "{said}");
    assert!(server.read("srv/his/motionctl.1").contains("EXIT STATUS"));
}
