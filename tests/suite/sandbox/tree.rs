//! A `--root` tree laid over this host.

use crate::support::site::{folder, launcher, program, shell, text};
use crate::support::tree_state::untouched;
use crate::support::wait::eventually;
use motionctl::host::sandbox::{Capabilities, Shadow, Spec, StagedFile};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use tempfile::TempDir;

fn put(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn tree() -> (TempDir, Spec) {
    let tree = folder();
    let root = tree.path();
    let conf = "user motion;\npid /run/nginx.pid;\nevents {}\nhttp {\n  access_log /var/log/nginx/motion.log;\n  \
                include /etc/nginx/conf.d/*.conf;\n}\n";
    put(root, "etc/nginx/nginx.conf", conf);
    put(
        root,
        "etc/nginx/conf.d/motion.conf",
        "server { listen 127.0.0.1:39401; root /opt/motion/current; }\n",
    );
    put(root, "opt/motion/v2/index.html", "the tree's page");
    put(root, "etc/hosts", "127.0.0.1 tree.example.test\n");
    put(root, "etc/ld.so.preload", "/evil.so\n");
    put(root, "usr/sbin/nginx", "not a program");
    put(root, "usr/lib/nginx/modules/tree.so", "module");
    put(root, "proc/version", "not the kernel");
    put(root, "var/spool/tree/item", "spooled");
    symlink("/opt/motion/v2", root.join("opt/motion/current")).unwrap();
    chown(root.join("opt/motion/v2/index.html"), Some(4321), Some(4322)).unwrap();
    File::create(root.join("etc/large")).unwrap().set_len(100 << 20).unwrap();
    let mut spec = Spec::tree(root);
    spec.replaced = vec!["/etc/nginx".into(), "/opt/motion".into()];
    spec.users = vec!["motion".into(), "root".into()];
    spec.shadows = vec![
        Shadow::file("/var/log/nginx/motion.log"),
        Shadow::file("/var/log/nginx/error.log"),
        Shadow::file("/run/nginx.pid"),
    ];
    (tree, spec)
}

#[test]
fn nginx_of_this_host_reads_only_the_trees_configuration() {
    let (tree, spec) = tree();
    let before = untouched(tree.path());
    let done = launcher().run(&spec, &program("/usr/sbin/nginx", ["-T"])).unwrap();
    let said = text(&done.stdout);
    assert!(done.ending.success(), "{}", text(&done.stderr));
    assert!(said.contains("127.0.0.1:39401"), "{said}");
    assert!(!said.contains("sites-enabled"), "the host's nginx.conf was read: {said}");
    assert!(done.upper_bytes.unwrap() < 10 << 20, "{:?}", done.upper_bytes);
    assert_eq!(untouched(tree.path()), before);
}

#[test]
fn what_only_the_host_has_in_a_replaced_folder_is_not_seen() {
    let (_tree, spec) = tree();
    assert!(Path::new("/etc/nginx/sites-available").exists(), "this test needs Debian's nginx");
    let done = launcher().run(&spec, &shell("find /etc/nginx -type f | sort")).unwrap();
    assert_eq!(text(&done.stdout), "/etc/nginx/conf.d/motion.conf\n/etc/nginx/nginx.conf\n");
}

#[test]
fn a_replaced_folder_that_the_tree_lacks_is_empty() {
    let (_tree, mut spec) = tree();
    spec.replaced.push("/etc/apt".into());
    let done = launcher().run(&spec, &shell("ls -A /etc/apt && test -d /etc/apt && echo there")).unwrap();
    assert_eq!(text(&done.stdout), "there\n");
}

#[test]
fn links_owners_and_clashes() {
    let (_tree, spec) = tree();
    let script = "cat /opt/motion/current/index.html; stat -c ' %u:%g' /opt/motion/v2/index.html; cat /etc/hosts; \
                  cat /var/spool/tree/item; echo; cat /usr/lib/nginx/modules/tree.so; echo; \
                  test -e /etc/ld.so.preload || echo no preload; grep -c Linux /proc/version; stat -c %s /etc/large; \
                  grep -c ^root: /etc/passwd; id -u motion > /dev/null && echo motion; ls -d /var/log/apt";
    let done = launcher().run(&spec, &shell(script)).unwrap();
    let expected = "the tree's page 4321:4322\n127.0.0.1 tree.example.test\nspooled\nmodule\nno preload\n1\n104857600\n1\nmotion\n/var/log/apt\n";
    assert_eq!(text(&done.stdout), expected, "{}", text(&done.stderr));
}

#[test]
fn a_file_of_the_tree_where_the_host_has_a_folder_and_the_reverse() {
    let (tree, spec) = tree();
    put(tree.path(), "etc/apt", "a file");
    put(tree.path(), "etc/hostname/inside", "a folder");
    symlink("motion", tree.path().join("opt/link")).unwrap();
    symlink("/nowhere", tree.path().join("etc/passwd-link")).unwrap();
    let script = "cat /etc/apt; cat /etc/hostname/inside; readlink /opt/link /etc/passwd-link";
    let done = launcher().run(&spec, &shell(script)).unwrap();
    assert_eq!(text(&done.stdout), "a filea foldermotion\n/nowhere\n", "{}", text(&done.stderr));
    assert!(Path::new("/etc/apt").is_dir() && Path::new("/etc/hostname").is_file());
}

#[test]
fn shadows_and_staged_files_win_over_the_tree() {
    let (tree, mut spec) = tree();
    put(tree.path(), "var/log/nginx/motion.log", "old lines");
    spec.shadows.push(Shadow::file("/etc/large"));
    spec.files.push(StagedFile {
        path: "/opt/motion/current/index.html".into(),
        mode: 0o644,
        uid: 0,
        gid: 0,
        bytes: b"staged".to_vec(),
    });
    let script = "stat -c %s /var/log/nginx/motion.log /etc/large; echo more >> /etc/large; cat /opt/motion/v2/index.html";
    let done = launcher().run(&spec, &shell(script)).unwrap();
    assert_eq!(text(&done.stdout), "0\n0\nstaged", "{}", text(&done.stderr));
    assert_eq!(fs::metadata(tree.path().join("etc/large")).unwrap().len(), 100 << 20);
}

#[test]
fn keys_of_another_owner_are_readable_without_capabilities() {
    let (tree, mut spec) = tree();
    put(tree.path(), "etc/nginx/key.pem", "secret");
    chown(tree.path().join("etc/nginx/key.pem"), Some(4321), Some(4322)).unwrap();
    fs::set_permissions(tree.path().join("etc/nginx/key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    spec.capabilities = Capabilities::None;
    let done = launcher().run(&spec, &shell("cat /etc/nginx/key.pem")).unwrap();
    assert_eq!(text(&done.stdout), "secret", "{}", text(&done.stderr));
    let done = launcher().run(&spec, &program("/usr/sbin/nginx", ["-t"])).unwrap();
    assert!(done.ending.success(), "{}", text(&done.stderr));
}

#[test]
fn a_tree_in_the_place_that_is_mounted_over() {
    // The first place for the throw-away file system is /mnt.
    let Ok(tree) = tempfile::Builder::new().prefix("tree,with:odd\\name").tempdir_in("/mnt") else { return };
    put(tree.path(), "etc/nginx/nginx.conf", "events {}\n");
    let mut spec = Spec::tree(tree.path());
    spec.replaced = vec!["/etc/nginx".into()];
    let done = launcher().run(&spec, &shell("cat /etc/nginx/nginx.conf; ls /etc/nginx | wc -l")).unwrap();
    assert_eq!(text(&done.stdout), "events {}\n1\n");
    eventually("the tree is free again", || fs::remove_dir_all(tree.path()).is_ok());
}
