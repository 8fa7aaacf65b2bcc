//! Ordinary users, containers, nested sandboxes, separate file systems.

use super::outside::connect_to;
use crate::support::site::{Site, debian_shadows, folder, launcher_through, program, shell, text};
use crate::support::tree_state::untouched;
use motionctl::host::sandbox::{Identity, Layout, Network, Refused, Shadow, Spec, StagedFile};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

const AS_NOBODY: &str = "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$CHILD\" \"$@\"";

/// As in a container, and as in a rehearsal: `/` is an overlay, N levels deep;
/// one of them is there already where the tests themselves run in a container.
fn on_overlays(levels: u32) -> String {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let inside = mounts.lines().any(|line| line.contains(" / / ") && line.contains(" - overlay "));
    let mut script = "set -e; mount -t tmpfs t /mnt; cd /mnt; ".to_owned();
    let mut lower = "/".to_owned();
    for level in u32::from(inside)..levels {
        script += &format!(
            "mkdir u{level} w{level} m{level}; \
             mount -t overlay o -o lowerdir={lower},upperdir=u{level},workdir=w{level} m{level}; "
        );
        lower = format!("/mnt/m{level}");
    }
    script += &format!(
        "mount -t proc p {lower}/proc; mount --rbind /dev {lower}/dev; \
         if mountpoint -q /tmp; then mount --rbind /tmp {lower}/tmp; fi; exec chroot {lower} \"$CHILD\" \"$@\""
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
    let before = untouched(site.folder.path());
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
    assert_eq!(untouched(site.folder.path()), before);
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
    spec.shadows = debian_shadows();
    let done = match launcher.run(&spec, &program("/usr/sbin/nginx", ["-T"])) {
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
    let before = untouched(site.folder.path());
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
    assert_eq!(untouched(site.folder.path()), before);
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
fn a_mount_that_an_ordinary_user_cannot_reach_does_not_bar_the_sandbox() {
    let site = Site::new("listen 80;");
    let closed = site.path("closed");
    fs::create_dir_all(closed.join("mounted")).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let wrapper = format!(
        "exec unshare -m sh -c 'mount -t tmpfs t {}/mounted && exec setpriv --reuid=65534 --regid=65534 \
         --clear-groups \"$0\" \"$@\"' \"$CHILD\" \"$@\"",
        closed.display()
    );
    let launcher = launcher_through(site.folder.path(), &wrapper);
    let done = match launcher.run(&site.spec, &site.test()) {
        Err(Refused::Unavailable(reason)) => return assert!(!reason.contains("closed"), "{reason}"),
        done => done.unwrap(),
    };
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
}

#[test]
fn an_ordinary_user_lays_a_tree() {
    let folder = folder();
    let tree = folder.path().join("tree");
    for name in ["etc/nginx/conf.d", "srv-of-tree/app", "root/secret"] {
        fs::create_dir_all(tree.join(name)).unwrap();
    }
    fs::set_permissions(tree.join("root"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(tree.join("srv-of-tree/app/index.html"), "page").unwrap();
    fs::write(tree.join("etc/nginx/nginx.conf"), "user fresh;\nevents {}\nhttp { server { listen 80; } }\n")
        .unwrap();
    fs::write(tree.join("etc/hosts"), "of the tree").unwrap();
    fs::write(tree.join("etc/secret"), "").unwrap();
    fs::set_permissions(tree.join("etc/secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut spec = Spec::tree(&tree);
    spec.replaced = vec!["/etc/nginx".into()];
    spec.shadows = debian_shadows();
    let launcher = launcher_through(folder.path(), AS_NOBODY);
    let before = untouched(&tree);
    let done = match launcher.run(&spec, &program("/usr/sbin/nginx", ["-t"])) {
        Err(Refused::Unavailable(reason)) => return assert!(!reason.is_empty()),
        done => done.unwrap(),
    };
    assert!(done.ending.success(), "{:?} {}", done.mode, text(&done.stderr));
    let script = "cat /srv-of-tree/app/index.html /etc/hosts; find /etc/nginx -type f; ls /root/secret; cat /etc/secret";
    let done = launcher.run(&spec, &shell(script)).unwrap();
    assert_eq!(text(&done.stdout), "pageof the tree/etc/nginx/nginx.conf\n", "{}", text(&done.stderr));
    assert_eq!(text(&done.stderr).matches("ermission denied").count(), 2, "{}", text(&done.stderr));
    assert_eq!(untouched(&tree), before);
}

#[test]
fn a_separate_file_system_is_private_too() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    // Two mounts whose other side can be looked at afterwards.
    for name in ["volume", "disk"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("disk/log"), "live ").unwrap();
    fs::write(at("file"), "below ").unwrap();
    fs::write(at("over"), "above ").unwrap();
    let root = folder.path().display();
    let mounts = format!(
        "exec unshare -m sh -c 'mount --bind {root}/disk {root}/volume && mount --bind {root}/over {root}/file && \
         exec \"$0\" \"$@\"' \"$CHILD\" \"$@\""
    );
    let launcher = launcher_through(folder.path(), &mounts);
    let mut spec = Spec::live();
    spec.files.push(StagedFile {
        path: at("volume/staged"),
        mode: 0o644,
        uid: 0,
        gid: 0,
        bytes: b"staged ".to_vec(),
    });
    let inside = format!(
        "cd {root}; cat volume/log volume/staged file; echo new > volume/log; echo new > file; cat volume/log file"
    );
    let done = launcher.run(&spec, &shell(&inside)).unwrap();
    assert_eq!(text(&done.stdout), "live staged above new\nnew\n", "{:?} {}", done.mode, text(&done.stderr));
    assert_eq!(fs::read_to_string(at("over")).unwrap(), "above ");
    assert_eq!(fs::read_to_string(at("disk/log")).unwrap(), "live ");
    assert_eq!(fs::read_dir(at("disk")).unwrap().count(), 1);
}

/// The caller may die before the child can ask to die with it.
#[test]
fn a_child_that_was_adopted_does_nothing() {
    let folder = folder();
    let launcher = launcher_through(folder.path(), "\"$CHILD\" \"$@\"; exit $?");
    match launcher.run(&Spec::live(), &shell("true")) {
        Err(Refused::Unavailable(reason)) => assert!(reason.contains("the caller is gone"), "{reason}"),
        other => panic!("a child of another process must not serve us: {other:?}"),
    }
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
