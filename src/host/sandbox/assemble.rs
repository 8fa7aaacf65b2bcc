//! Owns the order in which a private root is built. Invariant: what must be
//! seen of the host is opened before anything is mounted over it, and the
//! host's own root is gone before the job starts.

use super::layers::{Layer, Layers};
use super::mounts;
use super::spec::{Capabilities, Identity, Layout, Mode, Network, Spec, Visibility};
use super::staging::{Gauge, Staging};
use super::{bind, lay, overlay, populate, special};
use crate::host::network::namespace;
use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot, pivot_root};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Where the host's root hangs while the private one is set up.
const HOST: &str = "/.motionctl-host";

/// A private root in which the calling process now lives.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) mode: Mode,
    pub(super) gauge: Gauge,
    staging: Staging,
    tree: Option<OwnedFd>,
    host: Old,
    /// What the private root was called while it was set up.
    target: PathBuf,
}

/// What became of the host's root.
#[derive(Debug, PartialEq, Eq)]
enum Old {
    /// Below the private root, at [`HOST`].
    Hanging,
    /// Under the private root, where no path leads.
    Covered,
}

/// Opens the `--root` tree, before anything can hide it; `None` for the live
/// server. An error is about this spec.
pub(super) fn open_tree(spec: &Spec) -> Result<Option<OwnedFd>> {
    (spec.root != Path::new("/")).then(|| mounts::name(&spec.root)).transpose()
}

/// Builds the bare copy of this server and moves into it. An error means that
/// this host allows no sandbox.
pub(super) fn build(
    spec: &Spec,
    tree: Option<OwnedFd>,
    identity: Identity,
    network: Network,
    mut notes: Vec<String>,
) -> Result<Built> {
    mounts::make_private()?;
    let root = mounts::name(Path::new("/"))?;
    let submounts = overlay::submounts()?;
    let staging = Staging::mount(identity, spec.disk)?;
    let target = staging.folder()?;

    let whole = match identity {
        Identity::Root => overlay::root(&staging, &root, &submounts, &target, spec.layers),
        Identity::UserNamespace => Err(anyhow::anyhow!("an ordinary user may not overlay `/`")),
    };
    let (layout, more) = match whole {
        Ok(more) => (Layout::Overlay, more),
        Err(cause) if spec.layers == Visibility::Shown => {
            return Err(cause.context("laying a private copy over the whole server"));
        }
        Err(cause) => {
            notes.push(format!("read-only copy with private folders: {cause:#}"));
            (Layout::Bind, bind::root(&staging, &target)?)
        }
    };
    notes.extend(more);
    notes.extend(special::set_up(&staging, &target)?);
    drop((root, submounts));
    let host = enter(&target, spec.layers, &mut notes)?;
    if network == Network::Private {
        configure_network(spec, identity, &mut notes)?;
    }
    special::lock_kernel_settings()?;
    let mode = Mode { layout, identity, network, notes };
    Ok(Built { mode, gauge: staging.gauge()?, staging, tree, host, target })
}

impl Built {
    /// Lays the tree and everything else of the spec, then lets go of the host.
    /// An error is about this spec.
    pub(super) fn set_up(self, spec: &Spec) -> Result<(Mode, Gauge, Layers)> {
        if let Some(tree) = &self.tree {
            lay::lay(&self.staging, tree, spec)
                .with_context(|| format!("laying `{}` over this host", spec.root.display()))?;
        }
        populate::populate(&self.staging, spec)?;
        if self.host == Old::Hanging {
            mounts::detach(Path::new(HOST))?;
            fs::remove_dir(HOST).with_context(|| format!("removing `{HOST}`"))?;
        }
        let layers = self.staging.take_layers().into_iter().map(|layer| layer.below(&self.target));
        let layers = Layers::new(self.staging.into_folder(), layers.collect::<Vec<Layer>>());
        Ok((self.mode, self.gauge, layers))
    }
}

/// Makes `target` the root of this process and of all it starts, so that no way leads back to the host's. Where
/// `pivot_root` is refused, by a filter of a container or because the root is the kernel's own (`rootfs`, which cannot
/// be put away), the private root is moved over the host's, as an initramfs does it. A bare `chroot` would do neither:
/// `..` leads out of it for whoever may `chroot`, and the kernel allows no user namespace there.
fn enter(target: &Path, layers: Visibility, notes: &mut Vec<String>) -> Result<Old> {
    let hung: PathBuf = target.join(HOST.trim_start_matches('/'));
    fs::create_dir(&hung).with_context(|| format!("creating `{}`", hung.display()))?;
    chdir(target).with_context(|| format!("entering `{}`", target.display()))?;
    let old = match pivot_root(".", &hung) {
        Ok(()) => Old::Hanging,
        // A program that nobody judged gets no root that only hides the host's.
        Err(cause) if layers == Visibility::Shown => {
            return Err(cause).context("putting the host's root away (pivot_root)");
        }
        Err(cause) => {
            notes.push(format!("the host's root is covered, not put away (pivot_root: {cause})"));
            fs::remove_dir(&hung).with_context(|| format!("removing `{}`", hung.display()))?;
            mounts::cover_root(Path::new(".")).with_context(|| format!("after pivot_root: {cause}"))?;
            chroot(".").context("changing the root")?;
            Old::Covered
        }
    };
    chdir("/").context("entering the private root")?;
    Ok(old)
}

/// On a private network every address is local, so that whatever a
/// configuration listens on can be listened on.
fn configure_network(spec: &Spec, identity: Identity, notes: &mut Vec<String>) -> Result<()> {
    namespace::loopback_up()?;
    if let Err(cause) = namespace::make_every_address_local() {
        notes.push(format!("only 127.0.0.0/8 is local: {cause:#}"));
    }
    // What gets layers to see runs in a user namespace of its own, later.
    let unprivileged = spec.capabilities == Capabilities::None || spec.layers == Visibility::Shown;
    if unprivileged || identity == Identity::UserNamespace {
        namespace::open_low_ports()?;
    }
    Ok(())
}
