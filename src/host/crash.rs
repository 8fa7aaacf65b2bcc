//! Places where a test ends this process, as a power cut would: on both sides of every effect.
//!
//! Invariant: they are compiled only with the feature `kill-points`, which the tests turn on and no
//! release does; `make build` looks for [`MARK`] in what it built. Nothing here changes anything.

/// Ends the process here when a test asked for it; nothing at all without the feature.
macro_rules! kill_point {
    ($name:literal) => {
        #[cfg(feature = "kill-points")]
        $crate::host::crash::reached($name);
    };
}
pub(crate) use kill_point;

#[cfg(feature = "kill-points")]
pub use armed::{MARK, arm, reached};

#[cfg(feature = "kill-points")]
mod armed {
    use nix::sys::signal::{Signal, raise};
    use std::fs::File;
    use std::io::Write;
    use std::path::Path;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Stands in every binary that has kill points.
    pub const MARK: &str = "MOTIONCTL_KILL_POINT";

    /// What was asked for, in this process only: its children have no kill points.
    static ARMED: OnceLock<Armed> = OnceLock::new();
    static REACHED: AtomicUsize = AtomicUsize::new(0);

    struct Armed {
        log: File,
        at: usize,
    }

    /// Writes the name of each place that is reached to `log`, a line each, and ends the process at
    /// the one numbered `at`, counted from 1; 0 is none.
    ///
    /// # Errors
    /// When the log cannot be opened.
    pub fn arm(log: &Path, at: usize) -> std::io::Result<()> {
        let log = File::options().append(true).create(true).open(log)?;
        // A second call would come from a second main.
        let _armed_before = ARMED.set(Armed { log, at });
        Ok(())
    }

    /// Notes that the place `name` was reached, and ends the process if it is the one.
    pub fn reached(name: &str) {
        let Some(armed) = ARMED.get() else { return };
        let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        (&armed.log).write_all(format!("{name}\n").as_bytes()).expect("a test's log can be written");
        if number == armed.at {
            raise(Signal::SIGKILL).expect("a process may end itself");
        }
    }
}
