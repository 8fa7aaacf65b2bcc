//! Whether Asterisk is on Motion's server.
//!
//! Invariant: a server on which Motion does not run either says nothing about
//! where its voice is.

use super::view::{Seen, View, Whose};
use crate::host::process::Running;
use crate::inspect::search::APPLICATION_ROOT;
use crate::motion::settings::About;
use std::path::Path;

/// What starts Motion: its process manager's units, or one of its own.
const MOTION_UNITS: [&str; 3] = ["pm2", "motion", "xcally"];

/// Motion without Asterisk beside it.
pub fn split(view: &View) -> Seen {
    let mut seen = Seen::default();
    let settings = view.settings.iter().flatten().filter(|(_, setting)| setting.about == About::Voice);
    for (file, setting) in settings {
        if view.whose(&setting.host) == Whose::Other {
            seen.found(format!("{} is {} in {}", setting.key, setting.host, file.display()));
        }
    }
    if view.is_live() {
        running(view, &mut seen);
    } else {
        installed(view, &mut seen);
    }
    seen
}

fn running(view: &View, seen: &mut Seen) {
    let Some(programs) = seen.take(&view.programs) else { return };
    let motion = programs.iter().find(|program| is_motion(program));
    if let Some(motion) = motion
        && !programs.iter().any(|program| program.is("asterisk"))
    {
        seen.found(format!("Motion runs (pid {}), and no process is named asterisk", motion.id.pid));
    }
}

/// A program of Motion's: started from the application root, or working in it.
fn is_motion(program: &Running) -> bool {
    let inside = |path: &Path| path.starts_with(APPLICATION_ROOT);
    let names = || program.arguments.iter().take(4).any(|word| inside(Path::new(word)));
    let interpreter =
        ["node", "nodejs", "PM2"].iter().any(|name| program.is(name) || program.name.starts_with(name));
    interpreter && (names() || program.cwd.as_deref().is_some_and(inside))
}

fn installed(view: &View, seen: &mut Seen) {
    seen.take(&view.programs);
    if !view.units.are_visible() {
        seen.missed("enabled units", "no systemd or init links are here");
        return;
    }
    let motion = MOTION_UNITS.iter().find_map(|start| view.units.beginning(start).next());
    let paths = ["/etc/asterisk/asterisk.conf", "/usr/sbin/asterisk", "/etc/init.d/asterisk"];
    let asterisk = view.units.link("asterisk").is_some()
        || paths.iter().any(|path| view.root.symlink_metadata(Path::new(path)).is_ok());
    if let Some((_, link)) = motion.filter(|_| !asterisk) {
        seen.found(format!("{} starts Motion, and there is no Asterisk in this tree", link.display()));
    }
}
