//! The files that modules open for writing: those that `ModSecurity`'s rules name, and large logs that any directive names.
//!
//! Invariant: opens nothing but rules files of a bounded size, each once. `nginx -t` opens such a log to append to it,
//! and through the sandbox's overlay that alone copies the whole file into memory; so each is shadowed by an empty one.

use super::directives::{Visit, arguments, name};
use super::reader::RootReader;
use crate::facts::{ShadowKind, WrittenPath};
use crate::host::Root;
use nginx_config::glob;
use nginx_config::{Config, value_of};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Directives of `ModSecurity`'s own files whose argument is opened to append to it, in small letters.
const RULES_LOGS: [&str; 3] = ["secauditlog", "secauditlog2", "secdebuglog"];
/// Those that lead to more of them.
const RULES_INCLUDES: [&str; 3] = ["include", "includeoptional", "secremoterules"];
/// The Core Rule Set has some fifty files.
const MOST_RULES_FILES: usize = 2000;
/// Its largest is 50 KiB.
const LARGEST_RULES_FILE: u64 = 4 << 20;
/// A file that is smaller is copied in no time, whatever it is for.
const LARGE: u64 = 1 << 20;
/// Words that say of a directive, a folder or a file that something is appended there.
const LOGS: [&str; 7] = ["log", "audit", "debug", "trace", "dump", "journal", "record"];
/// Words that have such a word in them and mean something else.
const NO_LOGS: [&str; 5] = ["login", "logout", "catalog", "dialog", "logo"];

/// What modules open for writing, as far as the configuration and the files that it names say.
///
/// Rules files are looked for below `conf_prefix`, as the module does, and other paths below NGINX's prefix.
pub fn written(root: &Root, config: &Config, visits: &[Visit], conf_prefix: &Path) -> BTreeSet<WrittenPath> {
    let mut found = BTreeSet::new();
    let mut rules = Rules { root, seen: BTreeSet::new(), pending: Vec::new(), found: BTreeSet::new() };
    for visit in visits {
        let directive = name(config, visit.node);
        match directive.as_str() {
            "modsecurity_rules" => {
                let texts = arguments(config, visit.node);
                texts.iter().for_each(|text| rules.text(text, Path::new("/")));
            }
            "modsecurity_rules_file" | "ModSecurityConfig" => {
                rules.pending.extend(arguments(config, visit.node).iter().map(|file| conf_prefix.join(file)));
            }
            _ => {
                found.extend(large_logs(root, config.prefix(), &directive, || arguments(config, visit.node)))
            }
        }
    }
    rules.follow();
    found.extend(rules.found);
    found.into_iter().map(|path| WrittenPath { path, kind: ShadowKind::File }).collect()
}

/// The arguments of any other directive that name a large file to which something seems to be appended. What a module
/// only reads, such as a table of places, has to stay what it is.
fn large_logs(
    root: &Root,
    prefix: &Path,
    directive: &str,
    arguments: impl Fn() -> Vec<String>,
) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for argument in arguments() {
        // As in `file=/var/log/x.log`.
        let path = argument.split_once('=').map_or(argument.as_str(), |(_, value)| value);
        if !path.contains('/') || path.contains('$') || !(is_log(directive) || is_log(path)) {
            continue;
        }
        let path = prefix.join(path);
        if root.metadata(&path).is_ok_and(|status| status.is_file() && status.len() > LARGE) {
            found.push(path);
        }
    }
    found
}

/// Whether one of the words in a name or path says so.
fn is_log(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| {
        LOGS.iter().any(|log| word.contains(log)) && !NO_LOGS.iter().any(|other| word.contains(other))
    })
}

/// The rules files that are still to read.
struct Rules<'r> {
    root: &'r Root,
    seen: BTreeSet<PathBuf>,
    pending: Vec<PathBuf>,
    found: BTreeSet<PathBuf>,
}

impl Rules<'_> {
    fn follow(&mut self) {
        while let Some(path) = self.pending.pop() {
            if self.seen.len() >= MOST_RULES_FILES || !self.seen.insert(path.clone()) {
                continue;
            }
            // A file that cannot be read is a fault that NGINX itself will tell.
            let Ok(bytes) = self.root.read_at_most(&path, LARGEST_RULES_FILE) else { continue };
            self.text(&String::from_utf8_lossy(&bytes), path.parent().unwrap_or(Path::new("/")));
        }
    }

    /// Reads rules that stand in `folder`.
    fn text(&mut self, text: &str, folder: &Path) {
        for line in text.lines() {
            let Some((directive, value)) = line.trim().split_once(char::is_whitespace) else { continue };
            let directive = directive.to_ascii_lowercase();
            let value = value_of(value.trim().as_bytes()).into_owned();
            let Ok(value) = String::from_utf8(value) else { continue };
            if RULES_INCLUDES.contains(&directive.as_str()) {
                let pattern = folder.join(&value);
                let files = glob::expand(&RootReader::new(self.root), &pattern).unwrap_or_default();
                self.pending.extend(files.into_iter().take(MOST_RULES_FILES));
            } else if RULES_LOGS.contains(&directive.as_str()) && value.starts_with('/') {
                self.found.insert(PathBuf::from(value));
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests lay files that are looked at")]
mod tests {
    use super::*;
    use crate::inspect::directives::visits;
    use std::fs;

    fn found(files: &[(&str, &str)], main: &str) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a folder");
        for (path, text) in files.iter().chain([&("etc/nginx/nginx.conf", main)]) {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("folders");
            fs::write(path, text).expect("writing");
        }
        for large in ["var/log/large", "opt/large.mmdb", "var/audit/x"] {
            let path = dir.path().join(large);
            fs::create_dir_all(path.parent().expect("it has one")).expect("folders");
            fs::File::create(path).and_then(|file| file.set_len(LARGE + 1)).expect("a large file");
        }
        let root = Root::at(dir.path()).expect("a root");
        let reader = RootReader::new(&root);
        let config = Config::load(Path::new("/etc/nginx/nginx.conf"), Path::new("/usr/share"), &reader);
        let config = config.expect("it loads");
        let all = written(&root, &config, &visits(&config), Path::new("/etc/nginx"));
        all.into_iter().map(|one| one.path.display().to_string()).collect()
    }

    #[test]
    fn the_logs_of_rules_are_found_through_their_includes() {
        let files = [
            ("etc/nginx/modsec/main.conf", "# SecAuditLog /no\nSecAuditLog \"/a b\"\nInclude more/*.conf\n"),
            (
                "etc/nginx/modsec/more/a.conf",
                "  secdebuglog /c\nIncludeOptional /etc/nginx/modsec/main.conf\n",
            ),
            ("etc/nginx/modsec/more/b.txt", "SecDebugLog /no\n"),
        ];
        let main =
            "http { modsecurity_rules_file modsec/main.conf; modsecurity_rules '\nSecAuditLog /d\n'; }";
        assert_eq!(found(&files, main), ["/a b", "/c", "/d"]);
    }

    #[test]
    fn large_logs_are_found_by_words_and_what_is_read_stays() {
        let main = "http { vhost_dump /opt/large.mmdb; geoip2 /opt/large.mmdb { x; } any /var/log/large; \
            tell to=/var/audit/x; any /var/log/none; app_login /opt/large.mmdb; }";
        assert_eq!(found(&[], main), ["/opt/large.mmdb", "/var/audit/x", "/var/log/large"]);
        let main = "http { geoip2 /opt/large.mmdb { x; } app_login /opt/large.mmdb; }";
        assert!(found(&[], main).is_empty());
    }
}
