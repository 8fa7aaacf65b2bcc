//! The little that must be known of directives to nest them as nginx does.
//!
//! Invariant: a name is listed only where nginx itself refuses the other form
//! with the reason given here. Unknown directives may always have a block.

/// The size of nginx's read buffer (`NGX_CONF_BUFFER`): a word, quoted text or
/// comment that fills it without an end is refused.
pub const BUFFER: usize = 4096;

/// Blocks whose entries are data: nginx refuses a `{` inside of them.
const DATA_BLOCKS: &[&str] = &["charset_map", "geo", "map", "split_clients", "types"];

/// Directives that are never followed by a block; an unquoted `{` in a
/// regular expression turns them into one by accident.
const SIMPLE: &[&str] = &[
    "access_log", "add_header", "alias", "allow", "auth_basic", "break", "client_max_body_size",
    "default_type", "deny", "env", "error_log", "error_page", "expires", "fastcgi_param", "fastcgi_pass",
    "fastcgi_split_path_info", "gzip", "gzip_types", "include", "index", "keepalive_timeout", "listen",
    "load_module", "log_format", "pid", "proxy_buffering", "proxy_connect_timeout", "proxy_cookie_path",
    "proxy_http_version", "proxy_pass", "proxy_read_timeout", "proxy_redirect", "proxy_send_timeout",
    "proxy_set_header", "return", "rewrite", "root", "sendfile", "server_name", "set", "ssl_certificate",
    "ssl_certificate_key", "sub_filter", "try_files", "user", "uwsgi_pass", "valid_referers",
    "worker_connections", "worker_processes",
];

/// Directives that are always followed by a block.
const BLOCKS: &[&str] =
    &["events", "geo", "http", "if", "limit_except", "location", "map", "split_clients", "types"];

/// Whether the entries of the block are data and not directives.
pub(super) fn holds_data(name: &[u8]) -> bool {
    listed(DATA_BLOCKS, name)
}

/// Whether nginx would refuse a block behind this directive.
pub(super) fn never_opens(name: &[u8]) -> bool {
    listed(SIMPLE, name)
}

/// Whether nginx would refuse this directive without a block.
pub(super) fn always_opens(name: &[u8]) -> bool {
    listed(BLOCKS, name)
}

fn listed(names: &[&str], name: &[u8]) -> bool {
    names.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_disjoint() {
        for list in [DATA_BLOCKS, SIMPLE, BLOCKS] {
            assert!(list.is_sorted());
        }
        assert!(SIMPLE.iter().all(|name| !always_opens(name.as_bytes()) && !holds_data(name.as_bytes())));
    }
}
