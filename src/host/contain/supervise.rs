//! Owns the watch over the program from outside of its namespace: its output, its limits, its end. Invariant: it never
//! waits longer than the limit of time and a grace, and kills everything below before it looks at what was written.

use super::birth::{self, Ends, Word};
use super::changes::{self, Before};
use super::desk::Desk;
use super::filter::Filters;
use super::ground;
use super::pumps::Pump;
use super::{End, Limit, Limits, Observed, Order};
use crate::host::sandbox::ChildContext;
use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::statvfs::statvfs;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe2};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often processes and bytes are counted.
const TICK: u16 = 10;
/// How long what the program printed by way of others (`tee`) is waited for.
const GRACE: Duration = Duration::from_millis(300);
/// Less than this free is full: what does not fit may be larger.
const FULL: u64 = 64 << 10;
/// No more of a command line is told.
const LONGEST_LINE: usize = 300;
/// No more programs that were left running are listed.
const MOST_LEFT: usize = 50;

/// Runs the program to its end, or to a limit.
///
/// # Errors
/// When the walls cannot be put up, or the program not started: then nothing ran.
pub fn run(context: &ChildContext, order: &Order) -> Result<Observed> {
    super::walls::hide()?;
    let filters = Filters::new()?;
    let (desk, mut notes) = ground::set_up(order)?;
    let before = Before::of(&context.layers);
    let (output, output_end) = pipe2(OFlag::O_CLOEXEC).context("opening a pipe")?;
    let (words, words_end) = pipe2(OFlag::O_CLOEXEC).context("opening a pipe")?;
    let (life_end, life) = pipe2(OFlag::O_CLOEXEC).context("opening a pipe")?;
    let mut ours = processes();
    let first = birth::start(order, &filters, Ends { output: output_end, words: words_end, life: life_end })?;
    ours.insert(first.as_raw());
    let mut watch = Watch {
        ours,
        output: Pump::new(output).context("listening")?,
        words: Pump::new(words).context("listening")?,
        desk,
        staging: context.layers.staging(),
        limits: order.limits,
        filled: false,
        alone: true,
    };
    let ended = watch.until_the_end();
    let left = watch.left();
    drop(life);
    let _gone = kill(first, Signal::SIGKILL);
    reap(first);
    let end = ended?;
    watch.output.take().context("listening")?;
    watch.desk.take().context("listening to the desk")?;
    if !watch.alone {
        notes.push("no user namespace: the script was the server's uid 0, with few capabilities".to_owned());
    }
    let (changes, truncated) = changes::all(&context.layers, before);
    let (told, untold) = watch.desk.finish();
    let output = watch.output.finish();
    Ok(Observed { end, output, told, untold, left, changes, truncated, filled: watch.filled, notes })
}

struct Watch {
    /// Processes that are not the program's.
    ours: BTreeSet<i32>,
    output: Pump,
    words: Pump,
    desk: Desk,
    staging: PathBuf,
    limits: Limits,
    filled: bool,
    alone: bool,
}

impl Watch {
    fn until_the_end(&mut self) -> Result<End> {
        let last = Instant::now() + self.limits.time;
        let mut grace: Option<(Instant, End)> = None;
        loop {
            self.listen()?;
            if let Some(limit) = self.beyond(last) {
                return Ok(grace.map_or(End::Beyond(limit), |(_, end)| end));
            }
            match grace {
                None => grace = self.ended()?.map(|end| (Instant::now() + GRACE, end)),
                Some((until, end)) if Instant::now() >= until || self.output.source().is_none() => {
                    return Ok(end);
                }
                Some(_) => {}
            }
        }
    }

    fn listen(&mut self) -> Result<()> {
        let sources = [self.output.source(), self.words.source(), Some(self.desk.source())];
        let sources = sources.into_iter().flatten().map(|source| PollFd::new(source, PollFlags::POLLIN));
        let mut sources: Vec<PollFd> = sources.collect();
        match poll(&mut sources, PollTimeout::from(TICK)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(cause) => return Err(cause).context("waiting for the program"),
        }
        drop(sources);
        self.output.take().context("listening")?;
        self.words.take().context("listening")?;
        self.desk.take().context("listening to the desk")
    }

    fn beyond(&mut self, last: Instant) -> Option<Limit> {
        self.filled |= statvfs(&self.staging).is_ok_and(|found| {
            found.blocks_available().saturating_mul(found.fragment_size()) < FULL
                || found.files_available() == 0
        });
        if self.theirs().count() as u64 >= self.limits.processes {
            return Some(Limit::Processes);
        }
        (Instant::now() >= last).then_some(Limit::Time)
    }

    /// How the program ended, once it has.
    fn ended(&mut self) -> Result<Option<End>> {
        for line in self.words.lines() {
            match serde_json::from_slice(line).context("understanding process 1")? {
                Word::Started { alone } => self.alone = alone,
                Word::Failed(why) => bail!("{why}"),
                Word::Exited(code) => return Ok(Some(End::Exited(code))),
                Word::Killed(signal) => return Ok(Some(End::Killed(signal))),
            }
        }
        if self.words.source().is_none() {
            bail!("process 1 of the program ended without a word");
        }
        Ok(None)
    }

    fn theirs(&self) -> impl Iterator<Item = i32> {
        processes().into_iter().filter(|pid| !self.ours.contains(pid))
    }

    /// The command lines of what still runs.
    fn left(&self) -> Vec<String> {
        let line = |pid: i32| {
            let mut bytes =
                fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|bytes| !bytes.is_empty())?;
            bytes.truncate(LONGEST_LINE);
            let words = bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy);
            let line = words.collect::<Vec<_>>().join(" ").trim_end().to_owned();
            Some(line)
        };
        self.theirs().filter_map(line).take(MOST_LEFT).collect()
    }
}

fn processes() -> BTreeSet<i32> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Returns once every process below is gone: the kernel ends them with their process 1.
fn reap(first: Pid) {
    while waitpid(first, None) == Err(Errno::EINTR) {}
}
