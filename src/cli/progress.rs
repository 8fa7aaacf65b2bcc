//! What a person sees while a command works; on standard error.

use super::args::Global;
use super::terminal;
use crate::apply::RunEvent;
use crate::report::Glyphs;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::io::Write;

/// Shows stages, and a bar for long work on a terminal.
pub struct Progress {
    shown: Shown,
    bar: RefCell<Option<ProgressBar>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Lines,
    Bars,
}

impl Progress {
    /// Quiet when asked to be, or when the answer is for a program.
    pub fn new(global: &Global) -> Self {
        let shown = match (global.quiet || global.json, console::Term::stderr().is_term()) {
            (true, _) => Shown::Nothing,
            (false, true) => Shown::Bars,
            (false, false) => Shown::Lines,
        };
        Self { shown, bar: RefCell::new(None) }
    }

    /// Clears the line of a bar that nobody will clear any more.
    pub fn wipe(global: &Global) {
        if Self::new(global).shown == Shown::Bars {
            // The terminal may be gone.
            drop(console::Term::stderr().clear_line());
        }
    }

    /// Says what begins.
    pub fn stage(&self, name: &str) {
        self.clear();
        match self.shown {
            Shown::Nothing => {}
            Shown::Lines => self.say(name),
            Shown::Bars => {
                let bar = ProgressBar::new_spinner().with_message(terminal::glyphs().of(name));
                bar.set_style(look("{spinner} {msg}"));
                bar.enable_steady_tick(std::time::Duration::from_millis(100));
                self.bar.replace(Some(bar));
            }
        }
    }

    /// Says what is waited for, and how long yet. Lines are written only when something is new: the time alone is not.
    pub fn waits(&self, what: &str, left: &str, is_new: bool) {
        let words = format!("{what}; {left}");
        if is_new {
            self.stage(&words);
        } else if let Some(bar) = self.bar.borrow().as_ref() {
            bar.set_message(words);
        }
    }

    /// A line for whoever still listens: a closed pipe never interrupts a run.
    pub fn say(&self, text: &str) {
        drop(writeln!(std::io::stderr(), "{}", terminal::message(&super::door::text(text))));
    }

    /// Shows lines that are worth reading before what comes next.
    pub fn show(&self, lines: &str) {
        self.clear();
        if self.shown != Shown::Nothing {
            drop(write!(std::io::stderr(), "{}", super::door::text(lines)));
        }
    }

    /// Shows an event of a run.
    pub fn event(&self, event: RunEvent) {
        match event {
            RunEvent::Stage(name) => self.stage(name),
            RunEvent::Backup(progress) => {
                if let Some(bar) = self.bar.borrow().as_ref() {
                    bar.set_style(look("{msg} [{bar:30}] {bytes}/{total_bytes}"));
                    bar.set_length(progress.total);
                    bar.set_position(progress.bytes);
                }
            }
        }
    }

    /// Shows how many rows of how many were written.
    pub fn rows(&self, done: u64, total: u64) {
        if let Some(bar) = self.bar.borrow().as_ref() {
            bar.set_style(look("{msg} [{bar:30}] {pos}/{len} rows"));
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// Leaves the terminal as it was.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}

/// How a bar or a spinner looks, in characters that the terminal has.
fn look(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("a constant template");
    match terminal::glyphs() {
        Glyphs::Unicode => style,
        Glyphs::Ascii => style.tick_chars("|/-\\ ").progress_chars("=> "),
    }
}
