//! Backups hold everything, are believed only when read again, and restore exactly.

use crate::support::binary::{copy_tree, motionctl};
use crate::support::mount::Mount;
use crate::support::tree::at;
use motionctl::backup::{
    Backup, BackupError, BackupRequest, Change, Entry, Problem, Retention, STORE_FOLDER, Store, compare,
    restore_path, restore_tree,
};
use motionctl::host::files::{Expect, OtherKind, put_back};
use motionctl::host::{Root, WriteLock};
use motionctl::values::{AttributeDifference, BackupId, Hash};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

struct Server {
    dir: TempDir,
    root: Root,
    lock: WriteLock,
    store: Store,
}

impl Server {
    /// A configuration with everything that file systems offer.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let nginx = dir.path().join("etc/nginx");
        for folder in ["conf.d/empty", "sites-available", "sites-enabled", "ssl"] {
            fs::create_dir_all(nginx.join(folder)).expect("folders");
        }
        fs::create_dir_all(dir.path().join("srv/shared")).expect("folders");
        for (path, text) in [
            ("etc/nginx/nginx.conf", "events {}"),
            ("etc/nginx/conf.d/motion.conf", "server {}"),
            ("etc/nginx/conf.d/same.conf", "server {}"),
            ("etc/nginx/sites-available/x", "server { x }"),
            ("etc/nginx/ssl/key.pem", "secret"),
            ("srv/shared/included.conf", "include"),
            ("etc/passwd", "root:x:0:0"),
        ] {
            fs::write(dir.path().join(path), text).expect("writing");
        }
        fs::write(nginx.join(OsStr::from_bytes(b"conf.d/odd\n\xff.conf")), "odd").expect("writing");
        symlink("../sites-available/x", nginx.join("sites-enabled/x")).expect("a link");
        symlink("/srv/shared/included.conf", nginx.join("conf.d/linked.conf")).expect("a link");
        symlink("nowhere", nginx.join("conf.d/dangling")).expect("a link");
        symlink("/", nginx.join("modules")).expect("a link");
        nix::unistd::mkfifo(&nginx.join("fifo"), nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
        chown(nginx.join("ssl/key.pem"), Some(33), Some(4)).expect("chown");
        fs::set_permissions(nginx.join("ssl/key.pem"), fs::Permissions::from_mode(0o640)).expect("chmod");
        fs::set_permissions(nginx.join("ssl"), fs::Permissions::from_mode(0o2750)).expect("chmod");
        xattr::set(nginx.join("nginx.conf"), "user.note", b"\xff").expect("an attribute");
        for (number, path) in
            ["conf.d/motion.conf", "sites-enabled/x", "conf.d/empty", "conf.d", ""].iter().enumerate()
        {
            age(&nginx.join(path), 1_000_000_000 + i64::try_from(number).expect("small"));
        }
        let root = Root::at(dir.path()).expect("a root");
        let lock = WriteLock::take(&root).expect("the lock");
        Self { store: Store::new(&root), dir, root, lock }
    }

    fn take(&self) -> Backup {
        self.try_take(&mut |_| ()).expect("backed up")
    }

    fn try_take(&self, progress: &mut dyn FnMut(motionctl::backup::Progress)) -> Result<Backup, BackupError> {
        let paths = [at("/etc/nginx"), at("/nowhere")];
        let request = BackupRequest {
            paths: &paths,
            reason: "a test",
            run: Some("run-1"),
            host: "cc",
            tool_version: "0.1.0",
        };
        self.store.take(&self.lock, &request, progress)
    }

    fn host(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    fn inside(&self, backup: &Backup, name: &str) -> PathBuf {
        self.host(STORE_FOLDER).join(backup.manifest.id.as_str()).join(name)
    }
}

fn age(path: &Path, seconds: i64) {
    use nix::sys::{stat::UtimensatFlags, stat::utimensat, time::TimeSpec};
    let time = TimeSpec::new(seconds, 7);
    let here = fs::File::open("/").expect("a folder");
    utimensat(&here, path, &time, &time, UtimensatFlags::NoFollowSymlink).expect("setting the time");
}

#[test]
fn everything_is_held_and_verified() {
    let server = Server::new();
    let mut seen = Vec::new();
    let backup = server.try_take(&mut |progress| seen.push(progress)).expect("backed up");
    let entries = &backup.manifest.entries;
    let paths: Vec<String> = entries.keys().map(ToString::to_string).collect();
    for path in [
        "/etc/nginx",
        "/etc/nginx/conf.d/empty",
        "/etc/nginx/conf.d/odd\\x0a\\xff.conf",
        "/srv/shared/included.conf",
    ] {
        assert!(paths.iter().any(|found| found == path), "{path} is missing in {paths:?}");
    }
    assert!(!paths.iter().any(|path| path == "/etc/passwd"), "followed a link to a folder");
    assert_eq!(entries[&at("/etc/nginx/fifo")], Entry::Skipped { kind: OtherKind::Fifo });
    assert!(
        matches!(&entries[&at("/etc/nginx/sites-enabled/x")], Entry::Symlink { target, .. } if target.as_os_str() == "../sites-available/x")
    );
    assert_eq!(backup.content(Hash::of(b"secret")).expect("held"), b"secret");
    assert_eq!(
        seen.last().map(|last| (last.bytes, last.total)),
        Some((backup.manifest.bytes(), backup.manifest.bytes()))
    );
    assert_eq!(backup.manifest.files(), 7);

    let again = server.store.open(&backup.manifest.id).expect("opens");
    assert_eq!(again.manifest, backup.manifest);
    again.verify().expect("sound");
    assert!(server.store.diff_live(&again.manifest).expect("compares").is_empty());
    for folder in ["", "content"] {
        assert_eq!(fs::metadata(server.inside(&backup, folder)).expect("stat").mode() & 0o777, 0o700);
    }
    for entry in fs::read_dir(server.inside(&backup, "content")).expect("listing").flatten() {
        assert_eq!(entry.metadata().expect("stat").mode() & 0o777, 0o600);
    }
}

#[test]
fn a_damaged_backup_is_not_believed() {
    let server = Server::new();
    let backup = server.take();
    let id = backup.manifest.id.clone();
    let content = server.inside(&backup, "content");
    let name = |text: &str| content.join(Hash::of(text.as_bytes()).to_string());
    fs::write(name("secret"), "Secret").expect("writing");
    fs::remove_file(name("server {}")).expect("removing");
    fs::write(content.join("stray"), "").expect("writing");
    let Err(BackupError::Damaged { problems, .. }) = backup.verify() else { panic!("believed") };
    let problems: BTreeSet<String> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        Problem::Altered(Hash::of(b"secret")),
        Problem::Lost(Hash::of(b"server {}")),
        Problem::Stray("stray".to_owned()),
    ];
    assert_eq!(problems, expected.iter().map(ToString::to_string).collect());
    assert!(backup.content(Hash::of(b"secret")).is_err());
    assert!(restore_tree(&server.lock, &server.store, &backup, &mut |_| ()).is_err());

    let manifest = server.inside(&backup, "manifest.json");
    let text = fs::read_to_string(&manifest).expect("reading").replace("0640", "0666");
    fs::write(&manifest, text).expect("writing");
    let error = server.store.open(&id).expect_err("altered");
    assert!(
        matches!(&error, BackupError::Damaged { problems, .. } if problems == &[Problem::ManifestChanged]),
        "{error}"
    );
    assert_eq!(server.store.list().expect("lists").damaged.len(), 1);
}

#[test]
fn differences_are_named_by_path_and_kind() {
    let server = Server::new();
    let old = server.take();
    fs::write(server.host("/etc/nginx/nginx.conf"), "new").expect("writing");
    fs::remove_file(server.host("/etc/nginx/sites-enabled/x")).expect("removing");
    fs::write(server.host("/etc/nginx/sites-enabled/x"), "a file").expect("writing");
    fs::remove_dir(server.host("/etc/nginx/conf.d/empty")).expect("removing");
    fs::write(server.host("/etc/nginx/conf.d/added.conf"), "").expect("writing");
    fs::set_permissions(server.host("/etc/nginx/ssl/key.pem"), fs::Permissions::from_mode(0o644))
        .expect("chmod");
    let live = server.store.diff_live(&old.manifest).expect("compares");
    let changes =
        |path: &str| live.iter().find(|found| found.path == at(path)).map(|found| found.changes.clone());
    assert_eq!(changes("/etc/nginx/conf.d/added.conf"), Some(vec![Change::Added]));
    assert_eq!(changes("/etc/nginx/conf.d/empty"), Some(vec![Change::Removed]));
    assert_eq!(changes("/etc/nginx/sites-enabled/x"), Some(vec![Change::Kind]));
    assert_eq!(
        changes("/etc/nginx/ssl/key.pem"),
        Some(vec![Change::Attributes(vec![AttributeDifference::Mode])])
    );
    let contents = changes("/etc/nginx/nginx.conf").expect("differs");
    assert_eq!(contents[0], Change::Contents(Hash::of(b"events {}"), Hash::of(b"new")));
    assert_eq!(changes("/etc/nginx/conf.d/same.conf"), None);
    let new = server.take();
    assert_eq!(compare(&old.manifest.entries, &new.manifest.entries), live);
}

#[test]
fn a_tree_is_restored_to_the_last_bit() {
    let server = Server::new();
    let backup = server.take();
    let nginx = server.host("/etc/nginx");
    fs::write(nginx.join("nginx.conf"), "broken").expect("writing");
    xattr::remove(nginx.join("nginx.conf"), "user.note").expect("removing");
    fs::remove_dir_all(nginx.join("conf.d")).expect("removing");
    fs::write(nginx.join("conf.d"), "a file in a folder's place").expect("writing");
    fs::remove_file(nginx.join("sites-available/x")).expect("removing");
    fs::create_dir_all(nginx.join("sites-available/x/deep/er")).expect("a folder in a file's place");
    fs::write(nginx.join("sites-available/x/deep/er/y"), "").expect("writing");
    fs::create_dir_all(nginx.join("added/folder")).expect("folders");
    nix::unistd::mkfifo(&nginx.join("added/fifo"), nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    symlink("/etc/passwd", nginx.join("added/passwd")).expect("a link");
    fs::remove_file(nginx.join("sites-enabled/x")).expect("removing");
    symlink("elsewhere", nginx.join("sites-enabled/x")).expect("a link");
    fs::set_permissions(nginx.join("ssl"), fs::Permissions::from_mode(0o777)).expect("chmod");
    chown(nginx.join("ssl/key.pem"), Some(0), Some(0)).expect("chown");
    fs::remove_dir_all(server.host("/srv")).expect("removing");

    let differed = restore_tree(&server.lock, &server.store, &backup, &mut |_| ()).expect("restored");
    assert!(differed.len() > 10, "{differed:?}");
    assert_eq!(server.store.diff_live(&backup.manifest).expect("compares"), []);
    assert_eq!(fs::read(server.host("/etc/passwd")).expect("untouched"), b"root:x:0:0");
    assert_eq!(fs::metadata(nginx.join("conf.d")).expect("stat").mtime(), 1_000_000_003);
    let again = restore_tree(&server.lock, &server.store, &backup, &mut |_| ()).expect("restored");
    assert_eq!(again, [], "restoring twice changes nothing");
}

#[test]
fn one_file_is_restored_and_that_is_undone() {
    let server = Server::new();
    let backup = server.take();
    let path = at("/etc/nginx/ssl/key.pem");
    fs::write(server.host("/etc/nginx/ssl/key.pem"), "other").expect("writing");
    let stale = restore_path(&server.lock, &server.root, &backup, &path, &Expect::File(Hash::of(b"another")));
    assert!(matches!(stale, Err(BackupError::Restore(_))));
    let expect = Expect::File(Hash::of(b"other"));
    let kept = restore_path(&server.lock, &server.root, &backup, &path, &expect).expect("restored");
    let live = server.store.live(&backup.manifest).expect("observed");
    assert_eq!(live[&path], backup.manifest.entries[&path]);
    put_back(&server.lock, &server.root, &kept).expect("undone");
    assert_eq!(fs::read(server.host("/etc/nginx/ssl/key.pem")).expect("reading"), b"other");

    fs::write(server.host("/etc/nginx/conf.d/added.conf"), "x").expect("writing");
    let added = at("/etc/nginx/conf.d/added.conf");
    let expect = Expect::File(Hash::of(b"x"));
    let kept = restore_path(&server.lock, &server.root, &backup, &added, &expect).expect("removed");
    assert!(!server.host("/etc/nginx/conf.d/added.conf").exists());
    put_back(&server.lock, &server.root, &kept).expect("undone");
}

#[test]
fn planted_links_in_the_store_are_refused() {
    let server = Server::new();
    fs::create_dir_all(server.host("/var/backups")).expect("folders");
    fs::create_dir(server.host("/elsewhere")).expect("a folder");
    symlink("/elsewhere", server.host(STORE_FOLDER)).expect("a link");
    assert!(server.try_take(&mut |_| ()).is_err());
    assert_eq!(fs::read_dir(server.host("/elsewhere")).expect("listing").count(), 0);
    fs::remove_file(server.host(STORE_FOLDER)).expect("removing");

    let backup = server.take();
    let content = server.inside(&backup, "content").join(Hash::of(b"secret").to_string());
    fs::write(server.host("/copy"), "secret").expect("writing");
    fs::remove_file(&content).expect("removing");
    symlink(server.host("/copy"), &content).expect("a link");
    assert!(backup.verify().is_err(), "read through a link");
    assert!(backup.content(Hash::of(b"secret")).is_err());
}

#[test]
fn old_backups_go_and_needed_ones_stay() {
    let server = Server::new();
    let ids: Vec<_> = (0..4).map(|_| server.take().manifest.id).collect();
    let sorted: Vec<_> = ids.into_iter().rev().collect();
    fs::create_dir_all(server.host(STORE_FOLDER).join(".partial-x/content")).expect("folders");
    fs::write(server.host(STORE_FOLDER).join(".partial-x/content/incoming"), "half").expect("writing");
    assert_eq!(server.store.list().expect("lists").partial, [".partial-x"]);
    let keep = |before: &str, protected: &[usize]| Retention {
        newest: 1,
        before: Some(before.parse().expect("a time")),
        protected: protected.iter().map(|&n| sorted[n].clone()).collect(),
    };
    let removed = server.store.prune(&server.lock, &keep("2020-01-01T00:00:00Z", &[])).expect("pruned");
    assert_eq!(removed, []);
    assert_eq!(server.store.list().expect("lists").partial, [""; 0], "half-made backups go");
    let removed = server.store.prune(&server.lock, &keep("2999-01-01T00:00:00Z", &[3])).expect("pruned");
    assert_eq!(removed, [sorted[1].clone(), sorted[2].clone()]);
    let left: Vec<_> =
        server.store.list().expect("lists").backups.iter().map(|b| b.manifest.id.clone()).collect();
    assert_eq!(left, [sorted[0].clone(), sorted[3].clone()]);
    assert!(matches!(server.store.open(&sorted[1]), Err(BackupError::Missing(_))));
}

/// Makes backups until three within one second have names that sort in another order than they were made in.
fn three_in_one_second(server: &Server) -> [BackupId; 3] {
    let second = |id: &BackupId| id.as_str()[..16].to_owned();
    let mut ids: Vec<BackupId> = Vec::new();
    loop {
        ids.push(server.take().manifest.id);
        if let [.., one, two, three] = &ids[..]
            && second(one) == second(three)
            && (one > three || two > three)
        {
            return [one.clone(), two.clone(), three.clone()];
        }
        assert!(ids.len() < 1000, "names in the order of making again and again: {ids:?}");
    }
}

#[test]
fn within_one_second_the_newest_stays_whenever_it_is_asked() {
    let server = Server::new();
    let [.., newest] = three_in_one_second(&server);
    assert_eq!(server.store.list().expect("lists").backups[0].manifest.id, newest);
    let copy = tempfile::tempdir().expect("a folder");
    copy_tree(server.dir.path(), copy.path());
    let prune = |tree: &Path| {
        let tree = tree.to_str().expect("a plain path");
        let document = motionctl(["backups", "prune", "--keep", "1", "--json", "--root", tree]).document();
        assert_eq!(document["outcome"], "applied", "{document:#}");
        document["details"]["removed"].clone()
    };
    let Server { dir, lock, .. } = server;
    drop(lock);
    let at_once = prune(dir.path());
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(prune(copy.path()), at_once);
    for tree in [dir.path(), copy.path()] {
        let left = Store::new(&Root::at(tree).expect("a root")).list().expect("lists");
        assert_eq!(left.backups.iter().map(|backup| &backup.manifest.id).collect::<Vec<_>>(), [&newest]);
    }
}

#[test]
fn a_damaged_backup_does_not_take_the_place_of_a_sound_one() {
    let server = Server::new();
    let ids: Vec<_> = (0..3).map(|_| server.take().manifest.id).collect();
    let folder = server.host(STORE_FOLDER);
    fs::rename(folder.join(ids[2].as_str()), folder.join("29990101T000000Z-00000000")).expect("renaming");
    assert_eq!(server.store.list().expect("lists").damaged.len(), 1, "the manifest has another name");
    let keep = Retention { newest: 1, before: None, protected: BTreeSet::new() };
    assert_eq!(server.store.prune(&server.lock, &keep).expect("pruned"), [ids[0].clone()]);
}

#[test]
fn space_is_counted_before_it_is_used() {
    let server = Server::new();
    let needed = server.store.needed(&[at("/etc/nginx")]).expect("counted").bytes;
    let free = server.store.space().expect("looked").bytes;
    let backup = server.take();
    let used = Command::new("du").arg("-sB1").arg(server.inside(&backup, "")).output().expect("du");
    let used: u64 = String::from_utf8_lossy(&used.stdout)
        .split_whitespace()
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!(needed >= used, "{needed} < {used}");
    assert!(needed < 20 * used, "{needed} is far from {used}");
    assert!(free > needed);
}

#[test]
fn a_backup_that_finds_no_space_leaves_none_behind() {
    let server = Server::new();
    fs::create_dir_all(server.host("/var/backups")).expect("folders");
    let target = server.host("/var/backups");
    let _mount = Mount::tmpfs(&target, "64k", nix::mount::MsFlags::empty());
    fs::write(server.host("/etc/nginx/large"), vec![b'x'; 200_000]).expect("writing");
    let result = server.try_take(&mut |_| ());
    let listing = server.store.list();
    assert!(
        matches!(&result, Err(BackupError::Io { source, .. }) if source.kind() == std::io::ErrorKind::StorageFull),
        "{result:?}"
    );
    let listing = listing.expect("lists");
    assert!(listing.backups.is_empty() && listing.partial.is_empty(), "{listing:?}");
}
