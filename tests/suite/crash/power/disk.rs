//! File systems on images and on recorded disks, mounted where nobody but this thread sees them.
//!
//! Invariant: a loop device goes with its mount (autoclear), and a mount with the namespace of the thread that made
//! it: a test that is killed leaves neither behind on the machine.

use crate::support::mount::leave_the_machine_alone;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What lies on the disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    /// The smallest that its programs make, or a little more.
    pub fn size(self) -> u64 {
        match self {
            Self::Ext4 => 24 << 20,
            Self::Xfs => 304 << 20,
            Self::Btrfs => 128 << 20,
        }
    }

    /// Two images of one file system are mounted at a time, which XFS has to be told.
    fn option(self) -> &'static str {
        if self == Self::Xfs { ",nouuid" } else { "" }
    }

    /// How many images of one file system may be mounted at a time: Btrfs knows a file system by its id alone.
    pub fn at_a_time(self) -> usize {
        if self == Self::Btrfs { 1 } else { 3 }
    }

    fn program(self) -> Command {
        let mut program = Command::new(format!("mkfs.{}", self.name()));
        match self {
            // All of it now: nothing is to be made in the background later.
            Self::Ext4 => program
                .args(["-q", "-F", "-b", "4096", "-J", "size=4", "-E"])
                .arg("lazy_itable_init=0,lazy_journal_init=0,nodiscard"),
            Self::Xfs => program.args(["-q", "-f", "-K"]),
            Self::Btrfs => program.args(["-q", "-f", "-K", "-m", "single"]),
        };
        program
    }

    /// Makes one in a file of this size.
    pub fn make(self, image: &Path, size: u64) -> Result<(), String> {
        let made = File::create(image).and_then(|file| file.set_len(size));
        made.map_err(|error| error.to_string())?;
        let output =
            self.program().arg(image).output().map_err(|error| format!("mkfs.{}: {error}", self.name()))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

/// A mounted image; unmounted when it is dropped.
pub struct Mounted(PathBuf);

impl Mounted {
    /// Mounts an image on a folder, by way of a loop device.
    pub fn new(kind: Kind, image: &Path, folder: &Path, options: &str) -> Result<Self, String> {
        let output = Command::new("mount")
            .args(["-n", "-t", kind.name(), "-o"])
            .arg(format!("loop,noatime{options}{}", kind.option()))
            .args([image, folder])
            .output()
            .map_err(|error| format!("mount: {error}"))?;
        if output.status.success() {
            return Ok(Self(folder.to_owned()));
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Changes how it is mounted.
    pub fn remount(&self, flags: MsFlags) -> io::Result<()> {
        Ok(mount(None::<&str>, &self.0, None::<&str>, MsFlags::MS_REMOUNT | flags, None::<&str>)?)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A sandbox that was killed may still be going away.
        for _ in 0..200 {
            match umount2(&self.0, MntFlags::empty()) {
                Err(nix::errno::Errno::EBUSY) => std::thread::sleep(std::time::Duration::from_millis(20)),
                other => return other.expect("unmounting"),
            }
        }
        umount2(&self.0, MntFlags::MNT_DETACH).expect("unmounting");
    }
}

/// Why nothing can be recorded here, if it cannot.
pub fn missing(kind: Kind) -> Option<String> {
    if let Err(error) = File::options().read(true).write(true).open("/dev/fuse") {
        return Some(format!("/dev/fuse: {error}"));
    }
    if let Err(error) = File::options().read(true).write(true).open("/dev/loop-control") {
        return Some(format!("/dev/loop-control: {error}"));
    }
    let folder = memory();
    let (image, here) = (folder.path().join("image"), folder.path().join("here"));
    fs::create_dir(&here).expect("a folder");
    leave_the_machine_alone();
    kind.make(&image, kind.size()).and_then(|()| Mounted::new(kind, &image, &here, "")).err()
}

/// A folder in memory, where there is one: nothing is gained by writing the images to the machine's disk.
pub fn memory() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("motionctl-power-");
    builder.tempdir_in(shared).or_else(|_| builder.tempdir()).expect("a folder")
}
