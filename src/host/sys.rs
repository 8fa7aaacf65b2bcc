//! System calls that no crate here wraps, or wraps by a symbol that glibc 2.17 lacks.
//!
//! Invariant: every function takes borrowed descriptors and C strings that live
//! across the call. No policy lives here.

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::Signal;
use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// How [`rename`] treats what stands at the new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onto {
    /// Both names stay, their files change places.
    Exchange,
    /// Refused with `EEXIST` when something is there.
    Nothing,
}

/// Whether the kernel does not know a call; or a filter that does not know it refuses it, as those of containers do:
/// many with `EPERM`. Where the caller itself may not, the older call that is tried instead is refused with the same.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::ENOSYS | Errno::EPERM))
}

/// Whether [`rename`] failed because there are no renames with flags: in the kernel (before 3.15), in its file system,
/// or in the network's.
pub(super) fn knows_no_flags(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    is_missing(error) || matches!(errno, Some(Errno::EINVAL | Errno::EOPNOTSUPP))
}

/// `renameat2` within one folder. Called by number: the symbol needs glibc 2.28.
pub(super) fn rename(folder: impl AsFd, old: &OsStr, new: &OsStr, onto: Onto) -> io::Result<()> {
    let (old, new) = (CString::new(old.as_bytes())?, CString::new(new.as_bytes())?);
    let folder = folder.as_fd().as_raw_fd();
    let flags = match onto {
        Onto::Exchange => libc::RENAME_EXCHANGE,
        Onto::Nothing => libc::RENAME_NOREPLACE,
    };
    // SAFETY: the descriptor is borrowed and both strings are NUL-terminated and outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_renameat2, folder, old.as_ptr(), folder, new.as_ptr(), flags) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// A descriptor for a process, which a reused pid does not fool. `ENOSYS` before Linux 5.3.
pub(super) fn pidfd_open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes two integers, touches no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(Errno::result(result)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just given us this descriptor; nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sends a signal through a descriptor from [`pidfd_open`]. `ENOSYS` before Linux 5.1.
pub(super) fn pidfd_send_signal(pidfd: impl AsFd, signal: Signal) -> io::Result<()> {
    let fd = pidfd.as_fd().as_raw_fd();
    let no_info: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: a null siginfo is allowed and means "as kill(2) would".
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal as i32, no_info, 0) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// Has the kernel judge every system call of this thread, and of all that it starts, by one more program. By `prctl`:
/// `seccomp(2)` itself is younger (3.17) and could no more for a process of one thread.
pub(super) fn filter_calls(program: &[libc::sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program during the call, and does not write to it.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// The inode flags that `lsattr` shows. `ENOTTY` or `EOPNOTSUPP` where the file system has none.
pub(super) fn inode_flags(file: impl AsFd) -> io::Result<libc::c_long> {
    nix::ioctl_read!(fs_ioc_getflags, b'f', 1, libc::c_long);
    let mut flags: libc::c_long = 0;
    // SAFETY: the kernel writes at most a long into `flags`, which outlives the call.
    unsafe { fs_ioc_getflags(file.as_fd().as_raw_fd(), &raw mut flags) }?;
    Ok(flags)
}
