//! Ordinary users, containers, nested sandboxes, separate file systems.

use super::outside::connect_to;
use crate::support::site::{Site, folder, launcher_through, shell, state};
use motionctl::host::sandbox::{Identity, Layout, Network, Program, Refused, Shadow, Spec, StagedFile};
use std::fs;
use std::os::unix::net::UnixListener;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const AS_NOBODY: &str = "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$CHILD\" \"$@\"";

/// As in a container, and as in a rehearsal: `/` is an overlay, N levels deep.
fn on_overlays(levels: u32) -> String {
    let mut script = "set -e; mount -t tmpfs t /mnt; cd /mnt; ".to_owned();
    let mut lower = "/".to_owned();
    for level in 0..levels {
        script += &format!(
            "mkdir u{level} w{level} m{level}; \
             mount -t overlay o -o lowerdir={lower},upperdir=u{level},workdir=w{level} m{level}; "
        );
        lower = format!("/mnt/m{level}");
    }
    script += &format!(
        "mount -t proc p {lower}/proc; mount --rbind /dev {lower}/dev; exec chroot {lower} \"$CHILD\" \"$@\""
    );
    format!("exec unshare -m sh -c 'CHILD=\"$0\"; {script}' \"$CHILD\" \"$@\"")
}

#[test]
fn an_ordinary_user_tests_a_configuration() {
    let site = Site::new("listen 80; listen 192.0.2.1:443; listen unix:@/live.sock;");
    let listener = UnixListener::bind(site.path("live.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut spec = site.spec.clone();
    spec.shadows.push(Shadow::file(site.path("live.sock")));
    let launcher = launcher_through(site.folder.path(), AS_NOBODY);
    let before = state(site.folder.path());
    let done = match launcher.run(&spec, &site.test()) {
        Err(Refused::Unavailable(reason)) => return assert!(!reason.is_empty()),
        done => done.unwrap(),
    };
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!((done.mode.layout, done.mode.identity), (Layout::Bind, Identity::UserNamespace));
    assert_eq!(done.mode.network, Network::Private);
    assert!(done.mode.notes.iter().any(|note| note.contains("host names")), "{:?}", done.mode.notes);
    assert!(!launcher.run(&spec, &connect_to(&site.path("live.sock"))).unwrap().ending.success());
    assert!(listener.accept().is_err());
    assert_eq!(state(site.folder.path()), before);
}

#[test]
fn an_ordinary_user_stages_files_into_the_hosts_configuration() {
    let folder = folder();
    let launcher = launcher_through(folder.path(), AS_NOBODY);
    let mut spec = Spec::live();
    let staged = |path: &str, bytes: &str| StagedFile {
        path: path.into(),
        mode: 0o644,
        uid: 0,
        gid: 0,
        bytes: bytes.as_bytes().to_vec(),
    };
    spec.files.push(staged(
        "/etc/nginx/conf.d/staged.conf",
        "server { listen 81; server_name staged.example.test; }\n",
    ));
    spec.files.push(staged("/etc/nginx/sites-enabled/default", "server { listen 80; }\n"));
    spec.users.push("someone".into());
    spec.shadows =
        ["/var/log/nginx/error.log", "/var/log/nginx/access.log", "/run/nginx.pid"].map(Shadow::file).into();
    spec.shadows.extend(
        ["body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| Shadow::folder(format!("/var/lib/nginx/{name}"))),
    );
    let done = match launcher.run(&spec, &Program::new("/usr/sbin/nginx", ["-T"])) {
        Err(Refused::Unavailable(reason)) => return assert!(!reason.is_empty()),
        done => done.unwrap(),
    };
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    assert!(text(&done.stdout).contains("staged.example.test"));
    let script = "readlink /etc/nginx/sites-enabled/default; id -un; grep -c ^someone: /etc/passwd /etc/group; \
                  touch /usr/motionctl-x /tmp/motionctl-x /var/motionctl-x 2>/dev/null; ls /usr/motionctl-x /tmp/motionctl-x /var/motionctl-x 2>/dev/null; ls /proc/1/exe";
    let done = launcher.run(&spec, &shell(script)).unwrap();
    assert_eq!(
        text(&done.stdout),
        "/etc/nginx/sites-available/default\nnobody\n/etc/passwd:1\n/etc/group:1\n",
        "{}",
        text(&done.stderr)
    );
    assert!(!std::path::Path::new("/etc/nginx/conf.d/staged.conf").exists());
}

#[test]
fn in_a_container_the_overlay_is_nested() {
    let site = Site::new("listen 127.0.0.1:39501;");
    let launcher = launcher_through(site.folder.path(), &on_overlays(1));
    let done = launcher.run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!((done.mode.layout, done.mode.identity), (Layout::Overlay, Identity::Root), "{:?}", done.mode);
}

#[test]
fn where_overlays_are_too_deep_folders_are_copied() {
    let mut site = Site::new("listen 127.0.0.1:39502; listen unix:@/live.sock;");
    let socket = site.path("live.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    site.spec.shadows.push(Shadow::file(&socket));
    site.spec.files.push(StagedFile { path: site.path("new"), mode: 0o600, uid: 1, gid: 2, bytes: vec![7] });
    fs::File::create(site.path("logs/old.log")).unwrap().set_len(2 << 30).unwrap();
    let launcher = launcher_through(site.folder.path(), &on_overlays(2));
    let before = state(site.folder.path());
    let done = launcher.run(&site.spec, &site.test()).unwrap();
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!((done.mode.layout, done.mode.identity), (Layout::Bind, Identity::Root), "{:?}", done.mode);
    assert!(done.upper_bytes.unwrap() < 10 << 20, "{:?}", done.upper_bytes);
    assert!(done.mode.notes.iter().any(|note| note.contains("overlay")), "{:?}", done.mode.notes);
    let script = format!(
        "cd {}; stat -c %u:%g:%a new; stat -c %s logs/old.log; touch /etc/x /usr/x /opt/x 2>&1 | wc -l",
        site.folder.path().display()
    );
    let done = launcher.run(&site.spec, &shell(&script)).unwrap();
    assert_eq!(text(&done.stdout), "1:2:600\n2147483648\n3\n", "{}", text(&done.stderr));
    assert!(listener.accept().is_err());
    assert_eq!(state(site.folder.path()), before);
}

#[test]
fn a_tree_is_laid_also_where_overlays_are_too_deep() {
    let folder = folder();
    let tree = folder.path().join("tree");
    fs::create_dir_all(tree.join("etc/nginx/conf.d")).unwrap();
    fs::create_dir_all(tree.join("srv-of-tree/app")).unwrap();
    fs::write(tree.join("srv-of-tree/app/index.html"), "page").unwrap();
    fs::write(tree.join("etc/nginx/nginx.conf"), "user fresh;\nevents {}\nhttp { access_log off; }\n")
        .unwrap();
    let mut spec = Spec::tree(&tree);
    spec.replaced = vec!["/etc/nginx".into()];
    spec.users = vec!["fresh".into()];
    let launcher = launcher_through(folder.path(), &on_overlays(2));
    let done = launcher
        .run(
            &spec,
            &shell("cat /srv-of-tree/app/index.html; find /etc/nginx -type f; grep -c fresh /etc/passwd"),
        )
        .unwrap();
    assert_eq!(done.mode.layout, Layout::Bind);
    assert_eq!(text(&done.stdout), "page/etc/nginx/nginx.conf\n1\n", "{}", text(&done.stderr));
}

#[test]
fn a_separate_file_system_is_private_too() {
    let folder = folder();
    let volume = folder.path().join("volume");
    fs::create_dir(&volume).unwrap();
    fs::write(folder.path().join("file"), "below").unwrap();
    fs::write(folder.path().join("over"), "above").unwrap();
    let at = folder.path().display();
    // What is written to the volume inside must not be on it afterwards.
    let script = format!(
        "exec unshare -m sh -c 'mount -t tmpfs v {at}/volume; echo live > {at}/volume/log; \
         mount --bind {at}/over {at}/file; \
         \"$0\" \"$@\" <&0; code=$?; cat {at}/volume/* {at}/over > {at}/after; exit $code' \"$CHILD\" \"$@\""
    );
    // The shell between us is the caller that the child must not miss.
    let launcher = launcher_through(
        folder.path(),
        &script.replace("\"$0\" \"$@\" <&0; code=$?;", "(sleep 0); \"$0\" \"$@\"; code=$?;"),
    );
    let mut spec = Spec::live();
    spec.files.push(StagedFile {
        path: volume.join("staged"),
        mode: 0o644,
        uid: 0,
        gid: 0,
        bytes: b"s".to_vec(),
    });
    let inside = format!(
        "cd {at}; cat volume/log volume/staged file; echo new > volume/log; echo new > file; cat volume/log file"
    );
    match launcher.run(&spec, &shell(&inside)) {
        Err(Refused::Unavailable(reason)) => assert!(reason.contains("the caller is gone"), "{reason}"),
        other => panic!("a child of another process must not serve us: {other:?}"),
    }
    let direct = format!(
        "exec unshare -m sh -c 'mount -t tmpfs v {at}/volume; echo live > {at}/volume/log; \
         mount --bind {at}/over {at}/file; exec \"$0\" \"$@\"' \"$CHILD\" \"$@\""
    );
    let launcher = launcher_through(folder.path(), &direct);
    let done = launcher.run(&spec, &shell(&inside)).unwrap();
    assert_eq!(text(&done.stdout), "live\nsabovenew\nnew\n", "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("over")).unwrap(), "above");
    assert_eq!(fs::read_dir(&volume).unwrap().count(), 0);
}

#[test]
fn a_host_without_namespaces_is_refused_in_words() {
    let folder = folder();
    // Nobody, with no right to any user namespace either: a limit of zero is
    // inherited by what the child unshares.
    let script = "exec unshare -U sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; exec \"$0\" \"$@\"' \"$CHILD\" \"$@\"";
    let launcher = launcher_through(folder.path(), script);
    match launcher.run(&Spec::live(), &shell("true")) {
        Err(Refused::Unavailable(reason)) => assert!(reason.contains("unsharing"), "{reason}"),
        other => panic!("{other:?}"),
    }
}
