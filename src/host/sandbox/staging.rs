//! Owns the one throw-away file system that every write inside goes to.
//! Invariant: nothing is created on a live file system, not even a mount
//! point; what is mounted over is only out of sight for us. Must not know
//! what the layers are for.

use super::layers::Layer;
use super::mounts;
use super::spec::Identity;
use anyhow::{Context, Result, bail};
use nix::mount::MsFlags;
use nix::sys::statvfs::fstatvfs;
use std::cell::{Cell, RefCell};
use std::fs::{self, DirBuilder, Metadata};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Folders that a Linux server has; the first real one is mounted over. What
/// it holds is not lost: layers and trees are opened before.
const PLACES: [&str; 8] = ["/mnt", "/media", "/srv", "/opt", "/tmp", "/var/tmp", "/home", "/usr"];

/// A runaway job fills this and gets ENOSPC, instead of the server's memory.
const SIZE: u64 = 1 << 30;

/// A tmpfs of this sandbox alone.
#[derive(Debug)]
pub(super) struct Staging {
    folder: OwnedFd,
    identity: Identity,
    names: Cell<u32>,
    layers: RefCell<Vec<Layer>>,
}

impl Staging {
    pub(super) fn mount(identity: Identity, size: Option<u64>) -> Result<Self> {
        let real = |place: &&&str| fs::symlink_metadata(place).is_ok_and(|found| found.is_dir());
        let Some(place) = PLACES.iter().find(real).map(Path::new) else {
            bail!("finding a folder to mount on: none of {PLACES:?} exists");
        };
        let options = format!("size={},mode=0755", size.unwrap_or(SIZE));
        mounts::new("tmpfs", place, MsFlags::MS_NOSUID | MsFlags::MS_NODEV, &options)?;
        let (names, layers) = (Cell::new(0), RefCell::new(Vec::new()));
        Ok(Self { folder: mounts::name(place)?, identity, names, layers })
    }

    /// An empty folder with the owner and mode of another one.
    pub(super) fn folder_like(&self, model: &Metadata) -> Result<PathBuf> {
        let folder = self.folder()?;
        self.dress(&folder, model)?;
        Ok(folder)
    }

    /// An empty folder.
    pub(super) fn folder(&self) -> Result<PathBuf> {
        let folder = self.next();
        DirBuilder::new()
            .mode(0o755)
            .create(&folder)
            .with_context(|| format!("creating `{}`", folder.display()))?;
        Ok(folder)
    }

    /// An empty file with the owner and mode of another one.
    pub(super) fn file_like(&self, model: &Metadata) -> Result<PathBuf> {
        let file = self.file(b"")?;
        self.dress(&file, model)?;
        Ok(file)
    }

    /// A file with these bytes.
    pub(super) fn file(&self, bytes: &[u8]) -> Result<PathBuf> {
        let file = self.next();
        fs::write(&file, bytes).with_context(|| format!("writing `{}`", file.display()))?;
        Ok(file)
    }

    /// Mounts the folder `lower` on `target` with a throw-away layer above it.
    pub(super) fn overlay(&self, lower: &OwnedFd, target: &Path) -> Result<()> {
        let opened = lower.try_clone().context("duplicating a descriptor")?;
        let lower = mounts::path_of(lower);
        let model = fs::metadata(&lower).with_context(|| format!("reading `{}`", lower.display()))?;
        // By descriptors: what is mounted meanwhile may hide the path of the lower folder, and never what was opened.
        // The merged folder shows the owner and mode of its upper half.
        let (upper, work) = (self.folder_like(&model)?, self.folder()?);
        let user = if self.identity == Identity::UserNamespace { ",userxattr" } else { "" };
        let data = format!(
            "lowerdir={},upperdir={},workdir={}{user}",
            lower.display(),
            upper.display(),
            work.display()
        );
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        // Some kernels keep the contents of a file whose owner alone changed, and the place of a folder that moved, in
        // attributes of the upper half. Whoever reads that half wants to find them there; older kernels do neither.
        mounts::new("overlay", target, flags, &format!("{data},redirect_dir=off,metacopy=off"))
            .or_else(|_| mounts::new("overlay", target, flags, &data))?;
        self.layers.borrow_mut().push(Layer::overlay(target, &upper, opened));
        Ok(())
    }

    /// Notes that a file or folder of this file system, filled already, is what is seen at `target`.
    pub(super) fn shown(&self, copy: &Path, target: &Path) {
        self.layers.borrow_mut().push(Layer::copy(target, copy));
    }

    /// What was laid over the machine so far.
    pub(super) fn take_layers(&self) -> Vec<Layer> {
        self.layers.take()
    }

    /// Gives owner and mode of `model` to `path`, as far as this sandbox may.
    pub(super) fn dress(&self, path: &Path, model: &Metadata) -> Result<()> {
        self.own(path, model.uid(), model.gid())?;
        let mode = model.permissions().mode() & 0o7777;
        // Read-only for its owner would be read-only for us: we are no root there.
        let needed = if self.identity == Identity::UserNamespace { 0o700 } else { 0 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode | (needed & directory_bits(path))))
            .with_context(|| format!("setting the mode of `{}`", path.display()))
    }

    /// Gives `path` away; in a user namespace there is nobody to give it to.
    pub(super) fn own(&self, path: &Path, uid: u32, gid: u32) -> Result<()> {
        if self.identity == Identity::UserNamespace {
            return Ok(());
        }
        chown(path, Some(uid), Some(gid))
            .with_context(|| format!("setting the owner of `{}`", path.display()))
    }

    /// Whether this is the caller alone in a user namespace.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// The descriptor through which all of it can be reached.
    pub(super) fn into_folder(self) -> OwnedFd {
        self.folder
    }

    /// Another name for the file system itself, to measure it at the end.
    pub(super) fn gauge(&self) -> Result<Gauge> {
        Ok(Gauge(self.folder.try_clone().context("duplicating a descriptor")?))
    }

    fn next(&self) -> PathBuf {
        self.names.set(self.names.get() + 1);
        mounts::path_of(&self.folder).join(self.names.get().to_string())
    }
}

fn directory_bits(path: &Path) -> u32 {
    if path.is_dir() { 0o700 } else { 0o600 }
}

/// Tells how much was written inside, after everything is over.
#[derive(Debug)]
pub(super) struct Gauge(OwnedFd);

impl Gauge {
    /// Bytes of memory that the throw-away layers take.
    pub(super) fn bytes(&self) -> Option<u64> {
        let found = fstatvfs(&self.0).ok()?;
        Some(found.blocks().saturating_sub(found.blocks_free()) * found.fragment_size())
    }
}
