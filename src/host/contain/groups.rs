//! Owns control groups for one program: how many processes, how much memory. Invariant: a group of ours is empty and
//! removed when its value is dropped; nobody else's is touched.

use crate::host::system::random;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Where the kernel's groups are mounted, and what ours are called.
const PLACE: &str = "/sys/fs/cgroup";
const NAME: &str = "motionctl-try-";
/// A group that nobody has joined by then was left.
const STALE: Duration = Duration::from_secs(600);
/// So that what counts and kills has room, too.
const ROOM: u64 = 16;

/// Groups that everything inside joins.
#[derive(Debug)]
pub struct Groups {
    folders: Vec<PathBuf>,
}

impl Groups {
    /// Makes them, where the kernel and the machine's owner have the controllers.
    ///
    /// # Errors
    /// When there are none: limits are then kept in other ways.
    pub fn make(processes: u64, memory: u64) -> io::Result<Self> {
        let place = Path::new(PLACE);
        // Not the process's number: a container may have the same.
        let name = format!("{NAME}{}", random::suffix()?);
        let processes = (processes + ROOM).to_string();
        if place.join("cgroup.controllers").exists() {
            sweep(place);
            let enabled = fs::read_to_string(place.join("cgroup.subtree_control"))?;
            if !["pids", "memory"].iter().all(|wanted| enabled.split_whitespace().any(|one| one == *wanted)) {
                return Err(io::Error::other("groups below the first have no controllers for them"));
            }
            let groups = Self::at([place.join(&name)])?;
            groups.set("pids.max", &processes)?;
            groups.set("memory.max", &memory.to_string())?;
            // A machine without swap has no such file.
            let _none = groups.set("memory.swap.max", "0");
            return Ok(groups);
        }
        let [pids, bytes] = ["pids", "memory"].map(|controller| place.join(controller));
        sweep(&pids);
        sweep(&bytes);
        let groups = Self::at([pids.join(&name), bytes.join(&name)])?;
        groups.set("pids.max", &processes)?;
        groups.set("memory.limit_in_bytes", &memory.to_string())?;
        Ok(groups)
    }

    fn at(wanted: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let mut groups = Self { folders: Vec::new() };
        for folder in wanted {
            if !folder.parent().is_some_and(|above| above.join("cgroup.procs").exists()) {
                return Err(io::Error::other("there is no such controller"));
            }
            fs::create_dir(&folder)?;
            groups.folders.push(folder);
        }
        Ok(groups)
    }

    fn set(&self, name: &str, value: &str) -> io::Result<()> {
        let folder = self.folders.iter().find(|folder| folder.join(name).exists());
        fs::write(folder.ok_or(io::ErrorKind::NotFound)?.join(name), value)
    }

    /// The lists that a process joins by writing to them.
    #[must_use]
    pub fn lists(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|folder| folder.join("cgroup.procs")).collect()
    }

    /// Whether something in them was ended for want of memory.
    #[must_use]
    pub fn ran_out_of_memory(&self) -> bool {
        let names = ["memory.events", "memory.oom_control"];
        let files = self.folders.iter().flat_map(|folder| names.map(|name| folder.join(name)));
        let text: String = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
        let kills = text.lines().filter_map(|line| line.strip_prefix("oom_kill "));
        kills.filter_map(|count| count.trim().parse::<u64>().ok()).any(|count| count > 0)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for folder in &self.folders {
            // The last process of a sandbox is gone a moment after we hear of it.
            for _ in 0..100 {
                if fs::remove_dir(folder).is_ok() || !folder.exists() {
                    break;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Removes what a run that was killed left. One in use cannot be removed, and one that is new may be about to be used.
fn sweep(place: &Path) {
    let is_old = |entry: &fs::DirEntry| {
        let made = entry.metadata().and_then(|found| found.modified());
        made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > STALE))
    };
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(NAME)));
    for entry in ours.filter(is_old) {
        let _in_use = fs::remove_dir(entry.path());
    }
}
