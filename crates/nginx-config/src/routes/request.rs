//! A request as far as it is known, and the variables that follow from it.
//!
//! Invariant: a variable has a value here only if nginx would give it the same
//! one; whatever is not known stays unknown through every expansion.

use super::answer::Wanted;
use super::files::Files;
use super::listeners::Transport;
use crate::node::Node;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// A request as the client sends it, and what is known of the place where it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) target: String,
    variables: BTreeMap<String, Vec<u8>>,
    transport: Option<Transport>,
    /// Headers that are not among the variables are not sent.
    all_headers: bool,
    files: Option<BTreeMap<PathBuf, Wanted>>,
}

impl Request {
    /// A GET of a request target: path, and arguments behind a `?`.
    #[must_use]
    pub fn get(target: impl Into<String>) -> Self {
        let request = Self {
            target: target.into(),
            variables: BTreeMap::new(),
            transport: None,
            all_headers: false,
            files: None,
        };
        request.with("request_method", "GET")
    }

    /// The same request with one more variable known, such as `scheme` or `remote_addr`.
    #[must_use]
    pub fn with(mut self, variable: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(variable.into(), value.into().into_bytes());
        self
    }

    /// The same request at a listener: its port, and whether it speaks TLS.
    #[must_use]
    pub fn at(mut self, port: u16, transport: Transport) -> Self {
        self.transport = Some(transport);
        let (scheme, https) = match transport {
            Transport::Plain => ("http", ""),
            Transport::Tls => ("https", "on"),
        };
        self.with("scheme", scheme).with("https", https).with("server_port", port.to_string())
    }

    /// The same request with a `Host`, which may carry a port.
    #[must_use]
    pub fn to_host(self, host: &str) -> Self {
        self.with("host", super::server::host_name(host)).with("http_host", host)
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.with(format!("http_{}", name.to_ascii_lowercase().replace('-', "_")), value)
    }

    /// The same request, which has no header but those that are known.
    #[must_use]
    pub fn without_other_headers(mut self) -> Self {
        self.all_headers = true;
        self
    }

    /// The same request where just these files and folders exist, for conditions that ask for some.
    #[must_use]
    pub fn among(mut self, files: impl IntoIterator<Item = (PathBuf, Wanted)>) -> Self {
        self.files = Some(files.into_iter().collect());
        self
    }

    /// What lies at a path; `None` where that is not known.
    pub(super) fn lies_at(&self, path: &Path) -> Option<Option<Wanted>> {
        // Components ignore a slash at the end, as `stat` does of a folder.
        self.files.as_ref().map(|files| files.get(&path.components().collect::<PathBuf>()).copied())
    }
}

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Known(Vec<u8>),
    /// Which is not known, but neither empty nor `0`.
    Something,
    Unknown,
}

impl Value {
    pub fn known(self) -> Option<Vec<u8>> {
        match self {
            Self::Known(value) => Some(value),
            Self::Something | Self::Unknown => None,
        }
    }
}

/// What stays the same on a request's whole way.
#[derive(Debug)]
pub(super) struct Fixed<'c> {
    pub request: &'c Request,
    /// The first name of the server block.
    pub server_name: Vec<u8>,
    /// The variables that some `set` of the configuration makes: empty until one runs.
    pub set_somewhere: &'c HashSet<Vec<u8>>,
}

impl Fixed<'_> {
    fn value(&self, name: &str) -> Value {
        let request = self.request;
        if let Some(value) = request.variables.get(name) {
            return Value::Known(value.clone());
        }
        match (name, request.transport) {
            ("request_uri", _) => Value::Known(request.target.clone().into_bytes()),
            ("server_name", _) => Value::Known(self.server_name.clone()),
            ("ssl_protocol" | "ssl_cipher", Some(Transport::Tls)) => Value::Something,
            (name, Some(Transport::Plain)) if name.starts_with("ssl_") => Value::Known(Vec::new()),
            (name, _) if name.starts_with("http_") && request.all_headers => Value::Known(Vec::new()),
            (name, _) if self.set_somewhere.contains(name.as_bytes()) => Value::Known(Vec::new()),
            _ => Value::Unknown,
        }
    }
}

/// A request on its way through nginx.
#[derive(Debug, Clone)]
pub(super) struct State<'c> {
    pub fixed: &'c Fixed<'c>,
    /// The URI: decoded, normalised, without arguments.
    pub uri: Vec<u8>,
    pub args: Vec<u8>,
    /// Values by name; `None` for a variable that is set, but to what is unknown.
    pub variables: BTreeMap<String, Option<Vec<u8>>>,
    /// `$0` to `$9` of the last regular expression that matched; `None` where that one cannot be
    /// run here.
    pub captures: Option<Vec<Vec<u8>>>,
    /// Redirected internally: `internal` locations are open.
    pub internal: bool,
    /// Rewritten and kept in its location: `alias` has no meaning any more.
    pub moved: bool,
    /// Already an error page: no second one unless `recursive_error_pages`.
    pub error_page: bool,
    /// Internal redirects that nginx still allows.
    pub changes_left: u8,
    /// Directives of the server block itself that changed the URI, or answered.
    pub acted: Vec<Node>,
    /// Which files were found, or not, to come here.
    pub files: Files,
}

impl<'c> State<'c> {
    pub fn new(fixed: &'c Fixed<'c>, changes: u8) -> Self {
        Self {
            fixed,
            uri: fixed.request.target.clone().into_bytes(),
            args: Vec::new(),
            variables: BTreeMap::new(),
            captures: Some(Vec::new()),
            internal: false,
            moved: false,
            error_page: false,
            changes_left: changes,
            acted: Vec::new(),
            files: Files::default(),
        }
    }

    /// The value with its variables filled in, unless one is unknown.
    pub fn expand(&self, value: &[u8]) -> Option<Vec<u8>> {
        self.expand_by(value, |name| self.variable(name).known())
    }

    /// As [`State::expand`], where nginx may escape `$1` to `$9` again: in `set`, in the arguments of a
    /// `rewrite` and in the target of a redirect. It does so where the request line was escaped.
    pub fn expand_quoting(&self, value: &[u8]) -> Option<Vec<u8>> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
        let was_escaped = self.fixed.request.target.contains(['%', '+']);
        self.expand_by(value, |name| {
            let known = self.variable(name).known()?;
            let is_group = name.parse::<usize>().is_ok();
            (!(is_group && was_escaped) || known.iter().all(is_plain)).then_some(known)
        })
    }

    /// As [`State::expand`], where `of` says what a variable holds.
    pub fn expand_by(&self, value: &[u8], of: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        let mut result = Vec::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = rest.iter().position(|&byte| byte == b'$') {
            result.extend_from_slice(&rest[..at]);
            let (name, after) = variable_name(&rest[at + 1..])?;
            result.extend_from_slice(&of(&name.to_ascii_lowercase())?);
            rest = after;
        }
        result.extend_from_slice(rest);
        Some(result)
    }

    /// As [`State::expand`], or the value as written.
    pub fn expand_or_keep(&self, value: &[u8]) -> String {
        String::from_utf8_lossy(&self.expand(value).unwrap_or_else(|| value.to_vec())).into_owned()
    }

    pub fn variable(&self, name: &str) -> Value {
        let known = Value::Known;
        match name {
            "uri" | "document_uri" => known(self.uri.clone()),
            "args" | "query_string" => known(self.args.clone()),
            "is_args" => known(if self.args.is_empty() { Vec::new() } else { b"?".to_vec() }),
            _ => match (name.parse::<usize>(), self.variables.get(name)) {
                (Ok(number), _) => match &self.captures {
                    Some(groups) => known(groups.get(number).cloned().unwrap_or_default()),
                    None => Value::Unknown,
                },
                (Err(_), Some(set)) => set.clone().map_or(Value::Unknown, known),
                (Err(_), None) => match name.strip_prefix("arg_") {
                    Some(argument) => known(argument_of(&self.args, argument.as_bytes())),
                    None => self.fixed.value(name),
                },
            },
        }
    }
}

/// `$arg_NAME`, as `ngx_http_arg` finds it: names in any case, values not decoded.
fn argument_of(args: &[u8], name: &[u8]) -> Vec<u8> {
    let mut pairs = args.split(|&byte| byte == b'&').filter_map(|pair| {
        let at = pair.iter().position(|&byte| byte == b'=')?;
        Some((&pair[..at], &pair[at + 1..]))
    });
    pairs
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or_else(Vec::new, |(_, value)| value.to_vec())
}

/// The name behind a `$`, and what follows it.
fn variable_name(rest: &[u8]) -> Option<(&str, &[u8])> {
    let (name, after) = match rest.strip_prefix(b"{") {
        Some(inside) => {
            let end = inside.iter().position(|&byte| byte == b'}')?;
            (&inside[..end], &inside[end + 1..])
        }
        None if rest.first().is_some_and(|byte| (b'1'..=b'9').contains(byte)) => rest.split_at(1),
        None => {
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let end = rest.iter().position(|byte| !is_name(byte)).unwrap_or(rest.len());
            rest.split_at(end)
        }
    };
    std::str::from_utf8(name).ok().filter(|name| !name.is_empty()).map(|name| (name, after))
}
