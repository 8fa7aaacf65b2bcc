//! Which files of a server support needs, and what is taken of each.
//!
//! Invariant: reads only, below the root. A file that a directive names as a key, a certificate or a list of passwords
//! is listed and never taken, whatever it is called or holds.

use super::package::{Content, Item, Package};
use super::settings::reduced;
use crate::facts::{ClientFacts, Facts};
use crate::host::Root;
use crate::inspect::APPLICATION_ROOT;
use crate::motion::settings::ENV_FILE;
use crate::values::Hash;
use nginx_config::{Config, Tree, holds_private_key, redact_source};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Files of a configuration after which no more are looked at.
const MOST_FILES: usize = 5_000;
/// A larger file is listed only.
const LARGEST: u64 = 2 << 20;
/// A folder of a configuration is not as deep.
const DEEPEST: usize = 12;

/// Files beside a configuration that say which server this is.
const ABOUT: [&str; 2] = ["/etc/hostname", "/etc/os-release"];
/// Files of the application of which the version alone is taken.
const PACKAGES: [&str; 3] = ["server/package.json", "package.json", "client/package.json"];
/// Where the journal of changes is.
const JOURNAL: &str = "/var/lib/motionctl/journal";
/// Folders of configurations, where none could be read.
const USUAL: [&str; 2] = ["/etc/nginx", "/usr/local/nginx/conf"];

/// What was found of a server before: its facts and its configuration.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    pub facts: &'a Facts,
    /// The configuration that they come from.
    pub config: &'a Config,
}

/// What support needs of the server below `root`; `found` where its configuration could be read.
#[must_use]
pub fn server(root: &Root, found: Option<Found<'_>>) -> Package {
    let mut taking = Taking {
        root,
        package: Package::default(),
        secret: BTreeSet::new(),
        seen: 0,
        is_readable: found.is_some(),
    };
    if let Some(Found { facts, config }) = found {
        taking.secret = named_secrets(config, &facts.nginx.conf_prefix);
        // By the path without links: a file below a link could not be unpacked.
        for (_, file) in config.files() {
            taking.configuration(&file.identity);
        }
        facts.ways.links.keys().for_each(|path| taking.link(path.as_path()));
        taking.folder(&facts.nginx.conf_prefix, 0);
        taking.client(facts);
    } else {
        USUAL.iter().for_each(|folder| taking.folder(Path::new(folder), 0));
    }
    ABOUT.iter().for_each(|path| taking.whole(Path::new(path)));
    taking.application();
    taking.journal();
    taking.package
}

/// The files that directives name as keys, certificates or lists of passwords.
fn named_secrets(config: &Config, conf_prefix: &Path) -> BTreeSet<PathBuf> {
    let is_secret = |name: &str| {
        ["_key", "_file", "_certificate"].iter().any(|end| name.ends_with(end)) || name == "ssl_dhparam"
    };
    let mut paths = BTreeSet::new();
    for node in config.walk() {
        let directive = config.directive(node);
        if is_secret(&String::from_utf8_lossy(directive.name.value)) {
            let words = (0..directive.args.len()).filter_map(|index| directive.arg(index));
            paths.extend(words.map(|word| conf_prefix.join(String::from_utf8_lossy(word).as_ref())));
        }
    }
    paths
}

struct Taking<'a> {
    root: &'a Root,
    package: Package,
    /// Files that are never taken.
    secret: BTreeSet<PathBuf>,
    seen: usize,
    /// Whether the configuration as a whole could be read.
    is_readable: bool,
}

impl Taking<'_> {
    /// A file that NGINX reads as its configuration.
    fn configuration(&mut self, path: &Path) {
        if let Some(bytes) = self.read(path) {
            let content = if self.secret.contains(path) { Content::Listed } else { redacted(&bytes) };
            self.package.add(below(path), Item::of(&bytes, content));
        }
    }

    /// Every file of a folder: what is a configuration without its secrets, of all others the name.
    fn folder(&mut self, folder: &Path, depth: usize) {
        let resolved = self.root.resolve_link_target(folder);
        let folder = resolved.as_ref().map_or(folder, |resolved| resolved.as_path());
        let names = match self.root.read_dir(folder) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.package.note(format!("{}: {error}", folder.display())),
        };
        for name in names {
            let path = folder.join(name);
            self.seen += 1;
            if self.seen > MOST_FILES || depth > DEEPEST {
                return self.package.note(format!("{}: more than is looked at", folder.display()));
            }
            let Ok(status) = self.root.symlink_metadata(&path) else { continue };
            match () {
                () if status.is_symlink() => self.link(&path),
                () if status.is_dir() => self.folder(&path, depth + 1),
                () if status.is_file() => self.beside(&path),
                () => {}
            }
        }
    }

    /// A file beside the configuration, which may be a part of one.
    fn beside(&mut self, path: &Path) {
        let Some(bytes) = self.read(path) else { return };
        let is_taken =
            !self.secret.contains(path) && !holds_private_key(&bytes) && self.is_part(path, &bytes);
        let content = if is_taken { redacted(&bytes) } else { Content::Listed };
        self.package.add(below(path), Item::of(&bytes, content));
    }

    /// Whether a file holds directives. Where the configuration could not be read, one that does not parse may be why.
    fn is_part(&self, path: &Path, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        match Tree::parse(bytes.to_vec()) {
            Ok(tree) => !tree.is_empty(),
            Err(_) => {
                let may_be_why = !self.is_readable && path.extension().is_some_and(|end| end == "conf");
                may_be_why && text.contains(';') && !lists_passwords(text)
            }
        }
    }

    /// The page of the new client, and that its files are there.
    fn client(&mut self, facts: &Facts) {
        let Some(ClientFacts::Static(folder)) = &facts.motion.client else { return };
        self.whole(&folder.join("index.html"));
        for path in facts.motion.page.files.values() {
            if let Ok(bytes) = self.root.read(path) {
                self.package.add(below(path), Item::of(&bytes, Content::Placeholder));
            }
        }
    }

    /// Motion's settings and version.
    fn application(&mut self) {
        let application = Path::new(APPLICATION_ROOT);
        let env = application.join(ENV_FILE);
        if let Some(bytes) = self.read(&env) {
            let text = reduced(&String::from_utf8_lossy(&bytes));
            self.package.add(below(&env), Item::of(&bytes, Content::Redacted(text.into_bytes())));
        }
        for path in PACKAGES.map(|file| application.join(file)) {
            let Some(bytes) = self.read(&path) else { continue };
            let package: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
            let version = package.and_then(|package| Some(package.get("version")?.as_str()?.to_owned()));
            let text = serde_json::json!({ "version": version }).to_string();
            self.package.add(below(&path), Item::of(&bytes, Content::Redacted(text.into_bytes())));
        }
    }

    /// The journal of changes holds hashes and paths; redacted files would look edited against it, so it lies beside
    /// what motionctl says.
    fn journal(&mut self) {
        match self.root.read_own(Path::new(JOURNAL)) {
            Ok(bytes) => {
                let item = Item::of(&bytes, Content::Whole(bytes.clone()));
                self.package.add(Path::new(super::FOLDER).join("journal"), item);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.package.note(format!("{JOURNAL}: {error}")),
        }
    }

    fn whole(&mut self, path: &Path) {
        if let Some(bytes) = self.read(path) {
            self.package.add(below(path), Item::of(&bytes, Content::Whole(bytes.clone())));
        }
    }

    /// Takes a link as what it says.
    fn link(&mut self, path: &Path) {
        if let Ok(target) = self.root.read_link(path) {
            let content = Content::Link(PathBuf::from(target));
            self.package.add(below(path), Item { size: 0, sha256: None, content });
        }
    }

    /// The bytes of a file that is not too large; what cannot be read is noted, what is not there is not.
    fn read(&mut self, path: &Path) -> Option<Vec<u8>> {
        match self.root.read_at_most(path, LARGEST) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let sha256 = self.root.read(path).ok().map(|bytes| Hash::of(&bytes));
                let size = self.root.metadata(path).map_or(0, |status| status.len());
                self.package.add(below(path), Item { content: Content::Listed, size, sha256 });
                None
            }
            Err(error) => {
                self.package.note(format!("{}: {error}", path.display()));
                None
            }
        }
    }
}

/// A configuration as it may leave the server.
fn redacted(bytes: &[u8]) -> Content {
    let shown = redact_source(bytes);
    if shown == bytes { Content::Whole(shown) } else { Content::Redacted(shown) }
}

/// `name:hash`, as `htpasswd` writes its lines.
fn lists_passwords(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.any(|line| {
        let name = line.split_once(':').map(|(name, _)| name);
        name.is_some_and(|name| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "{;\"'".contains(c))
        })
    })
}

fn below(path: &Path) -> PathBuf {
    path.strip_prefix("/").unwrap_or(path).to_owned()
}
