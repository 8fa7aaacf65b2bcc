//! Storage that several servers can reach: DRBD, NFS, GlusterFS, Ceph.
//!
//! Invariant: what counts is what the application and the database lie on; a
//! network share mounted elsewhere, or below them for recordings, is no sign.

use super::database::data_folder;
use super::view::{Seen, View};
use crate::host::mounts::covering;
use crate::inspect::search::APPLICATION_ROOT;
use nginx_config::Address;
use std::path::{Path, PathBuf};

/// File systems that another server can mount at the same time.
const SHARED: [&str; 14] = [
    "nfs", "nfs4", "glusterfs", "fuse.glusterfs", "ceph", "fuse.ceph", "fuse.ceph-fuse", "ocfs2", "gfs2",
    "lustre", "cifs", "smb3", "beegfs", "fuse.mfs",
];

/// DRBD, and what the application and the database lie on.
pub fn shared(view: &View) -> Seen {
    let mut seen = Seen::default();
    for resource in super::files::listing(view.root, "/etc/drbd.d", ".res") {
        seen.found(format!("DRBD resource {}", resource.display()));
    }
    if view.is_live() && view.root.metadata("/proc/drbd").is_ok() {
        seen.found("/proc/drbd: the kernel has DRBD loaded");
    }
    let mounts = seen.take(&view.mounts);
    for (what, folder) in places(view) {
        // The mount that counts is the target's, when the folder is a link.
        let folder = view.root.resolve_link_target(&folder).map_or(folder, |path| path.as_path().to_owned());
        if let Some(mount) = mounts.and_then(|mounts| covering(mounts, &folder))
            && is_shared(&mount.fs_type, &mount.source)
        {
            let (at, kind, source) = (mount.path.display(), &mount.fs_type, without_login(&mount.source));
            seen.found(format!("{what} {} is on {at}: {kind} from {source}", folder.display()));
        }
        if view.is_live() {
            continue;
        }
        let above = view.listed_mounts.iter().filter(|mount| folder.starts_with(&mount.path));
        let nearest = above.max_by_key(|mount| mount.path.components().count());
        if let Some(mount) = nearest.filter(|mount| is_shared(&mount.fs_type, &mount.source)) {
            let (at, kind, source) = (mount.path.display(), &mount.fs_type, without_login(&mount.source));
            let origin = mount.origin.display();
            seen.found(format!("{what} {} is on {at}: {kind} from {source} ({origin})", folder.display()));
        }
    }
    seen
}

fn places(view: &View) -> [(&'static str, PathBuf); 2] {
    let application =
        view.facts.motion.root.clone().unwrap_or_else(|| Path::new(APPLICATION_ROOT).to_owned());
    [("the application", application), ("the database", data_folder(view))]
}

/// What is mounted, without user and password: `//user:password@nas/share`, `user@nas:/export`,
/// `sshfs#user@nas:/export`.
fn without_login(source: &str) -> String {
    let is_name =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    // `host:/path`, where the path may have an `@`; and a device.
    let is_export =
        source.split_once(":/").is_some_and(|(host, path)| is_name(host) && !path.starts_with('/'));
    if is_export || source.starts_with('/') && !source.starts_with("//") {
        return source.to_owned();
    }
    let (program, rest) = match source.split_once('#') {
        Some((program, rest)) if is_name(program) => (&source[..=program.len()], rest),
        _ => ("", source),
    };
    let (slashes, rest) = rest.strip_prefix("//").map_or(("", rest), |rest| ("//", rest));
    format!("{program}{slashes}{}", Address::of(rest).without_login())
}

fn is_shared(fs_type: &str, source: &str) -> bool {
    SHARED.contains(&fs_type) || source.starts_with("/dev/drbd")
}
