//! A request as far as it is known, and the variables that follow from it.
//!
//! Invariant: a variable has a value here only if nginx would give it the same
//! one; whatever is not known stays unknown through every expansion.

use std::collections::BTreeMap;

/// A request as the client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) target: String,
    pub(super) variables: BTreeMap<String, Vec<u8>>,
}

impl Request {
    /// A GET of a request target: path, and arguments behind a `?`.
    #[must_use]
    pub fn get(target: impl Into<String>) -> Self {
        Self { target: target.into(), variables: BTreeMap::new() }.with("request_method", "GET")
    }

    /// The same request with one more variable known, such as `scheme` or `host`.
    #[must_use]
    pub fn with(mut self, variable: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(variable.into(), value.into().into_bytes());
        self
    }
}

/// A request on its way through nginx.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// The URI: decoded, normalised, without arguments.
    pub uri: Vec<u8>,
    pub args: Vec<u8>,
    /// Values by name; `None` for a variable that is set, but to what is unknown.
    pub variables: BTreeMap<String, Option<Vec<u8>>>,
    /// `$0` to `$9` of the last regular expression that matched.
    pub captures: Vec<Vec<u8>>,
    /// Redirected internally: `internal` locations are open.
    pub internal: bool,
    /// Rewritten and kept in its location: `alias` has no meaning any more.
    pub moved: bool,
    /// Already an error page: no second one unless `recursive_error_pages`.
    pub error_page: bool,
    /// Internal redirects that nginx still allows.
    pub changes_left: u8,
}

impl State {
    /// The value with its variables filled in, unless one is unknown.
    pub fn expand(&self, value: &[u8]) -> Option<Vec<u8>> {
        let mut result = Vec::with_capacity(value.len());
        let mut rest = value;
        while let Some(at) = rest.iter().position(|&byte| byte == b'$') {
            result.extend_from_slice(&rest[..at]);
            let (name, after) = variable_name(&rest[at + 1..])?;
            result.extend_from_slice(&self.variable(name)?);
            rest = after;
        }
        result.extend_from_slice(rest);
        Some(result)
    }

    /// As [`State::expand`], or the value as written.
    pub fn expand_or_keep(&self, value: &[u8]) -> String {
        String::from_utf8_lossy(&self.expand(value).unwrap_or_else(|| value.to_vec())).into_owned()
    }

    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "uri" | "document_uri" => Some(self.uri.clone()),
            "args" | "query_string" => Some(self.args.clone()),
            "is_args" => Some(if self.args.is_empty() { Vec::new() } else { b"?".to_vec() }),
            _ => match name.parse::<usize>() {
                Ok(number) => Some(self.captures.get(number).cloned().unwrap_or_default()),
                Err(_) => self.variables.get(name).cloned().flatten(),
            },
        }
    }
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
