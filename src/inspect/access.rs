//! Whether NGINX's workers may read the new client's files.
//!
//! Invariant: what the permission bits do not settle (access control lists,
//! security modules) is not claimed.

use crate::host::Root;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The ids that a worker runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    uid: u32,
    groups: Vec<u32>,
}

/// Looks a user up in the root's own `/etc/passwd` and `/etc/group`.
pub fn account(root: &Root, user: &str) -> Option<Account> {
    let read = |path: &str| root.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let passwd = read("/etc/passwd")?;
    let fields: Vec<&str> = passwd
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| (fields.next() == Some(user)).then(|| fields.collect()))?;
    let (uid, gid) = (fields.get(1)?.parse().ok()?, fields.get(2)?.parse().ok()?);
    let mut groups = vec![gid];
    for line in read("/etc/group").unwrap_or_default().lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if let [_, _, id, members] = fields.as_slice()
            && members.split(',').any(|member| member == user)
        {
            groups.extend(id.parse::<u32>());
        }
    }
    Some(Account { uid, groups })
}

/// The first folder that the account cannot enter, or the file that it cannot
/// read; `None` when the bits allow all of it.
pub fn obstacle(root: &Root, file: &Path, account: &Account) -> Option<PathBuf> {
    if account.uid == 0 {
        return None;
    }
    let folders = file.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev();
    let blocked = |path: &Path, bit: u32| match root.metadata(path) {
        Ok(metadata) => !allows(&metadata, account, bit) && !has_list(root, path),
        Err(_) => false,
    };
    folders
        .filter(|folder| blocked(folder, 0o1))
        .map(Path::to_owned)
        .next()
        .or_else(|| blocked(file, 0o4).then(|| file.to_owned()))
}

fn allows(metadata: &std::fs::Metadata, account: &Account, bit: u32) -> bool {
    let shift = if metadata.uid() == account.uid {
        6
    } else if account.groups.contains(&metadata.gid()) {
        3
    } else {
        0
    };
    metadata.mode() >> shift & bit == bit
}

/// An access control list may allow what the bits do not show.
fn has_list(root: &Root, path: &Path) -> bool {
    let Ok(path) = root.resolve(path) else { return false };
    xattr::get(path, "system.posix_acl_access").is_ok_and(|list| list.is_some())
}
