//! A tree is read as its inhabitants see it, and never left.

use crate::support::tree::{Tree, at};
use motionctl::host::files::{FileState, Obstacle, OtherKind, observe, replaceable};
use motionctl::inspect::RootReader;
use nginx_config::glob;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn links_are_followed_inside_the_root_only() {
    let tree = Tree::new();
    tree.write("/etc/nginx/real", "inside");
    let link = |target: &str, name: &str| symlink(target, tree.host(name)).expect("a link");
    link("/etc/nginx/real", "/etc/absolute");
    link("../../../../../../etc/nginx/real", "/etc/clamped");
    link("/etc/passwd", "/etc/outside");
    link("/etc/nginx", "/etc/folder");
    link("loop-b", "/etc/loop-a");
    link("loop-a", "/etc/loop-b");
    for path in
        ["/etc/absolute", "/etc/clamped", "/etc/folder/real", "/etc/folder/../nginx/real", "/../etc/absolute"]
    {
        assert_eq!(tree.root.read(path).expect(path), b"inside", "{path}");
        assert_eq!(tree.root.resolve(path).expect(path), tree.root.base().join("etc/nginx/real"), "{path}");
    }
    assert_eq!(tree.root.resolve_link_target("/etc/absolute").expect("resolves"), at("/etc/nginx/real"));
    assert_eq!(tree.root.locate("/etc/folder/new").expect("locates"), at("/etc/nginx/new"));
    assert_eq!(tree.root.read("/etc/outside").expect_err("escaped").kind(), io::ErrorKind::NotFound);
    assert_eq!(
        tree.root.read("/etc/loop-a").expect_err("loops").raw_os_error(),
        Some(nix::errno::Errno::ELOOP as i32)
    );
    assert!(tree.root.symlink_metadata("/etc/loop-a").expect("the link itself").is_symlink());
}

#[test]
fn special_files_are_never_opened() {
    let tree = Tree::new();
    nix::unistd::mkfifo(&tree.host("/etc/fifo"), nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    assert_eq!(tree.root.read("/etc/fifo").expect_err("a FIFO").kind(), io::ErrorKind::InvalidInput);
    assert_eq!(
        observe(&tree.root, &at("/etc/fifo")).expect("observed"),
        FileState::Other { kind: OtherKind::Fifo }
    );
    let refused = replaceable(&tree.root, &at("/etc/fifo")).expect_err("a FIFO");
    assert_eq!(refused.obstacle, Obstacle::NotAFile);
}

#[test]
fn globs_match_as_nginx_includes_do() {
    let tree = Tree::new();
    for name in ["b.conf", "a.conf", ".hidden.conf", "c.conf.bak", "B.conf"] {
        tree.write(&format!("/etc/nginx/{name}"), "");
    }
    symlink("nowhere", tree.host("/etc/nginx/dangling.conf")).expect("a link");
    symlink("/etc/nginx", tree.host("/etc/link")).expect("a link");
    let glob = |pattern: &str| -> Vec<String> {
        let found = glob::expand(&RootReader::new(&tree.root), Path::new(pattern)).expect(pattern);
        found.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    };
    let sorted = ["B.conf", "a.conf", "b.conf", "dangling.conf"].map(|name| format!("/etc/nginx/{name}"));
    assert_eq!(glob("/etc/nginx/*.conf"), sorted);
    assert_eq!(glob("/etc/l*/[ab].conf"), ["/etc/link/a.conf", "/etc/link/b.conf"]);
    assert_eq!(glob("/etc/nginx/.*.conf"), ["/etc/nginx/.hidden.conf"]);
    assert_eq!(glob("/etc/n*/"), ["/etc/nginx"]);
    assert_eq!(glob("/etc/nginx/*/"), ["/etc/nginx/sites-available"]);
    assert_eq!(glob("/etc/nginx/*.conf/"), [""; 0]);
    assert_eq!(glob("/etc/none/*.conf"), [""; 0]);
    assert_eq!(glob("/etc/nginx/a.conf/*"), [""; 0]);
}
