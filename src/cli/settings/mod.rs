//! The configuration file: every key is a flag, and the flag wins.
//!
//! Invariant: what is wrong with it is said with line and column, whether it is no TOML, no key or no value of a key.

mod keys;
mod values;

pub use keys::{KEYS, Key};

use crate::cli::args::{HealChoice, StrategyChoice};
use crate::cli::files::read_operand;
use crate::db::DbUrl;
use crate::host::Root;
use crate::host::trust::{Distrust, only_ours};
use crate::outcome::{Failure, FailureKind};
use crate::plan::bundle::BundleKey;
use crate::prepare::StatedProbe;
use crate::values::line_and_column;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the file lies below the root.
const PLACE: &str = "/etc/motionctl/config.toml";

/// What the configuration file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub site: Option<PathBuf>,
    pub nginx: Option<PathBuf>,
    pub nginx_conf: Option<PathBuf>,
    pub bundle: Option<PathBuf>,
    #[serde(default)]
    pub bundle_signer: Vec<BundleKey>,
    pub new_client_root: Option<PathBuf>,
    #[serde(default, deserialize_with = "values::upstream")]
    pub new_client_upstream: Option<String>,
    pub strategy: Option<StrategyChoice>,
    #[serde(default, deserialize_with = "values::findings")]
    pub accept: Vec<String>,
    #[serde(default, deserialize_with = "values::duration")]
    pub reload_timeout: Option<Duration>,
    #[serde(default)]
    pub no_sandbox: bool,
    #[serde(default, deserialize_with = "values::database")]
    pub db: Option<DbUrl>,
    #[serde(default)]
    pub no_db: bool,
    pub defaults_file: Option<PathBuf>,
    pub db_ca: Option<PathBuf>,
    pub map: Option<PathBuf>,
    /// How the server is looked after.
    #[serde(default)]
    pub watch: WatchSettings,
    /// Routes that must answer after a change as is said here.
    #[serde(default, rename = "probe")]
    pub probes: Vec<StatedProbe>,
}

/// How the server is looked after.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSettings {
    pub heal: Option<HealChoice>,
    #[serde(default, deserialize_with = "values::window")]
    pub confirm_within: Option<Duration>,
    #[serde(default, deserialize_with = "values::duration")]
    pub settle: Option<Duration>,
    pub textfile: Option<PathBuf>,
    /// Run when the verdict is another one than before: a program and its arguments.
    #[serde(default)]
    pub command: Vec<String>,
}

impl Settings {
    /// The file that these settings are from, where nothing was named.
    pub fn place(named: Option<&Path>) -> &Path {
        named.unwrap_or(Path::new(PLACE))
    }

    /// Reads the file named on the command line, a host path, or the one below
    /// the root, which may be missing. Nobody named that one, and it decides what is accepted and
    /// what is run: on the server itself it has to be root's alone.
    ///
    /// # Errors
    /// When it cannot be read or trusted, or says something unknown.
    pub fn read(root: &Root, named: Option<&Path>) -> Result<Self, Failure> {
        let place = Self::place(named);
        if named.is_none() && root.is_live() {
            only_ours(place).or_else(|distrust| match distrust {
                Distrust::Missing(_) => Ok(()),
                distrust => Err(Failure::new(FailureKind::Unavailable, format!("the settings are not read: {distrust}"))
                    .with_hint("look what is in it, then give the file and its folder to root alone, or name it with --config")),
            })?;
        }
        let bytes = match named {
            Some(path) => read_operand(path),
            None => root.read(PLACE),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                let message = format!("reading {}: {error}", place.display());
                return Err(Failure::new(FailureKind::Unavailable, message));
            }
        };
        // The line itself may hold a password: only its place is said.
        let invalid = |text: &str, at: usize, reason: &str| {
            let (line, column) = line_and_column(text, at);
            let message = format!("reading {}:{line}:{column}: {}", place.display(), reason.trim_end());
            Failure::new(FailureKind::Invalid, message)
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            invalid(&before, before.len(), "not UTF-8 text")
        })?;
        toml::from_str(text)
            .map_err(|error| invalid(text, error.span().map_or(0, |span| span.start), error.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What packages put at `/etc/motionctl/config.toml`: words, and keys behind a `#` alone.
    const SAMPLE: &str = include_str!("../../../packaging/package/config.toml");

    fn read(text: &str) -> Result<Settings, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    /// The keys that there are below a table, in the words of the refusal of another one.
    fn keys(table: &str) -> BTreeSet<String> {
        let refused = read(&format!("{table}\nnonsense = 1\n")).expect_err("no such key");
        let known = refused.split_once("expected one of ").expect("the keys").1;
        known.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
    }

    #[test]
    fn every_fault_has_its_line_and_column() {
        let check = |text: &str, place: &str, reason: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("config.toml");
            std::fs::write(&file, text).expect("writing");
            let root = Root::at(folder.path()).expect("a root");
            let failure = Settings::read(&root, Some(&file)).expect_err(text);
            assert_eq!(failure.kind, FailureKind::Invalid, "{text}");
            let wanted = format!("config.toml:{place}: ");
            assert!(
                failure.message.contains(&wanted) && failure.message.contains(reason),
                "{text}: {}",
                failure.message
            );
            let said = crate::cli::door::text(&failure.message);
            assert!(!said.contains("S3cr3t"), "{said}");
        };
        // No TOML, no key, no value of the right type.
        check("site = \"/a\"\n[[probe", "2:8", "unclosed array table");
        check("site = \"/a\"\nsyte = \"/b\"\n", "2:1", "unknown field `syte`");
        check("no_db = 1\n", "1:9", "invalid type");
        check("[watch]\nhael = \"tell\"\n", "2:1", "unknown field `hael`");
        // A value that the flag would refuse.
        check("site = \"/a\"\nstrategy = \"graf\"\n", "2:12", "unknown variant `graf`");
        check("reload_timeout = \"soon\"\n", "1:18", "expected a duration");
        check("new_client_upstream = \"ftp://127.0.0.1\"\n", "1:23", "");
        check("accept = [\"sesions.online\"]\n", "1:10", "did you mean `sessions.online`?");
        check("accept = [\"merge.conflict=mine\"]\n", "1:10", "merge.conflict=ours");
        check("db = \"mysql://root:S3cr3t@127.0.0.1/motion2\"\n", "1:6", "");
        check("[watch]\nconfirm_within = \"1s\"\n", "2:18", "nobody can confirm");
        check("[watch]\nheal = \"S3cr3t-x\"\n", "2:8", "");
        check("[[probe]]\nurl = \"cc.example.test/health\"\n", "2:7", "");
    }

    #[test]
    fn the_packaged_settings_have_every_key_and_set_none() {
        assert!(
            SAMPLE.lines().all(|line| line.is_empty() || line.starts_with('#')),
            "as it comes it says nothing"
        );
        let said: Vec<_> = SAMPLE
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| line.starts_with(|first: char| first == '[' || first.is_ascii_lowercase()))
            .collect();
        let mut table = "";
        let mut found = BTreeSet::new();
        for line in &said {
            match line.split_once(" = ") {
                Some((key, _)) => assert!(found.insert((table, key.to_owned())), "{line} stands there twice"),
                None => table = line,
            }
        }
        let all = ["", "[watch]", "[[probe]]"].map(|table| (table, keys(table)));
        // Tables are keys of the table above them.
        let all = all.iter().flat_map(|(table, keys)| keys.iter().map(|key| (*table, key.clone())));
        let all: BTreeSet<_> = all.filter(|(_, key)| key != "watch" && key != "probe").collect();
        assert_eq!(found, all);
        let named: BTreeSet<_> = KEYS.iter().map(|key| (key.table, key.name.to_owned())).collect();
        assert_eq!(named, all, "the documentation's table");
        assert_eq!(named.len(), KEYS.len(), "each stands there once");
        // Two ways to name one thing exclude each other as flags; as a text every line is one that is read.
        read(&said.join("\n")).expect("every example is a value that the key takes");
    }
}
