//! Owns laying a `--root` tree over the private copy of this host. Invariant:
//! links of the tree lead where they lead inside, the tree is only read, and
//! folders that the tree alone has are shown, not copied. Must not take
//! programs or libraries from the tree: nginx is this host's.

use super::copy::LARGE;
use super::spec::{Capabilities, Spec};
use super::staging::Staging;
use super::{copy, mounts, put, writable};
use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid};
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

/// Never from the tree: views of the kernel, and what the C library reads to
/// find libraries and names; foreign answers would break this host's nginx.
const HOSTS: [&str; 10] = [
    "/boot", "/dev", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload",
    "/etc/nsswitch.conf", "/etc/resolv.conf", "/proc", "/sys",
];

/// Programs and libraries: of these the tree adds only folders that the host
/// lacks, and nginx's own (modules).
const PROGRAMS: [&str; 14] = [
    "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr/bin", "/usr/include", "/usr/lib",
    "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/libx32", "/usr/sbin",
];

/// Lays the tree whose folder is open as `tree`.
pub(super) fn lay(staging: &Staging, tree: &OwnedFd, spec: &Spec) -> Result<()> {
    let base = mounts::path_of(tree);
    let lay = Lay { staging, base: &base, replaced: spec.replaced.iter().collect() };
    lay.walk()?;
    for folder in &lay.replaced {
        let whole = lay.replace(folder).with_context(|| format!("replacing `{}`", folder.display()))?;
        if spec.capabilities == Capabilities::None {
            make_readable(&whole)?;
        }
    }
    Ok(())
}

struct Lay<'a> {
    staging: &'a Staging,
    base: &'a Path,
    replaced: BTreeSet<&'a PathBuf>,
}

impl Lay<'_> {
    /// Descends wherever the host has the same folder.
    fn walk(&self) -> Result<()> {
        let mut folders = vec![PathBuf::from("/")];
        while let Some(folder) = folders.pop() {
            let source = self.source(&folder);
            let list = match fs::read_dir(&source) {
                // nginx, run by the same user, could not read it either.
                Err(cause) if cause.kind() == ErrorKind::PermissionDenied => continue,
                list => list.with_context(|| format!("reading `{}`", folder.display()))?,
            };
            for entry in list {
                let entry = entry.with_context(|| format!("reading `{}`", folder.display()))?;
                let path = folder.join(entry.file_name());
                if HOSTS.iter().any(|host| path == Path::new(host)) {
                    continue;
                }
                let found = entry.metadata().with_context(|| format!("reading `{}`", path.display()))?;
                if self.entry(&path, &found).with_context(|| format!("laying `{}`", path.display()))?
                    == Next::Descend
                {
                    folders.push(path);
                }
            }
        }
        Ok(())
    }

    fn entry(&self, path: &Path, found: &Metadata) -> Result<Next> {
        if found.is_dir() {
            return self.folder(path);
        }
        let programs = path.parent().is_some_and(is_programs);
        if programs || is_programs(path) {
            return Ok(Next::Done);
        }
        if found.is_symlink() {
            self.link(path, found)?;
        } else if found.is_file() {
            self.file(path, found)?;
        }
        Ok(Next::Done)
    }

    fn folder(&self, path: &Path) -> Result<Next> {
        if self.replaced.contains(&path.to_path_buf()) {
            return Ok(Next::Done);
        }
        if path.is_dir() {
            let foreign =
                path.parent().is_some_and(is_programs) && path.file_name() != Some("nginx".as_ref());
            return Ok(if foreign { Next::Done } else { Next::Descend });
        }
        self.graft(path, path)?;
        Ok(Next::Done)
    }

    fn link(&self, path: &Path, found: &Metadata) -> Result<()> {
        let source = self.source(path);
        if fs::read_link(path).ok() == fs::read_link(&source).ok() {
            return Ok(());
        }
        let path = self.clear(path)?;
        copy::link(self.staging, &source, &path, found)
    }

    fn file(&self, path: &Path, found: &Metadata) -> Result<()> {
        let (source, path) = (self.source(path), self.clear(path)?);
        if found.len() <= LARGE && copy::regular(self.staging, &source, &path, found).is_ok() {
            return Ok(());
        }
        // A bind needs no right to read, so what is unreadable stays just that.
        fs::write(&path, b"").context("creating a mount point")?;
        mounts::bind_read_only(&source, &path)
    }

    /// Makes `folder` exactly the tree's. A link on the way leads where it
    /// leads inside; what the tree lacks is empty, not the host's.
    fn replace(&self, folder: &Path) -> Result<PathBuf> {
        let real = writable::resolve(folder)?;
        if writable::is_kernels(&real) || is_programs(&real) || real == Path::new("/") {
            bail!("this folder is always the host's");
        }
        self.graft(&real, &real)?;
        Ok(real)
    }

    /// Shows the tree's folder at `path`, with a throw-away layer above it.
    fn graft(&self, inside: &Path, path: &Path) -> Result<()> {
        let Some((parent, name)) = path.parent().zip(path.file_name()) else { bail!("it names no folder") };
        let path = &writable::folder(self.staging, parent)?.join(name);
        if !path.is_dir() {
            put::remove(self.staging, path)?;
            fs::create_dir(path).context("creating a mount point")?;
        }
        let source = self.source(inside);
        if !fs::symlink_metadata(&source).is_ok_and(|found| found.is_dir()) {
            return mounts::bind(&self.staging.folder()?, path);
        }
        if self.staging.overlay(&mounts::name(&source)?, path).is_ok() {
            return Ok(());
        }
        let private = self.staging.folder_like(&fs::metadata(&source)?)?;
        let rest = copy::folder(self.staging, &source, &private)?;
        mounts::bind(&private, path)?;
        rest.show(path)
    }

    /// Removes what the host has at `path`; its folder can then be written.
    fn clear(&self, path: &Path) -> Result<PathBuf> {
        let Some((parent, name)) = path.parent().zip(path.file_name()) else { bail!("it names no file") };
        let path = writable::folder(self.staging, parent)?.join(name);
        put::remove(self.staging, &path)?;
        Ok(path)
    }

    fn source(&self, path: &Path) -> PathBuf {
        self.base.join(path.strip_prefix("/").unwrap_or(path))
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Descend,
    Done,
}

fn is_programs(path: &Path) -> bool {
    PROGRAMS.iter().any(|folder| path == Path::new(folder))
}

/// A job without capabilities reads what its uid may: private keys of a tree
/// that another user owns are given to it, in the throw-away layer.
fn make_readable(folder: &Path) -> Result<()> {
    let (uid, gid) = (Uid::effective().as_raw(), Gid::effective().as_raw());
    for entry in walkdir::WalkDir::new(folder).follow_links(false).into_iter().flatten() {
        let Ok(found) = entry.metadata() else { continue };
        let others = if found.is_dir() { 0o005 } else { 0o004 };
        let open = found.permissions().mode() & others == others;
        if !found.is_symlink() && !open && found.uid() != uid {
            lchown(entry.path(), Some(uid), Some(gid))
                .with_context(|| format!("making `{}` readable", entry.path().display()))?;
        }
    }
    Ok(())
}
