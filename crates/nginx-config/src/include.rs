//! Follows `include` as nginx does, from the main file on.
//!
//! Invariant: files are visited depth first in nginx's order, so the first
//! fault found is the first that nginx would report. nginx follows cycles
//! until it runs out of files; here a cycle is a fault of its own.

use super::config::{Config, ConfigError, ConfigErrorKind, File, Limits};
use super::glob;
use super::index::Index;
use super::node::{FileId, Node};
use super::reader::Reader;
use super::redact::mark_lists;
use super::tree::{Body, DirectiveId, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

impl Config {
    /// Loads `main` and what it includes, under the default [`Limits`].
    ///
    /// `prefix` is nginx's `-p`: relative `main` and relative `root`s are
    /// looked up there. Includes are relative to the folder of `main`.
    ///
    /// # Errors
    /// The first fault, in the order in which nginx would meet it.
    pub fn load(main: &Path, prefix: &Path, reader: &dyn Reader) -> Result<Self, ConfigError> {
        Self::load_within(main, prefix, reader, Limits::default())
    }

    /// As [`Config::load`], under other limits.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_within(
        main: &Path,
        prefix: &Path,
        reader: &dyn Reader,
        limits: Limits,
    ) -> Result<Self, ConfigError> {
        let main = prefix.join(main);
        let mut loader = Loader {
            folder: main.parent().unwrap_or(Path::new("/")).to_path_buf(),
            reader,
            limits,
            known: BTreeMap::new(),
            states: Vec::new(),
            bytes: 0,
            directives: 0,
            inclusions: 0,
            config: Config {
                prefix: prefix.to_path_buf(),
                files: Vec::new(),
                includes: BTreeMap::new(),
                index: Index::default(),
            },
        };
        let id = loader.open(&main, None)?;
        loader.follow(id)?;
        loader.config.index = Index::new(loader.config.files.len());
        mark_lists(&mut loader.config);
        Ok(loader.config)
    }
}

struct Loader<'r> {
    /// nginx's `conf_prefix`: the folder of the main file.
    folder: PathBuf,
    reader: &'r dyn Reader,
    limits: Limits,
    known: BTreeMap<PathBuf, FileId>,
    states: Vec<State>,
    bytes: usize,
    /// Of all files, each counted once.
    directives: u64,
    inclusions: usize,
    config: Config,
}

/// How far a file has been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its includes are being followed: meeting it again is a cycle.
    Open,
    /// Done; so many directives with everything it includes.
    Done(u64),
}

/// A file whose directives are being looked through.
struct Visit {
    file: FileId,
    /// The directive to look at next.
    next: usize,
    /// The include in progress and what is left of it, last first.
    include: Option<(Node, Vec<PathBuf>)>,
    /// Directives so far, includes expanded.
    expanded: u64,
}

impl Visit {
    fn new(file: FileId) -> Self {
        Self { file, next: 0, include: None, expanded: 0 }
    }
}

impl Loader<'_> {
    fn follow(&mut self, main: FileId) -> Result<(), ConfigError> {
        let mut stack = vec![Visit::new(main)];
        while let Some(visit) = stack.last_mut() {
            if let Some((node, paths)) = &mut visit.include {
                let node = *node;
                let Some(path) = paths.pop() else {
                    visit.include = None;
                    continue;
                };
                let known = self.known.len();
                let file = self.open(&path, Some(node))?;
                self.note(node, file)?;
                match self.states[file.index()] {
                    State::Done(count) => visit.expanded = self.add(visit.expanded, count, node)?,
                    State::Open if self.known.len() > known => stack.push(Visit::new(file)),
                    State::Open => return Err(self.cycle(node, file)),
                }
                continue;
            }
            if let Some(node) = self.next_include(visit) {
                let mut paths = self.resolve(node)?;
                paths.reverse();
                self.config.includes.insert(node, Vec::new());
                visit.include = Some((node, paths));
                continue;
            }
            let (file, count) = (visit.file, visit.expanded);
            self.states[file.index()] = State::Done(count);
            stack.pop();
            if let Some(Visit { include: Some((node, _)), expanded, .. }) = stack.last_mut() {
                *expanded = self.add(*expanded, count, *node)?;
            }
        }
        Ok(())
    }

    /// Looks on through a file up to its next `include`.
    fn next_include(&self, visit: &mut Visit) -> Option<Node> {
        let tree = &self.config.file(visit.file).tree;
        while visit.next < tree.len() {
            let directive = DirectiveId(u32::try_from(visit.next).expect("the parser bounds the ids"));
            visit.next += 1;
            visit.expanded += 1;
            let found = tree.directive(directive);
            if found.is("include") && found.args.len() == 1 && found.body == Body::Semicolon {
                return Some(Node { file: visit.file, directive });
            }
        }
        None
    }

    /// The files that an include names, in nginx's order.
    fn resolve(&self, node: Node) -> Result<Vec<PathBuf>, ConfigError> {
        let name = self.config.directive(node).arg(0).unwrap_or_default();
        let path = self.folder.join(OsStr::from_bytes(name));
        if !glob::is_pattern(path.as_os_str().as_bytes()) {
            return Ok(vec![path]);
        }
        glob::expand(self.reader, &path).map_err(|error| {
            let reason = format!("glob() \"{}\" failed ({})", path.display(), plain(&error));
            self.error(node, ConfigErrorKind::Unreadable, reason)
        })
    }

    /// The file at `path`, read now or found again.
    fn open(&mut self, path: &Path, from: Option<Node>) -> Result<FileId, ConfigError> {
        let unreadable = |error: &io::Error| {
            let (kind, reason) = match error.kind() {
                // The reader's own limit: nginx would read it.
                io::ErrorKind::FileTooLarge => (
                    ConfigErrorKind::TooLarge,
                    format!("\"{}\" is larger than any file that is read", path.display()),
                ),
                _ => {
                    let reason = format!("open() \"{}\" failed ({})", path.display(), plain(error));
                    (ConfigErrorKind::Unreadable, reason)
                }
            };
            match from {
                Some(node) => self.error(node, kind, reason),
                None => whole(path, kind, reason),
            }
        };
        let identity = self.reader.identity(path).map_err(|error| unreadable(&error))?;
        if let Some(&id) = self.known.get(&identity) {
            let file = &mut self.config.files[id.index()];
            if file.path != path {
                file.aliases.insert(path.to_path_buf());
            }
            return Ok(id);
        }
        let source = self.reader.read(path).map_err(|error| unreadable(&error))?;
        self.bytes = self.bytes.saturating_add(source.len());
        if self.bytes > self.limits.bytes {
            let reason = format!("the configuration has more than {} bytes", self.limits.bytes);
            return Err(whole(path, ConfigErrorKind::TooLarge, reason));
        }
        let tree = Tree::parse(source).map_err(|error| ConfigError::syntax(path, error))?;
        // What is included is added up only when all of it was read.
        self.directives = self.directives.saturating_add(tree.len() as u64);
        if self.directives > self.limits.expanded {
            let reason = format!("the configuration has more than {} directives", self.limits.expanded);
            return Err(whole(path, ConfigErrorKind::TooLarge, reason));
        }
        let id = FileId(u32::try_from(self.config.files.len()).unwrap_or(u32::MAX));
        self.known.insert(identity.clone(), id);
        self.states.push(State::Open);
        let path = path.to_path_buf();
        let (aliases, included_from) = (BTreeSet::new(), Vec::new());
        self.config.files.push(File { path, aliases, identity, tree, included_from });
        Ok(id)
    }

    /// Notes that `node` includes `file`, on both sides.
    fn note(&mut self, node: Node, file: FileId) -> Result<(), ConfigError> {
        self.inclusions += 1;
        if self.inclusions > self.limits.inclusions {
            let reason =
                format!("the configuration includes files more than {} times", self.limits.inclusions);
            return Err(self.error(node, ConfigErrorKind::TooLarge, reason));
        }
        self.config.includes.entry(node).or_default().push(file);
        let sites = &mut self.config.files[file.index()].included_from;
        if sites.last() != Some(&node) {
            sites.push(node);
        }
        Ok(())
    }

    fn add(&self, sum: u64, more: u64, node: Node) -> Result<u64, ConfigError> {
        let sum = sum.saturating_add(more);
        if sum > self.limits.expanded {
            let reason = format!("the includes expand to more than {} directives", self.limits.expanded);
            return Err(self.error(node, ConfigErrorKind::TooLarge, reason));
        }
        Ok(sum)
    }

    fn cycle(&self, node: Node, file: FileId) -> ConfigError {
        let path = self.config.file(file).path.display();
        self.error(node, ConfigErrorKind::Cycle, format!("\"{path}\" includes itself"))
    }

    fn error(&self, node: Node, kind: ConfigErrorKind, reason: String) -> ConfigError {
        let File { path, tree, .. } = self.config.file(node.file);
        let position = tree.position(tree.directive(node.directive).span.start);
        ConfigError { file: path.clone(), position: Some(position), kind, reason }
    }
}

fn whole(path: &Path, kind: ConfigErrorKind, reason: String) -> ConfigError {
    ConfigError { file: path.to_path_buf(), position: None, kind, reason }
}

/// An error of the system as nginx prints it: number and text.
fn plain(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            format!("{code}: {text}")
        }
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::MemoryReader;
    use std::ffi::OsString;

    fn load(reader: &MemoryReader) -> Result<Config, ConfigError> {
        Config::load(Path::new("/etc/nginx/nginx.conf"), Path::new("/usr/share/nginx"), reader)
    }

    fn shown(config: &Config) -> String {
        let mut walk = config.walk();
        let mut lines = Vec::new();
        while let Some(node) = walk.next() {
            let depth = walk.ancestors().len();
            lines.push(format!("{}{}", "-".repeat(depth), config.directive(node).name.text()));
        }
        lines.join(" ")
    }

    #[test]
    fn includes_are_replaced_by_what_they_lead_to() {
        let reader = MemoryReader::new()
            .with("/etc/nginx/nginx.conf", "a; include conf.d/*.conf; http { include /srv/x; c; } d;")
            .with("/etc/nginx/conf.d/b.conf", "b;")
            .with("/etc/nginx/conf.d/B.conf", "include conf.d/none*; e { include /srv/x; }")
            .with("/etc/nginx/conf.d/.hidden.conf", "hidden;")
            .with("/etc/nginx/conf.d/sub/s.conf", "sub;")
            .with("/srv/x", "x;");
        let config = load(&reader).expect("loads");
        assert_eq!(shown(&config), "a e -x b http -x -c d");
        let paths: Vec<_> =
            config.files().map(|(_, file)| file.path.to_string_lossy().into_owned()).collect();
        assert_eq!(
            paths,
            ["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/B.conf", "/srv/x", "/etc/nginx/conf.d/b.conf"]
        );
        let (_, shared) = config.files().nth(2).expect("the shared file");
        let sites: Vec<_> = shared.included_from.iter().map(|&node| config.place(node)).collect();
        assert_eq!(sites, ["/etc/nginx/conf.d/B.conf:1:27", "/etc/nginx/nginx.conf:1:34"]);
    }

    /// Lists what matches in an order of its own, as a disk does.
    struct Backwards(MemoryReader);

    impl Reader for Backwards {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            self.0.read(path)
        }

        fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
            self.0.list(folder).map(|names| names.into_iter().rev().collect())
        }

        fn exists(&self, path: &Path) -> io::Result<bool> {
            self.0.exists(path)
        }

        fn identity(&self, path: &Path) -> io::Result<PathBuf> {
            Ok(if path.ends_with("link") { "/d/B".into() } else { path.to_path_buf() })
        }
    }

    #[test]
    fn globs_are_sorted_by_bytes_and_links_read_once() {
        let reader =
            MemoryReader::new().with("/n.conf", "include d/*;").with("/d/a", "a;").with("/d/_", "_;");
        let reader = Backwards(reader.with("/d/B", "B;").with("/d/link", "B;"));
        let config = Config::load(Path::new("n.conf"), Path::new("/"), &reader).expect("loads");
        assert_eq!(shown(&config), "B _ a B");
        assert_eq!(config.files().count(), 4);
    }

    fn fault(reader: &MemoryReader) -> String {
        load(reader).expect_err("refused").to_string()
    }

    #[test]
    fn faults_name_the_file_and_the_place() {
        let main = |source: &str| MemoryReader::new().with("/etc/nginx/nginx.conf", source);
        assert_eq!(
            fault(&MemoryReader::new()),
            "/etc/nginx/nginx.conf: open() \"/etc/nginx/nginx.conf\" failed (2: No such file or directory)"
        );
        assert_eq!(
            fault(&main("a;\n  include b;")),
            "/etc/nginx/nginx.conf:2:3: open() \"/etc/nginx/b\" failed (2: No such file or directory)"
        );
        assert_eq!(
            fault(&main("include b;").with("/etc/nginx/b", "x {\n")),
            "/etc/nginx/b:2:1: unexpected end of file, expecting \"}\""
        );
        let cycle = main("include b;").with("/etc/nginx/b", "x { include c; }");
        assert_eq!(
            fault(&cycle.with("/etc/nginx/c", "y; include nginx.conf;")),
            "/etc/nginx/c:1:4: \"/etc/nginx/nginx.conf\" includes itself"
        );
        assert_eq!(
            fault(&main("include nginx.conf;")),
            "/etc/nginx/nginx.conf:1:1: \"/etc/nginx/nginx.conf\" includes itself"
        );
    }

    /// Knows one file that is larger than it reads.
    struct Large(MemoryReader);

    impl Reader for Large {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            if path.ends_with("large") { Err(io::ErrorKind::FileTooLarge.into()) } else { self.0.read(path) }
        }

        fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
            self.0.list(folder)
        }

        fn exists(&self, path: &Path) -> io::Result<bool> {
            self.0.exists(path)
        }
    }

    #[test]
    fn a_limit_that_is_met_is_no_fault_of_the_configuration() {
        let main = |text: String| MemoryReader::new().with("/etc/nginx/nginx.conf", text);
        let reader = Large(main("a;\ninclude large;".to_owned()));
        let error =
            Config::load(Path::new("/etc/nginx/nginx.conf"), Path::new("/"), &reader).expect_err("refused");
        assert_eq!(error.kind, ConfigErrorKind::TooLarge);
        let said = "/etc/nginx/nginx.conf:2:1: \"/etc/nginx/large\" is larger than any file that is read";
        assert_eq!(error.to_string(), said);
        let many = load(&main("a;".repeat(2_000_001))).expect_err("refused");
        assert_eq!(many.kind, ConfigErrorKind::TooLarge, "{many}");
        assert_eq!(load(&main("}".to_owned())).expect_err("refused").kind, ConfigErrorKind::Syntax);
    }

    #[test]
    fn bombs_are_refused_before_they_are_expanded() {
        let mut reader = MemoryReader::new().with("/etc/nginx/nginx.conf", "include 0;");
        for level in 0..64 {
            let next = level + 1;
            reader = reader.with(format!("/etc/nginx/{level}"), format!("include {next}; include {next};"));
        }
        let error = load(&reader.with("/etc/nginx/64", "x;")).expect_err("refused");
        assert_eq!(error.kind, ConfigErrorKind::TooLarge);
        assert!(error.reason.contains("expand"), "{error}");

        let all = "include /d/*; ".repeat(1_100);
        let mut wide = MemoryReader::new().with("/etc/nginx/nginx.conf", all);
        for number in 0..1_000 {
            wide = wide.with(format!("/d/{number}"), "");
        }
        let error = load(&wide).expect_err("refused");
        assert_eq!(error.kind, ConfigErrorKind::TooLarge);
        let limits = Limits { bytes: 100, ..Limits::default() };
        let main = Path::new("/etc/nginx/nginx.conf");
        let error = Config::load_within(main, Path::new("/"), &wide, limits).expect_err("refused");
        assert_eq!(error.kind, ConfigErrorKind::TooLarge);
    }

    #[test]
    fn how_many_files_there_are_is_no_reason() {
        let mut glob = MemoryReader::new().with("/etc/nginx/nginx.conf", "include /d/*; include chain/0;");
        for number in 0..20_000 {
            glob = glob.with(format!("/d/{number}"), "a;");
            let next = number + 1;
            glob = glob.with(format!("/etc/nginx/chain/{number}"), format!("include chain/{next};"));
        }
        let config = load(&glob.with("/etc/nginx/chain/20000", "b;")).expect("loads");
        assert_eq!((config.files().count(), config.top().len()), (40_002, 20_001));
    }

    #[test]
    fn files_are_counted_together_before_all_are_read() {
        let reader = MemoryReader::new()
            .with("/etc/nginx/nginx.conf", "a; b; c; include 1;")
            .with("/etc/nginx/1", "a; b; c; include 2;")
            .with("/etc/nginx/2", "a; b; c; include none;");
        let limits = Limits { expanded: 11, ..Limits::default() };
        let main = Path::new("/etc/nginx/nginx.conf");
        let error = Config::load_within(main, Path::new("/"), &reader, limits).expect_err("refused");
        assert_eq!(error.to_string(), "/etc/nginx/2: the configuration has more than 11 directives");
    }
}
