//! A command on recorded disks, and what the disks may hold after a power cut at any moment of it.
//!
//! Invariant: what was flushed is there; of the rest any part may be.

use super::disk::{Kind, Mounted, memory};
use super::recorder::{Event, Pages, Recorder};
use crate::support::binary::copy_tree;
use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// How the tree lies on the disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// All of it on one.
    One,
    /// `/var` on a disk of its own.
    Var,
    /// The same, and it is full.
    VarFull,
    /// The same, mounted for reading alone.
    VarReadOnly,
}

impl Layout {
    pub fn disks(self) -> usize {
        if self == Self::One { 1 } else { 2 }
    }
}

/// Which of the writes that were not flushed are there after the cut, by their numbers.
pub type Left = BTreeSet<usize>;

/// What was asked of the disks during a command.
pub struct Recording {
    kind: Kind,
    disks: Vec<(u64, Pages)>,
    events: Vec<Event>,
    during: Range<usize>,
    /// What the command left behind.
    pub output: Output,
}

/// A place for the images of one thread.
pub struct Bench {
    folder: tempfile::TempDir,
    images: Vec<PathBuf>,
}

/// A tree on its disks; the inner one goes first.
pub struct Tree {
    _disks: Vec<Mounted>,
    path: PathBuf,
}

impl Tree {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Bench {
    pub fn new(disks: usize) -> Self {
        let folder = memory();
        fs::create_dir(folder.path().join("disk")).expect("a folder");
        let images = (0..disks).map(|disk| folder.path().join(format!("image-{disk}"))).collect();
        Self { folder, images }
    }

    fn mount(&self, kind: Kind, images: &[PathBuf]) -> Result<Tree, String> {
        let disk = self.folder.path().join("disk");
        let path = disk.join("tree");
        let mut disks = vec![Mounted::new(kind, &images[0], &disk, "")?];
        if let Some(var) = images.get(1) {
            disks.insert(0, Mounted::new(kind, var, &path.join("var"), "")?);
        }
        Ok(Tree { _disks: disks, path })
    }
}

impl Recording {
    /// What is asked of the disks on which a copy of a tree lies while a command is run on it.
    pub fn of(kind: Kind, layout: Layout, start: &Path, command: &dyn Fn(&Path) -> Output) -> Self {
        let bench = Bench::new(layout.disks());
        for image in &bench.images {
            kind.make(image, kind.size()).expect("a file system");
        }
        let recorder = Recorder::new(&bench.images).expect("a FUSE mount");
        let files: Vec<_> = (0..layout.disks()).map(|disk| recorder.file(disk)).collect();
        fill(&bench, kind, layout, &files, start);
        let disks = recorder.begin();
        let tree = bench.mount(kind, &files).expect("mounting");
        if layout == Layout::VarReadOnly {
            tree._disks[0].remount(nix::mount::MsFlags::MS_RDONLY).expect("remounting");
        }
        let from = recorder.now();
        let output = command(tree.path());
        let to = recorder.now();
        drop(tree);
        Self { kind, disks, events: recorder.events(), during: from..to, output }
    }

    /// The moments of a cut: before each flush, and after the command.
    pub fn moments(&self) -> Vec<usize> {
        let is_flush = |at: &usize| matches!(self.events[*at], Event::Flush { .. });
        self.during.clone().filter(is_flush).chain([self.during.end]).collect()
    }

    /// Whether the command was over then.
    pub fn is_over(&self, moment: usize) -> bool {
        moment == self.during.end
    }

    /// What may be left of the unsynced writes: all, none, and so many parts; each once.
    pub fn left(&self, moment: usize, drawn: u64, seed: u64) -> BTreeSet<Left> {
        let unsynced: Left = (0..self.disks.len()).flat_map(|disk| self.unsynced(disk, moment)).collect();
        let part = |part: u64| {
            let seed = mixed(seed ^ mixed(moment as u64) ^ part);
            unsynced.iter().copied().filter(|write| mixed(seed ^ *write as u64).is_multiple_of(2)).collect()
        };
        let parts = (0..drawn).map(part);
        parts.chain([unsynced.clone(), Left::new()]).collect()
    }

    /// The writes to a disk that were not flushed at this moment.
    fn unsynced(&self, wanted: usize, moment: usize) -> impl Iterator<Item = usize> {
        let before = &self.events[..moment];
        let is_its_flush = |event: &Event| matches!(event, Event::Flush { disk } if *disk == wanted);
        let durable = before.iter().rposition(is_its_flush).unwrap_or(0);
        (durable..moment)
            .filter(move |at| matches!(self.events[*at], Event::Write { disk, .. } if disk == wanted))
    }

    /// Puts on the bench what the disks hold after a cut, and mounts it: its file system recovers itself.
    pub fn mount(&self, bench: &Bench, moment: usize, left: &Left) -> Result<Tree, String> {
        for (wanted, (size, pages)) in self.disks.iter().enumerate() {
            let (mut pages, unsynced) = (pages.clone(), self.unsynced(wanted, moment).collect::<Left>());
            for (at, event) in self.events[..moment].iter().enumerate() {
                match event {
                    Event::Write { disk, offset, bytes }
                        if *disk == wanted && (left.contains(&at) || !unsynced.contains(&at)) =>
                    {
                        pages.write(*offset, bytes);
                    }
                    Event::Write { .. } | Event::Flush { .. } => {}
                }
            }
            pages.save(&bench.images[wanted], *size).map_err(|error| error.to_string())?;
        }
        bench.mount(self.kind, &bench.images)
    }
}

/// The tree on its disks, and what is full of it.
fn fill(bench: &Bench, kind: Kind, layout: Layout, files: &[PathBuf], start: &Path) {
    let disk = bench.folder.path().join("disk");
    {
        let _first = Mounted::new(kind, &files[0], &disk, "").expect("mounting");
        fs::create_dir_all(disk.join("tree/var")).expect("folders");
    }
    let tree = bench.mount(kind, files).expect("mounting");
    if layout != Layout::One {
        // Of the file system's own; nothing of ours is to be seen beside the tree.
        drop(fs::remove_dir(tree.path().join("var/lost+found")));
    }
    copy_tree(start, tree.path());
    if layout == Layout::VarFull {
        let books = tree.path().join("var/backups");
        fs::create_dir_all(&books).expect("a folder");
        let full = Command::new("dd")
            .args(["if=/dev/zero", "bs=4k", "status=none"])
            .arg(format!("of={}/full", books.display()))
            .output();
        assert!(!full.expect("dd is installed").status.success(), "it is not full");
    }
}

/// A number that follows from this one and looks like none (splitmix64).
pub fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
