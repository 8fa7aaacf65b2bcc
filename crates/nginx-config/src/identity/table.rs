//! The table: how each known directive is recognised, and which siblings
//! nginx takes in order.
//!
//! Invariant: data only. A directive that is not listed is known by its name
//! and its first argument.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Which arguments tell a directive from its siblings of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// None: it stands once in its block, and what differs is its value.
    Name,
    /// None, and directives of one slot exclude each other.
    Slot(&'static str),
    /// The first.
    First,
    /// The last: the variable that a block defines.
    Last,
    /// All but the last, which is the value.
    AllButLast,
    /// All of them: there is no value that could change.
    All,
    /// The one that starts like this.
    Prefixed(&'static str),
    /// The header's name in `Name: value`.
    HeaderLine,
    /// The modifier and the path.
    Location,
    /// Address and port.
    Listen,
    /// The status codes.
    Codes,
    /// The `listen` and `server_name` in the block.
    Server,
}

/// The directives that are not simply single-valued by name.
pub(super) const RULES: &[(&str, Rule)] = &[
    ("access_log", Rule::First),
    ("add_header", Rule::First),
    ("add_trailer", Rule::First),
    ("alias", Rule::Slot("root")),
    ("allow", Rule::First),
    ("ancient_browser", Rule::All),
    ("auth_request_set", Rule::First),
    ("charset_map", Rule::All),
    ("debug_connection", Rule::All),
    ("deny", Rule::First),
    ("env", Rule::All),
    ("error_log", Rule::First),
    ("error_page", Rule::Codes),
    ("fastcgi_cache_path", Rule::First),
    ("fastcgi_cache_valid", Rule::AllButLast),
    ("fastcgi_hide_header", Rule::First),
    ("fastcgi_param", Rule::First),
    ("fastcgi_pass", Rule::Slot("handler")),
    ("fastcgi_pass_header", Rule::First),
    ("geo", Rule::Last),
    ("geoip2", Rule::First),
    ("grpc_hide_header", Rule::First),
    ("grpc_pass", Rule::Slot("handler")),
    ("grpc_pass_header", Rule::First),
    ("grpc_set_header", Rule::First),
    ("grpc_ssl_conf_command", Rule::First),
    ("hash", Rule::Slot("balancer")),
    ("http2_push", Rule::All),
    ("if", Rule::All),
    ("image_filter", Rule::First),
    ("include", Rule::All),
    ("ip_hash", Rule::Slot("balancer")),
    ("js_import", Rule::All),
    ("js_set", Rule::First),
    ("js_var", Rule::First),
    ("least_conn", Rule::Slot("balancer")),
    ("limit_conn", Rule::First),
    ("limit_conn_zone", Rule::Prefixed("zone=")),
    ("limit_except", Rule::All),
    ("limit_req", Rule::Prefixed("zone=")),
    ("limit_req_zone", Rule::Prefixed("zone=")),
    ("listen", Rule::Listen),
    ("load_module", Rule::All),
    ("location", Rule::Location),
    ("log_format", Rule::First),
    ("map", Rule::Last),
    ("memcached_pass", Rule::Slot("handler")),
    ("mirror", Rule::All),
    ("modern_browser", Rule::First),
    ("more_clear_headers", Rule::All),
    ("more_clear_input_headers", Rule::All),
    ("more_set_headers", Rule::HeaderLine),
    ("more_set_input_headers", Rule::HeaderLine),
    ("perl_set", Rule::First),
    ("proxy_cache_path", Rule::First),
    ("proxy_cache_valid", Rule::AllButLast),
    ("proxy_cookie_domain", Rule::First),
    ("proxy_cookie_flags", Rule::First),
    ("proxy_cookie_path", Rule::First),
    ("proxy_hide_header", Rule::First),
    ("proxy_pass", Rule::Slot("handler")),
    ("proxy_pass_header", Rule::First),
    ("proxy_redirect", Rule::First),
    ("proxy_set_header", Rule::First),
    ("proxy_ssl_conf_command", Rule::First),
    ("random", Rule::Slot("balancer")),
    ("rewrite", Rule::First),
    ("root", Rule::Slot("root")),
    ("scgi_cache_path", Rule::First),
    ("scgi_cache_valid", Rule::AllButLast),
    ("scgi_hide_header", Rule::First),
    ("scgi_param", Rule::First),
    ("scgi_pass", Rule::Slot("handler")),
    ("scgi_pass_header", Rule::First),
    ("set", Rule::First),
    ("set_by_lua_block", Rule::First),
    ("set_real_ip_from", Rule::All),
    ("split_clients", Rule::Last),
    ("ssl_conf_command", Rule::First),
    ("ssl_session_ticket_key", Rule::All),
    ("sub_filter", Rule::First),
    ("thread_pool", Rule::First),
    ("upstream", Rule::First),
    ("uwsgi_cache_path", Rule::First),
    ("uwsgi_cache_valid", Rule::AllButLast),
    ("uwsgi_hide_header", Rule::First),
    ("uwsgi_param", Rule::First),
    ("uwsgi_pass", Rule::Slot("handler")),
    ("uwsgi_pass_header", Rule::First),
    ("uwsgi_ssl_conf_command", Rule::First),
    ("xslt_param", Rule::First),
    ("xslt_string_param", Rule::First),
];

/// Families of nginx's own directives: single-valued unless listed above.
pub(super) const SINGLE_FAMILIES: &str = "
    aio auth_ autoindex charset client_ dav_ directio fastcgi_ geoip_ grpc_ gunzip gzip http2 http3
    keepalive large_client_ limit_conn_ limit_rate limit_req_ lingering_ log_not_ log_sub map_hash_
    max_ranges memcached_ mp4 open_file_cache open_log_file_ proxy_ quic_ random_ real_ip_ resolver
    scgi_ secure_link send_ sendfile server_name server_tokens ssi ssl sub_filter_ tcp_ types userid
    uwsgi_ variables_hash_ worker_ xslt_
";

/// The rest of nginx's single-valued directives.
pub(super) const SINGLE: &str = "
    absolute_redirect accept_mutex accept_mutex_delay add_after_body add_before_body addition_types break
    chunked_transfer_encoding connection_pool_size create_full_put_path daemon debug_points default_type
    disable_symlinks empty_gif error etag events expires flv http if_modified_since ignore_invalid_headers index
    internal lock_file master_process merge_slashes min_delete_depth mirror_request_body msie_padding
    msie_refresh multi_accept ntlm output_buffers override_charset pcre_jit perl pid port_in_redirect post_action
    postpone_output queue read_ahead recursive_error_pages referer_hash_bucket_size referer_hash_max_size
    request_pool_size reset_timedout_connection return rewrite_log satisfy slice source_charset state status
    sticky stream stub_status subrequest_output_buffer_size thread_pool_queue timer_resolution try_files
    underscores_in_headers uninitialized_variable_warn use user valid_referers working_directory zone
";

pub(super) static SINGLE_PREFIXES: LazyLock<Vec<&str>> =
    LazyLock::new(|| SINGLE_FAMILIES.split_whitespace().collect());
pub(super) static SINGLE_NAMES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| SINGLE.split_whitespace().collect());

/// Siblings of one class are done, or tried, by nginx in the order in which
/// they stand; the order of all others has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderClass {
    /// `allow` and `deny`: the first that matches decides.
    Access,
    /// The rewrite module's directives run like a program.
    Rewrite,
    /// Locations by regular expression: the first that matches answers.
    RegexLocation,
    /// Regular expressions of a `map`, and the shares of `split_clients`.
    Entry,
}

impl OrderClass {
    /// What the list is called in the path of a conflict about its order.
    #[must_use]
    pub fn list(self) -> &'static str {
        match self {
            Self::Access => "order of allow and deny",
            Self::Rewrite => "order of set, if, rewrite and return",
            Self::RegexLocation => "order of locations by regular expression",
            Self::Entry => "order of entries",
        }
    }
}

pub(super) const ACCESS: &[&str] = &["allow", "deny"];
pub(super) const REWRITE: &[&str] =
    &["break", "if", "return", "rewrite", "set", "set_by_lua", "set_by_lua_block", "set_by_lua_file"];
/// Patterns of `rewrite` that every path fits, as people write them.
pub(super) const EVERY_PATH: &[&str] =
    &["^", ".*", "(.*)", "^.*", "^.*$", "^(.*)", "^(.*)$", "^/", "^/.*", "^/(.*)", "^/(.*)$", "^/.*$"];
/// Domains that belong to nobody, kept for examples.
pub(super) const RESERVED_NAMES: &[&str] =
    &["example", "example.com", "example.net", "example.org", "invalid"];
/// Blocks whose entries are known by their first word, which the grammar calls their name.
pub(super) const DATA_BLOCKS: &[&str] = &["charset_map", "geo", "map", "split_clients", "types"];

/// Directives of which the words behind so many have no order (each module's `*_command`), and the block that they must
/// stand in to be that directive.
pub const OPTIONS: &[(&str, Option<&str>, usize)] = &[
    ("addition_types", None, 0),
    ("brotli_types", None, 0),
    ("charset_types", None, 0),
    ("fastcgi_next_upstream", None, 0),
    ("grpc_next_upstream", None, 0),
    ("gzip_types", None, 0),
    ("listen", None, 1),
    ("proxy_next_upstream", None, 0),
    ("proxy_ssl_protocols", None, 0),
    ("server", Some("upstream"), 1),
    ("ssi_types", None, 0),
    ("ssl_protocols", None, 0),
    ("sub_filter_types", None, 0),
    ("uwsgi_next_upstream", None, 0),
];
