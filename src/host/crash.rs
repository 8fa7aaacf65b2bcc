//! Places where a test ends this process, as a power cut would, or sends it another signal: on both
//! sides of every effect.
//!
//! Invariant: they are compiled only with the feature `kill-points`, which the tests turn on and no
//! release does; `make build` looks for `MARK` in what it built. Nothing here changes anything.

/// Ends the process here when a test asked for it; nothing at all without the feature.
macro_rules! kill_point {
    ($name:literal) => {
        #[cfg(feature = "kill-points")]
        $crate::host::crash::reached($name);
    };
}
pub(crate) use kill_point;

#[cfg(feature = "kill-points")]
pub use armed::{Asked, MARK, arm, reached};

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
        asked: Asked,
    }

    /// Where a test wants this process to get a signal.
    pub struct Asked {
        /// At places whose names begin so.
        pub place: String,
        /// At which of them, counted from 1; 0 is none.
        pub at: usize,
        pub signal: Signal,
    }

    /// Writes the name of each place that is reached to `log`, a line each, and sends this process
    /// the signal where it was asked for.
    ///
    /// # Errors
    /// When the log cannot be opened.
    pub fn arm(log: &Path, asked: Asked) -> std::io::Result<()> {
        let log = File::options().append(true).create(true).open(log)?;
        // A second call would come from a second main.
        let _armed_before = ARMED.set(Armed { log, asked });
        Ok(())
    }

    /// Notes that the place `name` was reached, and sends the signal if it is the one.
    pub fn reached(name: &str) {
        let Some(armed) = ARMED.get() else { return };
        (&armed.log).write_all(format!("{name}\n").as_bytes()).expect("a test's log can be written");
        let Asked { place, at, signal } = &armed.asked;
        if name.starts_with(place.as_str()) && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *at {
            raise(*signal).expect("a process may signal itself");
        }
    }
}
