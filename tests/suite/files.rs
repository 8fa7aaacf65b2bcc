//! Files are replaced whole, undone exactly, and refused with a reason.

use motionctl::host::files::{
    Expect, FileState, Installed, Obstacle, OtherKind, ReplaceError, adopt, create, create_link, discard,
    leftovers, observe, observe_target, put_back, remove, replace, replaceable, sweep,
};
use motionctl::host::{
    Attributes, LinkText, LockError, Mtime, PrivateFolder, Root, RootPath, STATE_FOLDER, WriteLock,
    files::Hash,
};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

struct Tree {
    dir: TempDir,
    root: Root,
    lock: WriteLock,
}

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("etc/nginx/sites-available")).expect("folders");
        let root = Root::at(dir.path()).expect("a root");
        let lock = WriteLock::take(&root).expect("the lock");
        Self { dir, root, lock }
    }

    fn host(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, bytes: &str) -> RootPath {
        fs::write(self.host(path), bytes).expect("writing");
        at(path)
    }

    fn replace(
        &self,
        path: &RootPath,
        old: &str,
        new: &str,
    ) -> Result<motionctl::host::files::Kept, ReplaceError> {
        let expect = Expect::File(Hash::of(old.as_bytes()));
        replace(&self.lock, &self.root, path, &expect, new.as_bytes(), &Attributes::plain(0o644, 0, 0))
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let names = self.root.read_dir(folder).expect("listing");
        names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()
    }
}

fn at(path: &str) -> RootPath {
    RootPath::new(path).expect("absolute")
}

fn run(program: &str, arguments: &[&str], file: &Path) {
    let status = Command::new(program).args(arguments).arg(file).status().expect("the program is installed");
    assert!(status.success(), "{program} {arguments:?} {}", file.display());
}

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
        let found = tree.root.glob(pattern).expect(pattern);
        found.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    };
    let sorted = ["B.conf", "a.conf", "b.conf", "dangling.conf"].map(|name| format!("/etc/nginx/{name}"));
    assert_eq!(glob("/etc/nginx/*.conf"), sorted);
    assert_eq!(glob("/etc/l*/[ab].conf"), ["/etc/link/a.conf", "/etc/link/b.conf"]);
    assert_eq!(glob("/etc/nginx/.*.conf"), ["/etc/nginx/.hidden.conf"]);
    assert_eq!(glob("/etc/none/*.conf"), [""; 0]);
    assert_eq!(glob("/etc/nginx/a.conf/*"), [""; 0]);
}

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
    assert_eq!(tree.root.glob("/etc/nginx/*").expect("glob").len(), 2, "the kept file matches an include");

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
    assert_eq!(
        observe_target(&tree.root, &at("/etc/nginx/sites-enabled/x")).expect("observed").hash(),
        Some(Hash::of(b"new"))
    );
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

    let mount = Mount::bind(&tree.write_outside(), &file);
    check_bound(&tree, &path);
    drop(mount);
    assert_eq!(replaceable(&tree.root, &path), Ok(()));

    let mount = Mount::tmpfs(&tree.host("/etc/nginx/sites-available"), "size=64k,ro");
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

impl Tree {
    fn write_outside(&self) -> PathBuf {
        let path = self.host("/bound");
        fs::write(&path, "bound").expect("writing");
        path
    }
}

/// A mount below a temporary folder, taken away when dropped.
struct Mount(PathBuf);

impl Mount {
    fn bind(source: &Path, target: &Path) -> Self {
        use nix::mount::{MsFlags, mount};
        mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("root may mount");
        Self(target.to_owned())
    }

    fn tmpfs(target: &Path, options: &str) -> Self {
        run_mount(options, target);
        Self(target.to_owned())
    }
}

fn run_mount(options: &str, target: &Path) {
    run("mount", &["-t", "tmpfs", "-o", options, "tmpfs"], target);
}

impl Drop for Mount {
    fn drop(&mut self) {
        nix::mount::umount(&self.0).expect("unmounting");
    }
}

#[test]
fn undoing_needs_no_space() {
    let tree = Tree::new();
    let _mount = Mount::tmpfs(&tree.host("/etc/nginx"), "size=256k");
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
    let (was, installed) = (Expect::File(Hash::of(b"old")), Installed::File(Hash::of(b"new")));
    let kept = adopt(&tree.root, &path, &was, &installed).expect("looked").expect("it waits");
    put_back(&tree.lock, &tree.root, &kept).expect("put back");
    assert_eq!(observe(&tree.root, &path).expect("observed"), before);
    assert_eq!(adopt(&tree.root, &path, &was, &installed).expect("looked"), None);
    sweep(&tree.lock, &tree.root, &at("/etc/nginx")).expect("swept");
    assert_eq!(tree.names("/etc/nginx"), ["motion.conf", "sites-available"]);
}

#[test]
fn the_lock_names_its_holder_and_ends_with_it() {
    let tree = Tree::new();
    let Err(LockError::Held(holder)) = WriteLock::take(&tree.root) else { panic!("taken twice") };
    assert_eq!(holder.pid, std::process::id());
    let mode = |path: &str| fs::metadata(tree.host(path)).expect("stat").mode() & 0o7777;
    assert_eq!((mode(STATE_FOLDER), mode("/var/lib/motionctl/lock")), (0o700, 0o600));
    let Tree { dir, root, lock } = tree;
    drop(lock);
    drop(WriteLock::take(&root).expect("free again"));
    drop(dir);
}

#[test]
fn a_planted_lock_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = dir.path().join("var/lib/motionctl");
    fs::create_dir_all(&state).expect("folders");
    fs::write(dir.path().join("victim"), "x").expect("writing");
    symlink(dir.path().join("victim"), state.join("lock")).expect("a link");
    let root = Root::at(dir.path()).expect("a root");
    assert!(matches!(WriteLock::take(&root), Err(LockError::Io(_))));
    assert_eq!(fs::read(dir.path().join("victim")).expect("reading"), b"x");
    fs::remove_file(state.join("lock")).expect("removing");
    chown(&state, Some(33), Some(33)).expect("chown");
    assert!(matches!(WriteLock::take(&root), Err(LockError::Io(_))), "somebody else's folder");
    fs::remove_dir(&state).expect("removing");
    fs::create_dir(dir.path().join("elsewhere")).expect("a folder");
    symlink("/elsewhere", &state).expect("a link");
    assert!(matches!(WriteLock::take(&root), Err(LockError::Io(_))), "a link in the folder's place");
}

#[test]
fn private_folders_are_closed_again() {
    let tree = Tree::new();
    fs::set_permissions(tree.host(STATE_FOLDER), fs::Permissions::from_mode(0o755)).expect("chmod");
    drop(PrivateFolder::make(&tree.lock, &tree.root, &at(STATE_FOLDER)).expect("ours"));
    assert_eq!(fs::metadata(tree.host(STATE_FOLDER)).expect("stat").mode() & 0o777, 0o700);
}
