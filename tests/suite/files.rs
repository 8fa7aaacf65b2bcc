//! Files are replaced whole, undone exactly, and refused with a reason.

use crate::support::mount::Mount;
use crate::support::tree::{Tree, at, run};
use motionctl::host::files::{
    Expect, Installed, Obstacle, ReplaceError, adopt, create, create_link, discard, leftovers, observe,
    put_back, remove, replace, replaceable, sweep,
};
use motionctl::inspect::RootReader;
use motionctl::values::{Attributes, Hash, LinkText, Mtime, RootPath};
use nginx_config::glob;
use nix::mount::MsFlags;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_replaced_file_comes_back_exactly() {
    let tree = Tree::new();
    let path = tree.write("/etc/nginx/motion.conf", "old");
    let file = tree.host("/etc/nginx/motion.conf");
    chown(&file, Some(33), Some(4)).expect("chown");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4640)).expect("chmod");
    xattr::set(&file, "user.note", b"\x00\xff").expect("an attribute");
    xattr::set(&file, "system.posix_acl_access", &acl()).expect("an access list");
    xattr::set(&file, "security.selinux", b"system_u:object_r:httpd_config_t:s0\0").expect("a label");
    filetime(&file, 1_000_000_000, 123_456_789);
    filetime(&tree.host("/etc/nginx"), 1_000_000_001, 5);
    let before = observe(&tree.root, &path).expect("observed");
    let (inode, folder) = (fs::metadata(&file).expect("stat").ino(), observe(&tree.root, &at("/etc/nginx")));

    let attributes = before.attributes().expect("a file has them").for_new_bytes();
    let expect = Expect::of(&before).expect("a file");
    let kept = replace(&tree.lock, &tree.root, &path, &expect, b"new", &attributes).expect("replaced");
    let after = observe(&tree.root, &path).expect("observed");
    assert_eq!(fs::read(&file).expect("reading"), b"new");
    let (old, new) = (before.attributes().expect("old"), after.attributes().expect("new"));
    assert_eq!((new.mode, new.uid, new.gid, &new.xattrs), (old.mode, 33, 4, &old.xattrs));
    assert_eq!(old.mode.0, 0o4660, "the access list's mask is the mode's group");
    assert_eq!(old.xattrs.0.len(), 3);
    assert!(
        matches!((new.mtime, old.mtime), (Mtime::At(new, _), Mtime::At(1_000_000_000, 123_456_789)) if new > 1_700_000_000)
    );
    assert!(kept.hidden().is_some_and(|path| path.to_string().starts_with("/etc/nginx/.motionctl-")));
    assert_eq!(
        glob::expand(&RootReader::new(&tree.root), Path::new("/etc/nginx/*")).expect("glob").len(),
        2,
        "the kept file matches an include"
    );

    put_back(&tree.lock, &tree.root, &kept).expect("put back");
    assert_eq!(observe(&tree.root, &path).expect("observed"), before);
    assert_eq!(fs::metadata(&file).expect("stat").ino(), inode);
    assert_eq!(observe(&tree.root, &at("/etc/nginx")).expect("observed"), folder.expect("observed"));
    assert!(leftovers(&tree.root, &at("/etc/nginx")).expect("listed").is_empty());
}

/// `user::rw- user:7:rw- group::r-- mask::rw- other::---`, as the kernel stores it.
fn acl() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(0x01, 6, u32::MAX), (0x02, 6, 7), (0x04, 4, u32::MAX), (0x10, 6, u32::MAX), (0x20, 0, u32::MAX)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn filetime(path: &Path, seconds: i64, nanos: i64) {
    use nix::sys::{stat::UtimensatFlags, stat::utimensat, time::TimeSpec};
    let time = TimeSpec::new(seconds, nanos);
    let here = fs::File::open("/").expect("a folder");
    utimensat(&here, path, &time, &time, UtimensatFlags::NoFollowSymlink).expect("setting the time");
}

#[test]
fn a_default_access_list_of_the_folder_does_not_leak_into_the_file() {
    let tree = Tree::new();
    xattr::set(tree.host("/etc/nginx"), "system.posix_acl_default", &acl()).expect("a default list");
    let path = at("/etc/nginx/new.conf");
    let wanted = Attributes::plain(0o604, 0, 0);
    discard(&tree.lock, &tree.root, &create(&tree.lock, &tree.root, &path, b"x", &wanted).expect("created"))
        .expect("discarded");
    let state = observe(&tree.root, &path).expect("observed");
    assert_eq!(wanted.differences(state.attributes().expect("a file")), []);
}

#[test]
fn creating_and_removing_are_undone_too() {
    let tree = Tree::new();
    let (new, old) = (at("/etc/nginx/new.conf"), tree.write("/etc/nginx/old.conf", "old"));
    let before = observe(&tree.root, &old).expect("observed");
    let attributes = Attributes::plain(0o600, 0, 0);
    let created = create(&tree.lock, &tree.root, &new, b"x", &attributes).expect("created");
    let removed = remove(&tree.lock, &tree.root, &old, &Expect::File(Hash::of(b"old"))).expect("removed");
    let link = create_link(&tree.lock, &tree.root, &at("/etc/nginx/link"), &LinkText::new("x"), &attributes)
        .expect("linked");
    assert!(!tree.host("/etc/nginx/old.conf").exists());
    assert!(matches!(
        create(&tree.lock, &tree.root, &new, b"y", &attributes).expect_err("it exists"),
        ReplaceError::Stale { .. }
    ));
    for kept in [&link, &removed, &created] {
        put_back(&tree.lock, &tree.root, kept).expect("put back");
    }
    assert_eq!(tree.names("/etc/nginx"), ["old.conf", "sites-available"]);
    assert_eq!(observe(&tree.root, &old).expect("observed"), before);
}

#[test]
fn a_stale_expectation_changes_nothing() {
    let tree = Tree::new();
    let path = tree.write("/etc/nginx/motion.conf", "edited meanwhile");
    let error = tree.replace(&path, "as planned", "new").expect_err("stale");
    assert!(matches!(error, ReplaceError::Stale { .. }), "{error}");
    assert_eq!(fs::read(tree.host("/etc/nginx/motion.conf")).expect("reading"), b"edited meanwhile");
    assert_eq!(tree.names("/etc/nginx"), ["motion.conf", "sites-available"]);
}

#[test]
fn an_edit_after_the_change_is_not_undone() {
    let tree = Tree::new();
    let path = tree.write("/etc/nginx/motion.conf", "old");
    let kept = tree.replace(&path, "old", "new").expect("replaced");
    tree.write("/etc/nginx/motion.conf", "edited since");
    assert!(matches!(put_back(&tree.lock, &tree.root, &kept), Err(ReplaceError::Stale { .. })));
    assert_eq!(fs::read(tree.host("/etc/nginx/motion.conf")).expect("reading"), b"edited since");
}

/// Ends a thread also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn an_edit_in_the_last_instant_is_never_lost() {
    let tree = Tree::new();
    let path = tree.write("/etc/nginx/motion.conf", "planned");
    let (file, other) = (tree.host("/etc/nginx/motion.conf"), tree.host("/etc/editor"));
    let stop = AtomicBool::new(false);
    let (mut stale, mut replaced) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for text in ["edited", "planned"].iter().cycle() {
                fs::write(&other, text).expect("writing");
                fs::rename(&other, &file).expect("renaming");
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let _stop = Stop(&stop);
        while stale < 50 || replaced < 50 {
            match tree.replace(&path, "planned", "new") {
                Ok(kept) => {
                    replaced += 1;
                    let hidden = observe(&tree.root, kept.hidden().expect("kept")).expect("observed");
                    assert_eq!(hidden.hash(), Some(Hash::of(b"planned")), "replaced what nobody expected");
                    discard(&tree.lock, &tree.root, &kept).expect("discarded");
                }
                Err(ReplaceError::Stale { .. }) => stale += 1,
                // Replaced between look and open.
                Err(ReplaceError::NotReplaceable(_) | ReplaceError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert!(leftovers(&tree.root, &at("/etc/nginx")).expect("listed").is_empty());
}

#[test]
fn a_linked_site_keeps_its_link() {
    let tree = Tree::new();
    fs::create_dir(tree.host("/etc/nginx/sites-enabled")).expect("a folder");
    let target = tree.write("/etc/nginx/sites-available/x", "old");
    symlink("../sites-available/x", tree.host("/etc/nginx/sites-enabled/x")).expect("a link");
    let kept = tree.replace(&at("/etc/nginx/sites-enabled/x"), "old", "new").expect("replaced");
    assert_eq!(kept.path(), &target);
    assert!(tree.host("/etc/nginx/sites-enabled/x").is_symlink());
    assert_eq!(fs::read(tree.host("/etc/nginx/sites-available/x")).expect("reading"), b"new");
    assert_eq!(tree.names("/etc/nginx/sites-enabled"), ["x"]);
    put_back(&tree.lock, &tree.root, &kept).expect("put back");
    assert_eq!(fs::read(tree.host("/etc/nginx/sites-available/x")).expect("reading"), b"old");
}

#[test]
fn a_link_that_somebody_could_have_planted_is_not_written_through() {
    let tree = Tree::new();
    tree.write("/etc/shadow", "secret");
    symlink("/etc/shadow", tree.host("/etc/nginx/motion.conf")).expect("a link");
    let path = at("/etc/nginx/motion.conf");
    fs::set_permissions(tree.host("/etc/nginx"), fs::Permissions::from_mode(0o777)).expect("chmod");
    let error = tree.replace(&path, "secret", "new").expect_err("planted");
    assert!(error.to_string().contains("other users can write"), "{error}");
    fs::set_permissions(tree.host("/etc/nginx"), fs::Permissions::from_mode(0o755)).expect("chmod");
    chown(tree.host("/etc/nginx"), Some(33), Some(33)).expect("chown");
    let refused = replaceable(&tree.root, &path).expect_err("planted");
    assert_eq!(refused.obstacle, Obstacle::ForeignLink(33));
    chown(tree.host("/etc/nginx"), Some(0), Some(0)).expect("chown");
    assert_eq!(replaceable(&tree.root, &path), Ok(()));
}

#[test]
fn obstacles_are_named_and_left_alone() {
    let tree = Tree::new();
    let path = tree.write("/etc/nginx/motion.conf", "old");
    let file = tree.host("/etc/nginx/motion.conf");
    let check = |expected: Obstacle| {
        assert_eq!(replaceable(&tree.root, &path).expect_err("an obstacle").obstacle, expected);
        let error = tree.replace(&path, "old", "new").expect_err("an obstacle");
        assert!(
            matches!(&error, ReplaceError::NotReplaceable(found) if found.obstacle == expected),
            "{error}"
        );
        assert_eq!(fs::read(&file).expect("reading"), b"old");
    };
    assert_eq!(replaceable(&tree.root, &path), Ok(()));

    run("chattr", &["+i"], &file);
    check(Obstacle::Immutable);
    run("chattr", &["-i", "+a"], &file);
    check(Obstacle::AppendOnly);
    run("chattr", &["-a"], &file);
    run("chattr", &["+i"], &tree.host("/etc/nginx"));
    check(Obstacle::FolderImmutable);
    run("chattr", &["-i"], &tree.host("/etc/nginx"));

    fs::hard_link(&file, tree.host("/etc/second")).expect("a second name");
    check(Obstacle::HardLinked(2));
    fs::remove_file(tree.host("/etc/second")).expect("removing");

    let bound = tree.host("/bound");
    fs::write(&bound, "bound").expect("writing");
    let mount = Mount::bind(&bound, &file);
    check_bound(&tree, &path);
    drop(mount);
    assert_eq!(replaceable(&tree.root, &path), Ok(()));

    let mount = Mount::tmpfs(&tree.host("/etc/nginx/sites-available"), "64k", MsFlags::MS_RDONLY);
    let inside = at("/etc/nginx/sites-available/new");
    assert_eq!(replaceable(&tree.root, &inside).expect_err("read-only").obstacle, Obstacle::ReadOnly);
    drop(mount);
    assert_eq!(tree.names("/etc/nginx"), ["motion.conf", "sites-available"]);
}

fn check_bound(tree: &Tree, path: &RootPath) {
    assert_eq!(replaceable(&tree.root, path).expect_err("bound").obstacle, Obstacle::Mounted);
    let error = tree.replace(path, "bound", "new").expect_err("bound");
    assert!(
        matches!(&error, ReplaceError::NotReplaceable(found) if found.obstacle == Obstacle::Mounted),
        "{error}"
    );
}

#[test]
fn undoing_needs_no_space() {
    let tree = Tree::new();
    let _mount = Mount::tmpfs(&tree.host("/etc/nginx"), "256k", MsFlags::empty());
    let old = "o".repeat(40_000);
    let path = tree.write("/etc/nginx/motion.conf", &old);
    let before = observe(&tree.root, &path).expect("observed");
    let kept = tree.replace(&path, &old, &"n".repeat(40_000)).expect("replaced");
    let mut filler = fs::File::create(tree.host("/etc/nginx/filler")).expect("creating");
    let full = loop {
        if let Err(error) = filler.write_all(&[0; 4096]) {
            break error;
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    let error = tree.replace(&path, &"n".repeat(40_000), &"m".repeat(40_000)).expect_err("no space");
    assert!(
        matches!(&error, ReplaceError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull),
        "{error}"
    );
    assert_eq!(leftovers(&tree.root, &at("/etc/nginx")).expect("listed").len(), 1, "only the kept file");
    put_back(&tree.lock, &tree.root, &kept).expect("put back on a full disk");
    assert_eq!(observe(&tree.root, &path).expect("observed"), before);
}

#[test]
fn an_interrupted_change_is_found_again() {
    let tree = Tree::new();
    let path = tree.write("/etc/nginx/motion.conf", "old");
    let before = observe(&tree.root, &path).expect("observed");
    drop(tree.replace(&path, "old", "new").expect("replaced"));
    tree.write("/etc/nginx/.motionctl-00000000.tmp", "half-written");
    // The same bytes with another mode are a twin's, or never got their attributes.
    tree.write("/etc/nginx/.motionctl-00000001.tmp", "old");
    run("chmod", &["0600"], &tree.host("/etc/nginx/.motionctl-00000001.tmp"));
    let (was, installed) = (Expect::File(Hash::of(b"old")), Installed::File(Hash::of(b"new")));
    let attributes = before.attributes().expect("a file's");
    let find = || adopt(&tree.root, &path, &was, attributes, &installed).expect("looked");
    let kept = find().expect("it waits");
    put_back(&tree.lock, &tree.root, &kept).expect("put back");
    assert_eq!(observe(&tree.root, &path).expect("observed"), before);
    assert_eq!(find(), None);
    sweep(&tree.lock, &tree.root, &at("/etc/nginx")).expect("swept");
    assert_eq!(tree.names("/etc/nginx"), ["motion.conf", "sites-available"]);
}
