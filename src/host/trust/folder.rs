//! Who may put names into a folder, asked of folders that links lie in.
//!
//! Invariant: by the one rule of this room, access lists and members of groups included; what cannot be read is
//! distrusted. The folder's owner is no concern here.

use super::executable::list_of;
use super::rule::{Judge, Traits};
use crate::host::system::accounts::Accounts;
use nix::libc;
use nix::sys::stat::FileStat;
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;

/// Whether somebody besides its owner and these users may write this folder.
pub(in crate::host) fn others_write(trusted: &[u32], stat: &FileStat, folder: &impl AsFd) -> bool {
    // Most folders: neither accounts nor lists have to be read. With a list, the group's bits are its mask.
    if stat.st_mode & (libc::S_IWGRP | libc::S_IWOTH) == 0 {
        return false;
    }
    let judge = Judge { trusted: trusted.to_vec(), accounts: Accounts::of_this_machine() };
    let real = PathBuf::from(format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd()));
    let (uid, gid, mode) = (stat.st_uid, stat.st_gid, stat.st_mode & 0o7777);
    judge.objection_to_writers(&Traits { uid, gid, mode, acl: list_of(&real) }).is_some()
}
