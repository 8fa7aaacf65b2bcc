//! Kernels that are older than this one, and containers whose filter knows less than it: a command is started with
//! some system calls refused, and so is all that it starts.
//!
//! Invariant: only the command and its children are bound. What a kernel does besides refusing calls is not imitated.

use motionctl::host::sandbox::Launcher;
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A version of Linux.
type Version = (u32, u32);

/// Kernels of servers that are still there: CentOS 7 and its like, Ubuntu 16.04, Debian 9, Debian 10.
pub const KERNELS: [Version; 4] = [(3, 10), (4, 4), (4, 9), (4, 19)];

/// Calls that came after 3.10, but for `getrandom` (3.17): the NGINX of this machine does not start without, on no
/// kernel, since its OpenSSL asks nobody else. CentOS 7's own does not ask for it.
const NEWER: &[(Version, &[libc::c_long])] = &[
    ((3, 14), &[libc::SYS_sched_getattr, libc::SYS_sched_setattr]),
    ((3, 15), &[libc::SYS_renameat2]),
    ((3, 17), &[libc::SYS_kexec_file_load, libc::SYS_memfd_create, libc::SYS_seccomp]),
    ((3, 18), &[libc::SYS_bpf]),
    ((3, 19), &[libc::SYS_execveat]),
    ((4, 3), &[libc::SYS_membarrier, libc::SYS_userfaultfd]),
    ((4, 4), &[libc::SYS_mlock2]),
    ((4, 5), &[libc::SYS_copy_file_range]),
    ((4, 6), &[libc::SYS_preadv2, libc::SYS_pwritev2]),
    ((4, 9), &[libc::SYS_pkey_alloc, libc::SYS_pkey_free, libc::SYS_pkey_mprotect]),
    ((4, 11), &[libc::SYS_statx]),
    ((4, 18), &[libc::SYS_rseq]),
];

/// The calls of 5.1 and later have the same numbers on every kind of machine, from this one on. The last is far above
/// what any kernel knows.
const SINCE_5_1: std::ops::Range<libc::c_long> = 424..512;

/// The newest calls that the filter of a container's engine of 2017 did not know, without `clone3`: there this
/// machine's own C library starts no threads any more.
pub const UNKNOWN_TO_OLD_ENGINES: &[libc::c_long] = &[
    libc::SYS_close_range,
    libc::SYS_copy_file_range,
    libc::SYS_faccessat2,
    libc::SYS_openat2,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_renameat2,
    libc::SYS_statx,
];

/// What is refused, and how.
pub struct Refusal(Vec<BpfProgram>);

impl Refusal {
    /// Of a kernel: every call that is newer.
    pub fn of_kernel(version: Version) -> Self {
        let newer = NEWER.iter().filter(|(since, _)| *since > version).flat_map(|(_, calls)| *calls).copied();
        Self::of(newer.chain(SINCE_5_1), libc::ENOSYS)
    }

    /// Of these calls, with this error.
    pub fn of(calls: impl IntoIterator<Item = libc::c_long>, errno: i32) -> Self {
        Self::compiled(calls.into_iter().map(|call| (call, Vec::new())).collect(), errno)
    }

    /// Of one call, where an argument, counted from 0, has one of these bits.
    pub fn of_bits(call: libc::c_long, argument: u8, bits: i32, errno: i32) -> Self {
        let bits = u64::from(bits.unsigned_abs());
        Self::of_argument(call, argument, SeccompCmpOp::MaskedEq(bits), bits, errno)
    }

    /// Of one call, where an argument, counted from 0, is this.
    pub fn of_value(call: libc::c_long, argument: u8, value: i32, errno: i32) -> Self {
        Self::of_argument(call, argument, SeccompCmpOp::Eq, u64::from(value.unsigned_abs()), errno)
    }

    fn of_argument(call: libc::c_long, argument: u8, how: SeccompCmpOp, value: u64, errno: i32) -> Self {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value);
        let rule = SeccompRule::new(vec![condition.expect("a condition")]).expect("a rule");
        Self::compiled(BTreeMap::from([(call, vec![rule])]), errno)
    }

    /// This and the other.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn compiled(rules: BTreeMap<libc::c_long, Vec<SeccompRule>>, errno: i32) -> Self {
        let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a machine that can filter");
        let refusal = SeccompAction::Errno(errno.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch).expect("a filter");
        Self(vec![filter.try_into().expect("a program")])
    }

    /// Binds a command that is not started yet.
    #[expect(
        unsafe_code,
        reason = "a filter is applied between fork and exec, as by an engine of containers"
    )]
    pub fn bind(&self, command: &mut Command) {
        let programs = self.0.clone();
        let apply = move || {
            let mut all = programs.iter();
            all.try_for_each(|program| apply_filter(program)).map_err(|_| std::io::Error::last_os_error())
        };
        // SAFETY: a few system calls on what was made before the fork.
        unsafe { command.pre_exec(apply) };
    }
}

/// The sandbox whose child finds some calls refused by `strace`, which can look at a path: `-P` and what follows.
pub fn launcher_traced(folder: &std::path::Path, options: &str) -> Launcher {
    super::site::launcher_through(
        folder,
        &format!("exec strace --daemonize=grandchild -f -qq -o /dev/null {options} -- \"$CHILD\" \"$@\""),
    )
}
