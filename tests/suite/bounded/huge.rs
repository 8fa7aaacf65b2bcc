//! Files that no configuration reads, however large.
//!
//! Invariant: they are sparse: what reads one of a terabyte does not end, and what copies it fills the disk.

use crate::support::binary::{SITE, Server, binary, finding};
use crate::support::mount::Mount;
use crate::support::said::{Said, answer};
use motionctl::backup::{BackupRequest, Change, Store, restore_tree};
use motionctl::host::files::{FileState, OtherKind, observe};
use motionctl::host::{Root, WriteLock};
use motionctl::values::RootPath;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TERABYTE: u64 = 1 << 40;
/// Far more than any of these takes, and far less than reading a terabyte.
const LIMIT: Duration = Duration::from_secs(120);

fn sparse(path: &Path, size: u64) {
    File::create(path).and_then(|file| file.set_len(size)).expect("a sparse file");
}

/// The answer of a command that must end.
pub fn ends(server: &Server, arguments: &[&str]) -> Said {
    let mut command = binary();
    command.args(server.arguments(arguments)).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    let pid = child.id().to_string();
    let watcher = std::thread::spawn(move || child.wait_with_output());
    let started = Instant::now();
    while !watcher.is_finished() {
        if started.elapsed() > LIMIT {
            drop(Command::new("kill").args(["-KILL", &pid]).status());
            panic!("{arguments:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    answer(&watcher.join().expect("it was watched").expect("it was waited for"))
}

fn notes(document: &serde_json::Value) -> String {
    document["details"]["notes"].to_string()
}

/// Below the configuration's folder, in a folder of its own, and with a name that looks like an older copy.
fn with_huge_files() -> Server {
    let server = Server::copy("standalone");
    sparse(&server.at("etc/nginx/big.dat"), TERABYTE);
    std::fs::create_dir(server.at("etc/nginx/dumps")).expect("a folder");
    sparse(&server.at("etc/nginx/dumps/core"), TERABYTE);
    sparse(&server.at("etc/nginx/conf.d/motion.conf.bak"), TERABYTE);
    server
}

#[test]
fn a_file_that_nobody_includes_is_counted_by_its_size() {
    let server = with_huge_files();
    for command in [&["check"][..], &["plan"], &["rehearse", "--load", "10"], &["status"]] {
        let found = ends(&server, command).document();
        assert_eq!(found["exit_code"], 0, "{command:?}: {found:#}");
        if command[0] == "plan" {
            assert!(notes(&found).contains("/etc/nginx/big.dat (1024 GiB)"), "{}", notes(&found));
        }
    }
}

#[test]
fn a_change_leaves_it_out_of_the_backup_and_so_does_the_way_back() {
    let server = with_huge_files();
    let applied = ends(&server, &["apply", "--yes"]).document();
    assert_eq!(applied["exit_code"], 0, "{applied:#}");
    assert!(notes(&applied).contains("/etc/nginx/dumps/core (1024 GiB)"), "{}", notes(&applied));
    let id = applied["backup"]["id"].as_str().expect("an id").to_owned();
    let shown = ends(&server, &["backups", "show", &id]).document().to_string();
    assert!(shown.contains("a file too large for a configuration"), "{shown}");
    assert_eq!(ends(&server, &["backups", "verify", &id]).code, 0);
    // One that came later is nobody's to remove.
    sparse(&server.at("etc/nginx/conf.d/later.dump"), TERABYTE);
    let back = ends(&server, &["rollback", &id, "--whole-tree", "--yes"]).document();
    assert_eq!(back["exit_code"], 0, "{back:#}");
    for kept in ["big.dat", "dumps/core", "conf.d/later.dump"] {
        let size =
            std::fs::metadata(server.at(&format!("etc/nginx/{kept}"))).expect("it is left alone").len();
        assert_eq!(size, TERABYTE, "{kept}");
    }
}

/// What stands where a run wrote, and is looked at by every later command.
#[test]
fn a_file_that_became_huge_is_edited_and_is_not_read() {
    let server = Server::copy("standalone");
    assert_eq!(ends(&server, &["apply", "--yes"]).code, 0);
    let site = server.read(SITE);
    sparse(&server.at("etc/motionctl/local.d/motion.conf.toml"), TERABYTE);
    let status = ends(&server, &["status"]).document();
    assert!(status["exit_code"].as_i64().is_some_and(|code| code < 6), "{status:#}");
    assert_eq!(server.read(SITE), site);
}

#[test]
fn looking_at_a_path_never_reads_more_than_a_configuration_can_have() {
    let server = Server::copy("standalone");
    let root = Root::at(server.path()).expect("a root");
    let path = RootPath::new("/etc/nginx/x").expect("absolute");
    let look = || observe(&root, &path).expect("looked at");
    sparse(&server.at("etc/nginx/x"), 64 << 20);
    assert!(matches!(look(), FileState::File { size, .. } if size == 64 << 20));
    sparse(&server.at("etc/nginx/x"), (64 << 20) + 1);
    assert_eq!(look(), FileState::Other { kind: OtherKind::LargeFile });
}

/// A folder that came with a large file in it stays, whatever else goes.
#[test]
fn restoring_a_tree_keeps_large_files_and_their_folders() {
    let server = Server::copy("standalone");
    let root = Root::at(server.path()).expect("a root");
    let lock = WriteLock::take(&root).expect("the lock");
    let store = Store::new(&root);
    let paths = [RootPath::new("/etc/nginx").expect("absolute")];
    let request = BackupRequest { paths: &paths, reason: "a test", run: None, host: "cc", tool_version: "0" };
    let backup = store.take(&lock, &request, &mut |_| ()).expect("backed up");
    let manifest = std::fs::read_to_string(
        server.at(&format!("var/backups/motionctl/{}/manifest.json", backup.manifest.id)),
    );
    assert!(manifest.expect("a manifest").contains("\"format\": 1,"), "older versions go on reading it");
    server.write("etc/nginx/new/a.conf", "added");
    sparse(&server.at("etc/nginx/new/big"), TERABYTE);
    server.write("etc/nginx/other/b.conf", "added");
    let done = restore_tree(&lock, &store, &backup, &mut |_| ()).expect("restored");
    assert!(done.iter().all(|difference| difference.changes != [Change::Kind]), "{done:?}");
    assert!(server.at("etc/nginx/new/big").exists());
    assert!(!server.at("etc/nginx/new/a.conf").exists() && !server.at("etc/nginx/other").exists());
    let again = store.take(&lock, &request, &mut |_| ()).expect("backed up");
    assert_eq!(again.manifest.format, 2);
    assert_eq!(
        again.manifest.left_out().map(ToString::to_string).collect::<Vec<_>>(),
        ["/etc/nginx/new/big"]
    );
    assert_eq!(store.open(&again.manifest.id).expect("it opens").manifest, again.manifest);
}

/// NGINX accepts what is too large to be read here: that is said, and not that it is broken.
#[test]
fn a_limit_of_ours_is_not_called_a_fault_of_the_configuration() {
    let [large, many] = [Server::copy("standalone"), Server::copy("standalone")];
    sparse(&large.at("etc/nginx/conf.d/list.conf"), 65 << 20);
    many.write("etc/nginx/conf.d/list.conf", "deny 192.0.2.1;\n".repeat(2_000_001));
    let limits = [("larger than any file that is read", large), ("more than 2000000 directives", many)];
    for (limit, server) in limits {
        let site = server.read(SITE);
        for command in [&["check"][..], &["plan"], &["apply", "--yes"], &["status"]] {
            let found = ends(&server, command).document();
            assert_eq!(found["exit_code"], 65, "{command:?}: {found:#}");
            let said = finding(&found, "nginx.config-too-large");
            let evidence = said["evidence"].to_string();
            assert!(evidence.contains(limit) && evidence.contains("list.conf"), "{evidence}");
            assert!(said["advice"].to_string().contains("nothing is wrong with it for NGINX"), "{said}");
            assert!(!found.to_string().contains("nginx.config-broken"), "{found:#}");
        }
        assert!(!server.at("var/backups").exists() && server.read(SITE) == site);
    }
}

/// Pipes, sockets and devices beside the files that are read.
#[test]
fn what_is_no_file_is_not_opened() {
    let server = Server::copy("standalone");
    let folder = server.at("etc/nginx/odd");
    std::fs::create_dir(&folder).expect("a folder");
    nix::unistd::mkfifo(&folder.join("fifo"), nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).expect("a socket");
    File::create(folder.join("zero")).expect("a file");
    let _endless = Mount::bind(Path::new("/dev/zero"), &folder.join("zero"));
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let found = ends(&server, command).document();
        assert_eq!(found["exit_code"], 0, "{command:?}: {found:#}");
    }
}
