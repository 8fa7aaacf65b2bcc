//! Where Motion's site really lies, for the units that look after it.
//!
//! Invariant: a path is one word of a unit's line, whatever is in it.

use super::done::WRITTEN;
use crate::cli::args::InstallUnitArgs;
use crate::cli::context::Context;
use crate::inspect::inspect;
use crate::outcome::{Failure, FailureKind};
use std::collections::BTreeSet;
use std::path::Path;

/// Folders that the watcher's unit may write to already.
const WRITABLE: [&str; 2] = ["/etc/nginx", "/etc/motionctl"];

/// The files that hold Motion's server blocks, where they really lie.
pub fn sites(context: &Context, args: &InstallUnitArgs) -> Result<BTreeSet<String>, Failure> {
    let options = context.options(&args.site)?;
    let inspection = inspect(&context.root, &options.inspect)?;
    let (facts, config) = (&inspection.facts, &inspection.config);
    let files = facts.site.servers.iter().map(|server| config.file(server.node.file).identity.clone());
    files
        .map(|file| {
            let text = file.to_str().filter(|text| !text.contains(['\n', '\r'])).map(str::to_owned);
            text.ok_or_else(|| {
                let message = format!("no unit can hold the name {}", file.display());
                Failure::new(FailureKind::Refused, message)
            })
        })
        .collect()
}

/// What starts a look.
pub fn path_section(sites: &BTreeSet<String>) -> String {
    let lines: String = sites.iter().map(|site| format!("PathChanged={}\n", specified(site))).collect();
    format!("{WRITTEN}\n[Path]\n{lines}")
}

/// Folders beside the usual ones that a heal has to write to; `None` where there are none.
pub fn service_section(sites: &BTreeSet<String>) -> Option<String> {
    let folders = sites.iter().filter_map(|site| Path::new(site).parent());
    let folders: BTreeSet<_> =
        folders.filter(|folder| !WRITABLE.iter().any(|known| folder.starts_with(known))).collect();
    let lines: String = folders
        .iter()
        .map(|folder| format!("ReadWritePaths={}\n", quoted(&format!("-{}", folder.display()))))
        .collect();
    (!lines.is_empty()).then(|| format!("{WRITTEN}\n[Service]\n{lines}"))
}

/// A text in which systemd finds none of its specifiers.
fn specified(text: &str) -> String {
    text.replace('%', "%%")
}

/// One word of a unit's line.
pub fn quoted(text: &str) -> String {
    let text = specified(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+%".contains(&byte);
    if text.bytes().all(plain) {
        text
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_unit() {
        assert_eq!(quoted("/usr/local/bin"), "/usr/local/bin");
        assert_eq!(quoted("/opt/50% off/\"x\""), "\"/opt/50%% off/\\\"x\\\"\"");
        let sites = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let (usual, other) =
            (sites(&["/etc/nginx/conf.d/motion.conf"]), sites(&["/usr/local/nginx/conf/m 1.conf"]));
        assert!(path_section(&usual).ends_with("[Path]\nPathChanged=/etc/nginx/conf.d/motion.conf\n"));
        assert_eq!(service_section(&usual), None);
        assert!(path_section(&other).ends_with("PathChanged=/usr/local/nginx/conf/m 1.conf\n"));
        assert!(
            service_section(&other)
                .is_some_and(|text| text.ends_with("[Service]\nReadWritePaths=-/usr/local/nginx/conf\n"))
        );
    }
}
