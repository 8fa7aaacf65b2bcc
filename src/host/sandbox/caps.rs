//! Owns what a program inside may do. Invariant: it only ever lowers. Must not
//! allocate in the closure that it returns: that runs between fork and exec.

use super::spec::Capabilities;
use caps::{CapSet, Capability, CapsHashSet};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_no_new_privs;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Uid};
use std::fs;
use std::io;

/// What nginx needs to start and run: give temporary folders to its user,
/// become that user, listen below 1024, read keys, signal its workers.
const NGINX: [Capability; 7] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FOWNER,
    Capability::CAP_KILL,
    Capability::CAP_NET_BIND_SERVICE,
    Capability::CAP_SETGID,
    Capability::CAP_SETUID,
];

/// What it needs to test a configuration: it makes and gives away temporary
/// folders, binds every address and reads keys, and stops before its workers.
const TEST: [Capability; 4] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FOWNER,
    Capability::CAP_NET_BIND_SERVICE,
];

/// Who uid 0 is in a user namespace: not 0, so that nginx ignores `user`
/// instead of failing to chown, while root's files are still its own.
pub(super) const NOBODY: u32 = 65_534;

/// The last step before exec: lowers capabilities for good, forbids to gain
/// any, and leaves no core files. For `CommandExt::pre_exec`, also where the
/// process has threads: everything is looked up and allocated here, before.
pub fn drop_to(wanted: Capabilities) -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
    let held = caps::read(None, CapSet::Permitted).unwrap_or_default();
    let needed: &[Capability] = match wanted {
        Capabilities::Nginx => &NGINX,
        Capabilities::Test => &TEST,
        Capabilities::None => &[],
    };
    let kept: CapsHashSet = needed.iter().filter(|one| held.contains(one)).copied().collect();
    let gone: Vec<Capability> = caps::all().into_iter().filter(|one| !kept.contains(one)).collect();
    let (uid, gid) = (Uid::effective().as_raw(), Gid::effective().as_raw());
    let maps = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{NOBODY} {uid} 1")),
        ("/proc/self/gid_map", format!("{NOBODY} {gid} 1")),
    ];
    move || {
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        // Where user namespaces are switched off the job stays uid 0 without
        // capabilities: as harmless, but nginx may fail to chown its folders.
        if wanted == Capabilities::None && uid == 0 && unshare(CloneFlags::CLONE_NEWUSER).is_ok() {
            maps.iter().try_for_each(|(path, line)| fs::write(path, line))?;
        }
        lower(&gone, &kept)?;
        set_no_new_privs()?;
        Ok(())
    }
}

fn lower(gone: &[Capability], kept: &CapsHashSet) -> io::Result<()> {
    // Only who has it lowers the bounding set; who has not gains nothing from
    // that set either, with no_new_privs.
    if let Ok(true) = caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP) {
        for &one in gone {
            // A kernel older than our list does not have all of it.
            if let Ok(true) = caps::has_cap(None, CapSet::Bounding, one) {
                caps::drop(None, CapSet::Bounding, one).map_err(io::Error::other)?;
            }
        }
    }
    // Unknown before Linux 4.3, and then empty.
    let _unknown = caps::clear(None, CapSet::Ambient);
    caps::clear(None, CapSet::Inheritable).map_err(io::Error::other)?;
    caps::set(None, CapSet::Effective, kept).map_err(io::Error::other)?;
    caps::set(None, CapSet::Permitted, kept).map_err(io::Error::other)
}
