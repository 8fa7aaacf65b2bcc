//! Which values of an old file may take the place of today's, and who answers where.
//!
//! Invariant: a directive that is not listed is not safe. Nothing here is read from the old file but its text.

use nginx_config::routes::servers;
use nginx_config::{Config, Directive, DirectiveId, Node, Tree};
use std::collections::BTreeSet;

/// Directives of which an old value changes how much, how long or what is noted, and never who answers.
const SAFE: [&str; 31] = [
    "add_header",
    "add_trailer",
    "access_log",
    "charset",
    "chunked_transfer_encoding",
    "client_body_buffer_size",
    "client_header_buffer_size",
    "client_max_body_size",
    "error_log",
    "etag",
    "expires",
    "large_client_header_buffers",
    "limit_conn",
    "limit_conn_status",
    "limit_rate",
    "limit_rate_after",
    "limit_req",
    "limit_req_status",
    "output_buffers",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_buffer_size",
    "proxy_busy_buffers_size",
    "proxy_max_temp_file_size",
    "proxy_request_buffering",
    "proxy_set_header",
    "sendfile",
    "server_tokens",
    "tcp_nodelay",
    "tcp_nopush",
    "types_hash_max_size",
];

/// The same by how they begin or end.
const SAFE_STARTS: [&str; 3] = ["gzip", "keepalive_", "open_file_cache"];
const SAFE_END: &str = "_timeout";

/// Headers of a request by which the application, or a WebSocket, works at all.
const HEADERS_OF_TODAY: [&[u8]; 3] = [b"connection", b"host", b"upgrade"];

/// Whether the old value of a directive may take the place of today's.
pub fn old_value_is_safe(old: Directive<'_>) -> bool {
    let name = old.name.text();
    let is_of_today = || {
        let header = old.args.first().map(|word| word.value.to_ascii_lowercase());
        header.is_some_and(|header| HEADERS_OF_TODAY.contains(&header.as_slice()))
    };
    match name.as_ref() {
        "proxy_set_header" => !is_of_today(),
        // A passwords' file and its realm belong together, and the file may be gone.
        "auth_delay" => true,
        other => {
            SAFE.contains(&other)
                || SAFE_STARTS.iter().any(|start| other.starts_with(start))
                || other.ends_with(SAFE_END)
        }
    }
}

/// Whether a directive decides by itself what answers in its block.
pub fn decides_who_answers(directive: Directive<'_>) -> bool {
    let name = directive.name.text();
    matches!(name.as_ref(), "alias" | "root" | "return" | "try_files" | "rewrite") || name.ends_with("_pass")
}

/// Whether a location is made for the new client's paths.
pub fn is_about_new_client(location: Directive<'_>) -> bool {
    location.args.last().is_some_and(|path| {
        let path = path.text();
        path.trim_start_matches(['~', '^', '=', '*', '(', '?', ':']).starts_with("/user-ui")
    })
}

/// Whether the names of a server say nothing of whose it is.
pub fn is_placeholder(names: Directive<'_>) -> bool {
    nginx_config::is_placeholder(names.args.iter())
}

/// Whether the live block goes by all of the old names.
pub fn names_all(live: Directive<'_>, old: Directive<'_>) -> bool {
    let has = |word: &[u8]| live.args.iter().any(|own| own.value.eq_ignore_ascii_case(word));
    old.args.iter().all(|word| has(word.value))
}

/// Where a server block answers, and by which names.
#[derive(Debug, Default)]
struct End {
    addresses: BTreeSet<Vec<u8>>,
    names: BTreeSet<Vec<u8>>,
}

impl End {
    fn of<'d>(directives: impl Iterator<Item = Directive<'d>>) -> Self {
        let mut end = Self::default();
        for directive in directives {
            if directive.is("listen") {
                end.addresses.extend(address(directive));
            } else if directive.is("server_name") {
                end.names.extend(directive.args.iter().map(|word| word.value.to_ascii_lowercase()));
            }
        }
        if end.addresses.is_empty() {
            end.addresses.insert(b"*:80".to_vec());
        }
        end.names.remove(&b""[..]);
        end
    }

    fn shares_name(&self, other: &Self) -> bool {
        self.names.is_empty() && other.names.is_empty() || !self.names.is_disjoint(&other.names)
    }
}

/// The server blocks of the live configuration, by where they answer.
pub struct Ends(Vec<(Node, End)>);

impl Ends {
    /// Those of a configuration.
    pub fn of_config(config: &Config) -> Self {
        let end =
            |server: &Node| End::of(config.children(*server).iter().map(|node| config.directive(*node)));
        Self(servers(config).iter().map(|server| (*server, end(server))).collect())
    }

    fn others(&self, block: Node) -> impl Iterator<Item = &End> {
        self.0.iter().filter(move |(node, _)| *node != block).map(|(_, end)| end)
    }

    fn own(&self, block: Node) -> Option<&End> {
        self.0.iter().find(|(node, _)| *node == block).map(|(_, end)| end)
    }

    /// Whether another block answers at this `listen` by a name of the block.
    pub fn others_listen(&self, block: Node, listen: Directive<'_>) -> bool {
        let Some(own) = self.own(block) else { return false };
        let address = address(listen);
        let answers = |end: &End| {
            address.as_ref().is_some_and(|address| end.addresses.contains(address)) && end.shares_name(own)
        };
        self.others(block).any(answers)
    }

    /// Whether another block answers by this name where the block listens.
    pub fn others_answer(&self, block: Node, name: &[u8]) -> bool {
        let Some(own) = self.own(block) else { return false };
        let name = name.to_ascii_lowercase();
        self.others(block).any(|end| end.names.contains(&name) && !end.addresses.is_disjoint(&own.addresses))
    }

    /// Whether a block answers where this one of another file would.
    pub fn is_answered(&self, tree: &Tree, server: DirectiveId) -> bool {
        let directives = tree.directive(server).children().iter().map(|id| tree.directive(*id));
        let new = End::of(directives);
        self.0.iter().any(|(_, end)| !end.addresses.is_disjoint(&new.addresses) && end.shares_name(&new))
    }
}

/// Address and port of a `listen`, every way to write all addresses alike.
fn address(listen: Directive<'_>) -> Option<Vec<u8>> {
    let written = listen.args.first()?.value.to_ascii_lowercase();
    if written.starts_with(b"unix:") {
        return Some(written);
    }
    if written.iter().all(u8::is_ascii_digit) {
        return Some([b"*:", &written[..]].concat());
    }
    let after = written.iter().rposition(|&byte| byte == b']').unwrap_or(0);
    let full = if written[after..].contains(&b':') { written } else { [&written[..], b":80"].concat() };
    Some(full.strip_prefix(b"0.0.0.0:").map_or(full.clone(), |port| [b"*:", port].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> (Tree, DirectiveId) {
        let tree = Tree::parse(text).expect("parses");
        let id = tree.roots()[0];
        (tree, id)
    }

    #[test]
    fn what_decides_who_answers_is_not_safe() {
        let check = |text: &str, safe: bool| {
            let (tree, id) = first(text);
            assert_eq!(old_value_is_safe(tree.directive(id)), safe, "{text}");
        };
        check("client_max_body_size 1m;", true);
        check("proxy_read_timeout 1s;", true);
        check("add_header X y;", true);
        check("proxy_set_header X-Real-IP $remote_addr;", true);
        check("proxy_set_header Upgrade $http_upgrade;", false);
        for text in
            ["proxy_pass http://a;", "root /x;", "try_files a b;", "ssl_protocols TLSv1;", "return 404;"]
        {
            check(text, false);
        }
    }

    #[test]
    fn addresses_are_one_however_they_are_written() {
        for text in ["listen 80;", "listen *:80 default_server;", "listen 0.0.0.0:80;"] {
            let (tree, id) = first(text);
            assert_eq!(address(tree.directive(id)).as_deref(), Some(&b"*:80"[..]), "{text}");
        }
        let (tree, id) = first("listen [::1];");
        assert_eq!(address(tree.directive(id)).as_deref(), Some(&b"[::1]:80"[..]));
    }

    #[test]
    fn locations_of_the_new_client_are_known_by_their_path() {
        for (text, expect) in [
            ("location /user-ui/ { }", true),
            ("location ~ ^/user-ui(/.*)?$ { }", true),
            ("location = /user-ui { }", true),
            ("location /users { }", false),
        ] {
            let (tree, id) = first(text);
            assert_eq!(is_about_new_client(tree.directive(id)), expect, "{text}");
        }
    }
}
