//! A folder of the operator's that is filled with plain files.
//!
//! Invariant: only a folder that was made for it, or was empty, is filled. Nothing in it is written over, no link in it
//! leads out, and whoever could plant a link on the way to it does not choose it.

use super::attributes::{give, give_to_link, of, of_entry};
use super::walk::Last;
use super::{Destination, Misplaced};
use crate::host::root::Root;
use crate::host::system::machine;
use crate::values::{Attributes, LinkText, RootPath, Xattrs};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, mkdirat};
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The folder, which is `/` to what is written into it.
#[derive(Debug)]
pub struct PlainTree {
    root: Root,
}

/// Why a folder is not filled.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// Its place cannot be had.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// Something is there already.
    #[error("something is there already: only a folder that is made for it, or is empty, is filled")]
    Occupied,
}

impl PlainTree {
    /// Makes the folder for its owner alone, or takes an empty one as it is.
    ///
    /// # Errors
    /// Why it is not filled.
    pub fn begin(dir: &Path) -> Result<Self, NoPlace> {
        let place = Destination::find(dir)?;
        let folder = place.file();
        let there = fs::symlink_metadata(&folder);
        match there {
            Ok(there) if !there.is_dir() => return Err(NoPlace::Occupied),
            Ok(_) if fs::read_dir(&folder).map_err(Misplaced::from)?.next().is_some() => {
                return Err(NoPlace::Occupied);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().mode(0o700).create(&folder).map_err(Misplaced::from)?;
            }
            Err(error) => return Err(Misplaced::from(error).into()),
        }
        Ok(Self { root: Root::at(&folder).map_err(Misplaced::from)? })
    }

    /// Whether owners are kept: only root may give files to others.
    #[must_use]
    pub fn keeps_owners(&self) -> bool {
        machine::is_superuser()
    }

    /// Makes a folder, and those above it, for its owner alone until [`PlainTree::settle`].
    ///
    /// # Errors
    /// What the kernel says.
    pub fn folder(&self, path: &RootPath) -> io::Result<()> {
        if let Some(above) = path.parent().filter(|above| above.parent().is_some()) {
            self.folder(&above)?;
        }
        let landing = self.root.walk(path, Last::Keep)?;
        match mkdirat(&landing.folder, landing.name.as_os_str(), Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Writes a file into a folder that is there.
    ///
    /// # Errors
    /// What the kernel says; where a file stands already.
    pub fn file(&self, path: &RootPath, bytes: &[u8], attributes: &Attributes) -> io::Result<()> {
        let landing = self.root.walk(path, Last::Keep)?;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
        let mut file = landing.folder.open(&landing.name, flags)?;
        file.write_all(bytes)?;
        give(&self.given(attributes, of(&file)?), &file)
    }

    /// Makes a link in a folder that is there; where it leads does not matter.
    ///
    /// # Errors
    /// What the kernel says; where something stands already.
    pub fn link(&self, path: &RootPath, target: &LinkText, attributes: &Attributes) -> io::Result<()> {
        let landing = self.root.walk(path, Last::Keep)?;
        nix::unistd::symlinkat(target.as_os_str(), &landing.folder, landing.name.as_os_str())?;
        let own = of_entry(&landing.folder, &landing.name)?;
        give_to_link(&self.given(attributes, own), &landing.folder, &landing.name)
    }

    /// Gives a folder its attributes, once everything is in it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn settle(&self, path: &RootPath, attributes: &Attributes) -> io::Result<()> {
        let landing = self.root.walk(path, Last::Keep)?;
        let folder = landing.folder.open(&landing.name, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?;
        give(&self.given(attributes, of(&folder)?), &folder)
    }

    /// What this user may give of it.
    fn given(&self, attributes: &Attributes, own: Attributes) -> Attributes {
        if self.keeps_owners() {
            return attributes.clone();
        }
        let is_a_users = |name: &[u8]| name.starts_with(b"user.");
        let xattrs = attributes.xattrs.0.iter().filter(|(name, _)| is_a_users(name));
        let xattrs = Xattrs(xattrs.map(|(name, value)| (name.clone(), value.clone())).collect());
        Attributes { mode: attributes.mode, mtime: attributes.mtime, xattrs, ..own }
    }
}
