//! The replacement of a `rewrite`: a URI of this server, or a redirect.
//!
//! Invariant: the split into path and arguments is the one that nginx makes
//! when it reads the configuration, before any variable is filled in.

use super::request::State;

/// Where a `rewrite` leads.
pub(super) enum RewriteTarget<'v> {
    /// The client is sent elsewhere.
    Client { status: u16, url: &'v [u8] },
    /// nginx goes on with another URI.
    Uri { path: &'v [u8], args: &'v [u8], keeps_args: bool },
}

impl<'v> RewriteTarget<'v> {
    /// What replacement and flag of a `rewrite` mean.
    pub fn of(replacement: &'v [u8], flag: &[u8]) -> Self {
        let is_url =
            [&b"http://"[..], b"https://", b"$scheme"].iter().any(|start| replacement.starts_with(start));
        match flag {
            b"permanent" => return Self::Client { status: 301, url: replacement },
            b"redirect" => return Self::Client { status: 302, url: replacement },
            _ if is_url => return Self::Client { status: 302, url: replacement },
            _ => {}
        }
        let (replacement, keeps_args) = match replacement.strip_suffix(b"?") {
            Some(without) => (without, false),
            None => (replacement, true),
        };
        let mut parts = replacement.splitn(2, |&byte| byte == b'?');
        let path = parts.next().unwrap_or_default();
        Self::Uri { path, args: parts.next().unwrap_or_default(), keeps_args }
    }

    /// A redirect's URL with the request's arguments, which nginx appends
    /// unless the replacement ends in a `?`.
    pub fn with_args(expanded: &str, replacement: &[u8], state: &State) -> String {
        if let Some(without) = expanded.strip_suffix('?') {
            return without.to_owned();
        }
        if state.args.is_empty() {
            return expanded.to_owned();
        }
        let joint = if replacement.contains(&b'?') { '&' } else { '?' };
        format!("{expanded}{joint}{}", String::from_utf8_lossy(&state.args))
    }
}
