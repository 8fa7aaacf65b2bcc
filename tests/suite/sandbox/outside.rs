//! Nothing of the live server changes.

use crate::support::site::{Site, folder, launcher, program, shell, text};
use crate::support::tree_state::untouched;
use motionctl::host::sandbox::{Ending, Program, Shadow, Spec, StagedFile};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

#[test]
fn nginx_t_changes_nothing_of_its_folder() {
    let site = Site::new("listen 127.0.0.1:39301;");
    let before = untouched(site.folder.path());
    let done = launcher().run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{}", text(&done.stderr));
    assert_eq!(untouched(site.folder.path()), before);
    // The control: outside, it does change things.
    let outside = std::process::Command::new("/usr/sbin/nginx").args(&site.test().args).output().unwrap();
    assert!(outside.status.success(), "{}", text(&outside.stderr));
    assert_ne!(untouched(site.folder.path()), before, "this test could not see a change");
}

#[test]
fn the_hosts_own_nginx_is_left_alone() {
    let folders = ["/etc/nginx", "/run", "/var/lib/nginx", "/var/log/nginx"];
    let look = || folders.map(|folder| untouched(Path::new(folder)));
    let mut spec = Spec::live();
    spec.files.push(StagedFile {
        path: "/etc/nginx/conf.d/staged.conf".into(),
        mode: 0o644,
        uid: 0,
        gid: 0,
        bytes: b"server { listen 127.0.0.1:39302; server_name staged.example.test; }\n".to_vec(),
    });
    // Somebody else may write to /run at the same time, but not three times.
    let same = (0..3).any(|_| {
        let before = look();
        let done = launcher().run(&spec, &program("/usr/sbin/nginx", ["-T"])).unwrap();
        assert!(done.ending.success(), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains("staged.example.test"), "the staged file was not read");
        look() == before
    });
    assert!(same, "something of {folders:?} changed");
}

#[test]
fn a_huge_log_is_not_copied() {
    let site = Site::new("listen 127.0.0.1:39303;");
    let log = File::options().write(true).open(site.path("logs/access.log")).unwrap();
    log.set_len(2 << 30).unwrap();
    let done = launcher().run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{}", text(&done.stderr));
    assert!(done.upper_bytes.unwrap() < 10 << 20, "{:?}", done.upper_bytes);
    assert_eq!(fs::metadata(site.path("logs/access.log")).unwrap().len(), 2 << 30);
    // The control, with real bytes (a new kernel keeps holes): without a shadow it would be.
    fs::write(site.path("logs/access.log"), vec![b'x'; 32 << 20]).unwrap();
    let append = shell(&format!("echo >> {}", site.path("logs/access.log").display()));
    assert!(launcher().run(&site.spec, &append).unwrap().upper_bytes.unwrap() < 10 << 20);
    assert!(launcher().run(&Spec::live(), &append).unwrap().upper_bytes.unwrap() >= 32 << 20);
}

#[test]
fn a_live_unix_listener_is_neither_reached_nor_removed() {
    let mut site = Site::new("listen unix:@/live.sock;");
    let socket = site.path("live.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    let before = fs::metadata(&socket).unwrap().ino();
    site.spec.shadows.push(Shadow::file(&socket));
    let done = launcher().run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{}", text(&done.stderr));
    assert!(!text(&done.stderr).contains("still could not bind"), "{}", text(&done.stderr));
    let connect = connect_to(&socket);
    assert!(!launcher().run(&site.spec, &connect).unwrap().ending.success());
    assert!(listener.accept().is_err(), "the live listener got a connection");
    assert_eq!(fs::metadata(&socket).unwrap().ino(), before);
    // The control: outside, the same program does connect.
    let outside = std::process::Command::new(connect.executable.name()).args(&connect.args).status().unwrap();
    assert!(outside.success() && listener.accept().is_ok());
}

/// perl-base is essential on Debian; no other tool that speaks unix sockets is.
pub fn connect_to(socket: &Path) -> Program {
    let code = "use IO::Socket::UNIX; exit(IO::Socket::UNIX->new(Peer => $ARGV[0]) ? 0 : 1)";
    program("/usr/bin/perl", ["-e", code, &socket.display().to_string()])
}

#[test]
fn sockets_below_run_are_not_there() {
    let folder = tempfile::Builder::new().prefix("motionctl-test").tempdir_in("/run").unwrap();
    let socket = folder.path().join("live.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    fs::write(folder.path().join("resolv.conf"), "nameserver 127.0.0.53\n").unwrap();
    std::os::unix::fs::symlink("resolv.conf", folder.path().join("link")).unwrap();
    let at = folder.path().display();
    let done =
        launcher().run(&Spec::live(), &shell(&format!("cat {at}/link; test ! -e {at}/live.sock"))).unwrap();
    assert_eq!((done.ending, text(&done.stdout).as_str()), (Ending::Exited(0), "nameserver 127.0.0.53\n"));
    assert!(!launcher().run(&Spec::live(), &connect_to(&socket)).unwrap().ending.success());
    assert!(listener.accept().is_err());
}

#[test]
fn removed_and_staged_files_follow_links_and_keep_them() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("available")).unwrap();
    fs::write(at("available/site"), "old").unwrap();
    fs::write(at("gone"), "gone").unwrap();
    std::os::unix::fs::symlink("available/site", at("enabled")).unwrap();
    let mut spec = Spec::live();
    spec.removed.push(at("gone"));
    spec.files.push(StagedFile {
        path: at("enabled"),
        mode: 0o640,
        uid: 33,
        gid: 4,
        bytes: vec![0xff, b'n', 0],
    });
    spec.files.push(StagedFile {
        path: at("new/deep/file"),
        mode: 0o600,
        uid: 0,
        gid: 0,
        bytes: b"x".to_vec(),
    });
    let script = format!(
        "cd {} && readlink enabled && stat -c %a:%u:%g:%s available/site && test ! -e gone && cat new/deep/file",
        folder.path().display()
    );
    let before = untouched(folder.path());
    let done = launcher().run(&spec, &shell(&script)).unwrap();
    assert_eq!(text(&done.stdout), "available/site\n640:33:4:3\nx", "{}", text(&done.stderr));
    assert_eq!(untouched(folder.path()), before);
}

#[test]
fn the_running_kernel_cannot_be_changed() {
    let script = "for f in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /sys/kernel/mm/ksm/run; do \
                  if [ -e $f ] && ( cat $f > $f ) 2>/dev/null; then echo $f; fi; done; ls /dev/log /dev/vda /dev/sda /dev/mem 2>/dev/null";
    let done = launcher().run(&Spec::live(), &shell(script)).unwrap();
    assert_eq!(text(&done.stdout), "");
    assert!(fs::metadata("/proc/sys/vm/swappiness").unwrap().permissions().mode() & 0o200 != 0);
}
