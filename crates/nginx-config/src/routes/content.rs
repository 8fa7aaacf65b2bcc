//! What produces the response once a request is in its location:
//! `try_files`, content handlers, files and index files.
//!
//! Invariant: nothing is looked up on a disk; each outcome that depends on one
//! is an alternative of the answer.

use super::answer::{Answer, Candidate, Handler, Hop, HopCause, Wanted};
use super::request::State;
use super::router::{Router, SPENT};
use super::uri::path_of;
use crate::node::Node;
use std::os::unix::ffi::OsStringExt;

/// Directives that pass a request on.
const PASSES: &[&str] =
    &["fastcgi_pass", "grpc_pass", "memcached_pass", "proxy_pass", "scgi_pass", "uwsgi_pass"];

/// Other directives that answer instead of the file system.
const HANDLERS: &[&str] = &[
    "api", "content_by_lua", "content_by_lua_block", "content_by_lua_file", "echo", "empty_gif", "flv",
    "js_content", "mp4", "perl", "status", "stub_status",
];

/// Where the files of a location lie.
pub(super) struct Base {
    /// `root`, or what `alias` names.
    folder: Vec<u8>,
    /// How many bytes of the URI `alias` stands for; none for `root`.
    replaces: Option<usize>,
    /// An `alias` in a regular expression is a whole path.
    is_whole_path: bool,
}

impl Base {
    pub fn folder(&self) -> &[u8] {
        &self.folder
    }
}

impl Router<'_> {
    /// Answers in `chain`, by `try_files` first.
    pub fn content(&self, chain: Vec<Node>, state: State, hops: Vec<Hop>) -> Answer {
        let scope = chain.last().copied().unwrap_or(self.server);
        match self.own(scope, "try_files").first() {
            Some(&node) => self.try_files(node, chain, state, hops),
            None => self.handle(chain, state, hops),
        }
    }

    fn handle(&self, chain: Vec<Node>, state: State, hops: Vec<Hop>) -> Answer {
        if let Some(handler) = self.own_handler(&chain) {
            return self.end(chain, handler, &state, hops);
        }
        let path = self.base(&chain, &state).and_then(|base| self.path(&base, &state, &state.uri.clone()));
        match path {
            Err(handler) => self.end(chain, handler, &state, hops),
            Ok(path) if state.uri.ends_with(b"/") => self.folder(path, chain, state, hops),
            Ok(path) => self.end(chain, Handler::Static { path: path_of(path) }, &state, hops),
        }
    }

    /// A content handler of the location, or of the last true `if` in it.
    fn own_handler(&self, chain: &[Node]) -> Option<Handler> {
        let is_if = |scope: &Node| self.config.directive(*scope).is("if");
        let (&last, before) = chain.split_last()?;
        if let Some(directive) = self.handler_in(last) {
            return Some(self.handled_by(directive));
        }
        if !is_if(&last) {
            return None;
        }
        // An `if` inherits what passes requests on. Other handlers stay as the last block with one left them:
        // then one of an earlier `if` runs with the settings of this one, which may be none.
        let (ifs, locations): (Vec<Node>, Vec<Node>) = before.iter().copied().partition(is_if);
        let around = locations.last().and_then(|&location| self.handler_in(location));
        if let Some(directive) = around.filter(|&directive| self.passes_on(directive)) {
            return Some(self.handled_by(directive));
        }
        if let Some(directive) = ifs.iter().rev().find_map(|&scope| self.handler_in(scope)) {
            let place = self.config.place(directive);
            return Some(Handler::Unknown {
                reason: format!("the handler at {place} would run with the settings of a later `if`"),
            });
        }
        around.map(|directive| self.handled_by(directive))
    }

    /// The last content handler that stands in a block itself.
    fn handler_in(&self, scope: Node) -> Option<Node> {
        let is_handler = |node: &Node| {
            self.passes_on(*node) || HANDLERS.iter().any(|name| self.config.directive(*node).is(name))
        };
        self.config.children(scope).iter().copied().rfind(is_handler)
    }

    fn passes_on(&self, directive: Node) -> bool {
        PASSES.iter().any(|name| self.config.directive(directive).is(name))
    }

    fn handled_by(&self, directive: Node) -> Handler {
        if !self.passes_on(directive) {
            return Handler::Other { directive };
        }
        let target = String::from_utf8_lossy(self.arg(directive, 0)).into_owned();
        Handler::Proxy { target, directive }
    }

    fn folder(&self, path: Vec<u8>, chain: Vec<Node>, state: State, hops: Vec<Hop>) -> Answer {
        let names = self.index_names(&chain);
        let mut index = Vec::new();
        let mut files = state.files.clone();
        for name in names {
            if self.is_spent() {
                return self.end(chain, Handler::Unknown { reason: SPENT.to_owned() }, &state, hops);
            }
            let Some(name) = state.expand(&name) else {
                let reason = "the index file depends on the request".to_owned();
                return self.end(chain, Handler::Unknown { reason }, &state, hops);
            };
            let (file, uri) = match name.first() {
                Some(b'/') => (name.clone(), name),
                _ => ([&path[..], &name].concat(), [&state.uri[..], &name].concat()),
            };
            let is_there = files.has(&file, Wanted::File);
            if is_there == Some(false) {
                continue;
            }
            let target = if state.args.is_empty() { uri } else { [&uri[..], b"?", &state.args].concat() };
            let found = State { files: files.with(&file, Wanted::File, true), ..state.clone() };
            let answer = self.redirect(&target, HopCause::Index, found, hops.clone());
            files = files.with(&file, Wanted::File, false);
            index.push(Candidate { wanted: Wanted::File, path: path_of(file), answer });
            if is_there == Some(true) {
                break;
            }
        }
        self.end(chain, Handler::Folder { path: path_of(path), index }, &state, hops)
    }

    fn index_names(&self, chain: &[Node]) -> Vec<Vec<u8>> {
        let own = self.scopes(chain).map(|scope| self.own(scope, "index")).find(|found| !found.is_empty());
        let Some(directives) = own else { return vec![b"index.html".to_vec()] };
        let words = directives.iter().flat_map(|&node| self.config.directive(node).args.iter());
        words.map(|word| word.value.to_vec()).collect()
    }

    fn try_files(&self, node: Node, chain: Vec<Node>, state: State, hops: Vec<Hop>) -> Answer {
        let unknown = |handler, chain: Vec<Node>| self.end(chain, handler, &state, hops.clone());
        let base = match self.base(&chain, &state) {
            Ok(base) => base,
            Err(handler) => return unknown(handler, chain),
        };
        let depends = || Handler::Unknown {
            reason: format!("the files at {} depend on the request", self.config.place(node)),
        };
        let words: Vec<&[u8]> = self.config.directive(node).args.iter().map(|word| word.value).collect();
        let Some((last, names)) = words.split_last() else { return self.handle(chain, state, hops) };
        let mut tries = Vec::new();
        let mut files = state.files.clone();
        for &written in names {
            let (name, wanted) = match written.strip_suffix(b"/") {
                Some(name) => (name, Wanted::Folder),
                None => (written, Wanted::File),
            };
            let Some(name) = state.expand(name) else { return unknown(depends(), chain) };
            let (path, uri) = self.tried(&base, &state, written, name);
            if path.ends_with(b"/") && wanted == Wanted::File {
                continue;
            }
            let is_there = files.has(&path, wanted);
            if is_there == Some(false) {
                continue;
            }
            let found = State { uri, files: files.with(&path, wanted, true), ..state.clone() };
            let answer = self.handle(chain.clone(), found, hops.clone());
            if is_there == Some(true) {
                let handler = Handler::TryFiles { tries, fallback: Box::new(answer) };
                return self.end(chain, handler, &state, hops);
            }
            files = files.with(&path, wanted, false);
            tries.push(Candidate { wanted, path: path_of(path), answer });
        }
        let missed = State { files, ..state.clone() };
        let fallback = match last {
            [b'=', code @ ..] => match std::str::from_utf8(code).ok().and_then(|code| code.parse().ok()) {
                Some(status) => self.respond(&chain, status, None, missed, hops.clone()),
                None => return unknown(depends(), chain),
            },
            [b'@', ..] => self.go_to_named(last, HopCause::TryFiles, missed, hops.clone()),
            _ => match missed.expand(last) {
                // NGINX goes round until it has used up its redirects.
                Some(uri) if tries.is_empty() && self.is_circle(&uri, &chain, &missed) => {
                    self.end(Vec::new(), Handler::Return { status: 500, target: None }, &missed, hops.clone())
                }
                Some(uri) => self.redirect(&uri, HopCause::TryFiles, missed, hops.clone()),
                None => return unknown(depends(), chain),
            },
        };
        self.end(chain, Handler::TryFiles { tries, fallback: Box::new(fallback) }, &state, hops)
    }

    /// Whether an internal redirect comes back to where it starts, with nothing on the way that could differ.
    fn is_circle(&self, target: &[u8], chain: &[Node], state: &State) -> bool {
        let mut blocks = chain.iter().copied().chain([self.server]);
        state.internal
            && state.args.is_empty()
            && target == state.uri
            && blocks.all(|block| self.config.rewrites_of(block).is_empty())
    }

    /// The path that a name of `try_files` stands for, and the URI it becomes.
    fn tried(&self, base: &Base, state: &State, written: &[u8], name: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
        let Some(replaces) = base.replaces.filter(|_| !base.is_whole_path) else {
            return ([&base.folder[..], &name].concat(), name);
        };
        let prefix = state.uri.get(..replaces).unwrap_or_default();
        let has_variables = written.contains(&b'$');
        let inside = name.strip_prefix(prefix).filter(|_| has_variables).unwrap_or(&name);
        ([&base.folder[..], inside].concat(), [prefix, inside].concat())
    }

    /// Where files are looked for in `chain`.
    pub fn base(&self, chain: &[Node], state: &State) -> Result<Base, Handler> {
        for scope in self.scopes(chain) {
            let own = self.own(scope, "alias").pop().or_else(|| self.own(scope, "root").pop());
            let Some(node) = own else { continue };
            let Some(folder) = state.expand(self.arg(node, 0)) else {
                let reason = format!("the folder at {} depends on the request", self.config.place(node));
                return Err(Handler::Unknown { reason });
            };
            if self.config.directive(node).is("root") {
                return Ok(Base { folder: self.absolute(folder), replaces: None, is_whole_path: false });
            }
            let is_fixed = |name: &[u8]| (Some(name.len()), false);
            let (replaces, is_whole_path) = match super::matcher(self.config, scope) {
                Some(
                    super::Matcher::Exact(name) | super::Matcher::Prefix(name) | super::Matcher::Final(name),
                ) => is_fixed(&name),
                _ => (Some(0), true),
            };
            return Ok(Base { folder: self.absolute(folder), replaces, is_whole_path });
        }
        Ok(Base { folder: self.absolute(b"html".to_vec()), replaces: None, is_whole_path: false })
    }

    pub fn path(&self, base: &Base, state: &State, uri: &[u8]) -> Result<Vec<u8>, Handler> {
        match base.replaces {
            None => Ok([&base.folder[..], uri].concat()),
            Some(_) if state.moved => Err(Handler::Return { status: 500, target: None }),
            Some(_) if base.is_whole_path => Ok(base.folder.clone()),
            Some(len) => Ok([&base.folder[..], uri.get(len..).unwrap_or_default()].concat()),
        }
    }

    /// A folder as nginx completes it; `root` and `alias` are relative to the prefix.
    fn absolute(&self, folder: Vec<u8>) -> Vec<u8> {
        if folder.first() == Some(&b'/') {
            return folder;
        }
        let prefix = self.config.prefix().join(path_of(folder));
        prefix.into_os_string().into_vec()
    }
}
