//! Owns which system calls a program that nobody judged may not make. Invariant: what is refused is refused with an
//! error that programs know, not with death: a package's script tries much that it does not need. Must be compiled
//! before the fork and only applied after it.

use crate::host::sys;
use anyhow::{Context, Result, anyhow};
use nix::libc;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, TargetArch, sock_filter,
};
use std::collections::BTreeMap;

/// The first call that did not exist when this list was written. A newer kernel may know what we do not; programs
/// fall back where a call is not there. The numbers from here on are the same on every machine, and those of the
/// other calling convention of x86-64 (x32), which would go round the list, are above it, too.
const UNKNOWN: u32 = 463;

/// Refused with `EPERM`: other processes, the kernel, its clocks and keys, mounts, namespaces.
const FORBIDDEN: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_perf_event_open,
    libc::SYS_personality,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// As above, on one kind of machine only.
#[cfg(target_arch = "x86_64")]
const FORBIDDEN_HERE: &[libc::c_long] = &[
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_modify_ldt,
    libc::SYS__sysctl,
    libc::SYS_uselib,
    libc::SYS_ustat,
];
#[cfg(not(target_arch = "x86_64"))]
const FORBIDDEN_HERE: &[libc::c_long] = &[];

/// Said not to be there, with `ENOSYS`: programs then take the older call, which can be judged by its arguments
/// (`clone` for `clone3`), or do without.
const ABSENT: &[libc::c_long] = &[
    libc::SYS_clone3,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
];

/// Requests to a terminal that would type into it, or to its driver.
const TERMINAL: [u32; 3] = [0x5412, 0x541c, 0x5423];

/// The filters, ready to be applied.
#[derive(Debug)]
pub(super) struct Filters(Vec<BpfProgram>);

impl Filters {
    /// Writes them for this machine.
    pub(super) fn new() -> Result<Self> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)
            .map_err(|cause| anyhow!("no filter of system calls for this kind of machine: {cause}"))?;
        let forbidden = FORBIDDEN.iter().chain(FORBIDDEN_HERE).map(|&call| Ok((call, Vec::new())));
        let forbidden: Result<BTreeMap<_, _>> = forbidden.chain([clone(), ioctl()]).collect();
        let absent = ABSENT.iter().map(|&call| (call, Vec::new())).collect();
        let sockets = [libc::SYS_socket, libc::SYS_socketpair].map(|call| Ok((call, families()?)));
        let sockets: Result<BTreeMap<_, _>> = sockets.into_iter().collect();
        let programs = [(forbidden?, libc::EPERM), (absent, libc::ENOSYS), (sockets?, libc::EAFNOSUPPORT)];
        let programs = programs.into_iter().map(|(rules, errno)| compile(rules, errno, arch));
        let mut programs: Vec<BpfProgram> = programs.collect::<Result<_>>()?;
        programs.push(unknown_calls());
        Ok(Self(programs))
    }

    /// Binds this process, which has one thread, and all that it starts; for good. New privileges were given up before.
    pub(super) fn apply(&self) -> std::io::Result<()> {
        let step = |one: &sock_filter| libc::sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k };
        self.0.iter().try_for_each(|program| {
            let program: Vec<libc::sock_filter> = program.iter().map(step).collect();
            sys::filter_calls(&program)
        })
    }
}

fn compile(
    rules: BTreeMap<libc::c_long, Vec<SeccompRule>>,
    errno: i32,
    arch: TargetArch,
) -> Result<BpfProgram> {
    let refusal = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch);
    filter.and_then(TryInto::try_into).context("writing the filter of system calls")
}

/// `ld nr; jge UNKNOWN → refuse; allow`, which the crate's rules cannot say.
fn unknown_calls() -> BpfProgram {
    let step = |code: u32, jt, jf, k| sock_filter { code: u16::try_from(code).unwrap_or(0), jt, jf, k };
    let refuse = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    vec![
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, UNKNOWN),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, refuse),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

/// New processes, but no new namespaces: one rule for each flag, since any of them is too much.
fn clone() -> Result<(libc::c_long, Vec<SeccompRule>)> {
    let flags = [
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWUTS,
    ];
    let with = |flag: i32| {
        let flag = u64::from(flag.unsigned_abs());
        rule(vec![SeccompCondition::new(0, Dword, MaskedEq(flag), flag)?])
    };
    Ok((libc::SYS_clone, flags.map(with).into_iter().collect::<Result<_>>()?))
}

fn ioctl() -> Result<(libc::c_long, Vec<SeccompRule>)> {
    let asks = |request: u32| rule(vec![SeccompCondition::new(1, Dword, Eq, u64::from(request))?]);
    Ok((libc::SYS_ioctl, TERMINAL.map(asks).into_iter().collect::<Result<_>>()?))
}

/// Every family of sockets but three; and of the kernel's own (netlink) only the one that lists addresses, which the C
/// library wants.
fn families() -> Result<Vec<SeccompRule>> {
    let number = |value: i32| u64::from(value.unsigned_abs());
    let is_not = |family: i32| SeccompCondition::new(0, Dword, Ne, number(family));
    let known = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    let others: Result<Vec<_>, _> = known.into_iter().map(is_not).collect();
    let netlink = vec![
        SeccompCondition::new(0, Dword, Eq, number(libc::AF_NETLINK))?,
        SeccompCondition::new(2, Dword, Ne, number(libc::NETLINK_ROUTE))?,
    ];
    Ok(vec![rule(others?)?, rule(netlink)?])
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule> {
    SeccompRule::new(conditions).context("writing a rule for system calls")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_call_of_the_lists_is_beyond_the_known_ones_or_in_two_of_them() {
        let all: Vec<_> = [FORBIDDEN, FORBIDDEN_HERE, ABSENT].concat();
        assert!(all.iter().all(|&call| call < libc::c_long::from(UNKNOWN)));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn the_filters_compile_for_this_machine() {
        assert_eq!(Filters::new().unwrap().0.len(), 4);
    }
}
