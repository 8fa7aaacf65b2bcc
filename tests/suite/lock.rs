//! One run at a time, and nobody else in its folder.

use crate::support::tree::{Tree, at};
use motionctl::host::{LockError, PrivateFolder, Root, STATE_FOLDER, WriteLock};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

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
    assert!(matches!(WriteLock::take(&root), Err(LockError::State(_))), "a link in the folder's place");
}

#[test]
fn private_folders_are_closed_again() {
    let tree = Tree::new();
    fs::set_permissions(tree.host(STATE_FOLDER), fs::Permissions::from_mode(0o755)).expect("chmod");
    drop(PrivateFolder::make(&tree.lock, &tree.root, &at(STATE_FOLDER)).expect("ours"));
    assert_eq!(fs::metadata(tree.host(STATE_FOLDER)).expect("stat").mode() & 0o777, 0o700);
}
