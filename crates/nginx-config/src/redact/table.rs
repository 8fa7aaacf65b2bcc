//! The table: which arguments of a directive can hold a secret, and where their names stand.
//!
//! Invariant: data, and the judgement of a directive's own name by it. The words of a directive's name mean nothing
//! (`proxy_pass`, `ssl_session_timeout`); only what other modules' names end with is read, as their lists are open.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Where a directive's secrets stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A name, and all behind it.
    Named,
    /// Each argument is `Name: value`.
    Headers,
    /// Each argument is `name=value`.
    Assigned,
    /// A comparison.
    Condition,
    /// All from this argument on.
    From(usize),
    /// Code, from this argument on.
    Code(usize),
    /// Addresses and patterns: `name:value` is no assignment there.
    Plain,
    /// Where requests are led to, with or without a scheme.
    Address,
}

/// Directives that are known, in the order of the alphabet.
const TABLE: [(&str, Field); 108] = [
    ("accesskey", Field::From(0)),
    ("access_by_lua", Field::Code(0)),
    ("add_header", Field::Named),
    ("add_trailer", Field::Named),
    ("akamai_token_key", Field::From(0)),
    ("alias", Field::Plain),
    ("allow", Field::Plain),
    ("auth_basic", Field::Plain),
    ("auth_basic_user_file", Field::From(0)),
    ("auth_http_header", Field::Named),
    ("auth_jwt_key", Field::From(0)),
    ("auth_jwt_key_file", Field::From(0)),
    ("auth_request_set", Field::Named),
    ("aws_access_key", Field::From(0)),
    ("aws_secret_key", Field::From(0)),
    ("aws_signing_key", Field::From(0)),
    ("balancer_by_lua", Field::Code(0)),
    ("binddn_passwd", Field::From(0)),
    ("body_filter_by_lua", Field::Code(0)),
    ("client_secret", Field::From(0)),
    ("content_by_lua", Field::Code(0)),
    ("deny", Field::Plain),
    ("encrypted_session_iv", Field::From(0)),
    ("encrypted_session_key", Field::From(0)),
    ("env", Field::Assigned),
    ("exit_worker_by_lua", Field::Code(0)),
    ("fastcgi_param", Field::Named),
    ("fastcgi_pass", Field::Address),
    ("grpc_pass", Field::Address),
    ("grpc_set_header", Field::Named),
    ("grpc_ssl_ciphers", Field::Plain),
    ("grpc_ssl_password_file", Field::From(0)),
    ("gzip_types", Field::Plain),
    ("header", Field::Named),
    ("header_filter_by_lua", Field::Code(0)),
    ("hmac_secure_link_secret", Field::From(0)),
    ("if", Field::Condition),
    ("init_by_lua", Field::Code(0)),
    ("init_worker_by_lua", Field::Code(0)),
    ("js_run", Field::Code(0)),
    ("js_set", Field::Code(1)),
    ("js_var", Field::Named),
    ("license_key", Field::From(0)),
    ("listen", Field::Plain),
    ("location", Field::Plain),
    ("log_by_lua", Field::Code(0)),
    ("more_set_headers", Field::Headers),
    ("memcached_pass", Field::Address),
    ("more_set_input_headers", Field::Headers),
    ("perl", Field::Code(0)),
    ("perl_set", Field::Code(1)),
    ("passenger_env_var", Field::Named),
    ("passenger_set_cgi_param", Field::Named),
    ("passenger_set_header", Field::Named),
    ("proxy_pass", Field::Address),
    ("proxy_ssl_ciphers", Field::Plain),
    ("proxy_ssl_password_file", Field::From(0)),
    ("proxy_set_header", Field::Named),
    ("redis2_query", Field::Named),
    ("redis_auth", Field::From(0)),
    ("resolver", Field::Address),
    ("rewrite_by_lua", Field::Code(0)),
    ("root", Field::Plain),
    ("scgi_param", Field::Named),
    ("scgi_pass", Field::Address),
    ("secure_link_hmac_secret", Field::From(0)),
    ("secure_link_md5", Field::From(0)),
    ("secure_link_secret", Field::From(0)),
    ("secure_token_key", Field::From(0)),
    ("server", Field::Address),
    ("server_name", Field::Plain),
    ("set", Field::Named),
    ("set_by_lua", Field::Code(1)),
    ("set_decode_base64", Field::Named),
    ("set_encode_base64", Field::Named),
    ("set_escape_uri", Field::Named),
    ("set_hmac_sha1", Field::From(1)),
    ("set_hmac_sha256", Field::From(1)),
    ("set_if_empty", Field::Named),
    ("set_md5", Field::Named),
    ("set_quote_sql_str", Field::Named),
    ("set_sha1", Field::Named),
    ("set_unescape_uri", Field::Named),
    ("signing_key", Field::From(0)),
    ("ssl_certificate_by_lua", Field::Code(0)),
    ("ssl_ciphers", Field::Plain),
    ("ssl_client_hello_by_lua", Field::Code(0)),
    ("ssl_conf_command", Field::Plain),
    ("ssl_password_file", Field::From(0)),
    ("ssl_protocols", Field::Plain),
    ("ssl_session_fetch_by_lua", Field::Code(0)),
    ("ssl_session_store_by_lua", Field::Code(0)),
    ("upstream", Field::Plain),
    ("user", Field::Plain),
    ("uwsgi_param", Field::Named),
    ("uwsgi_pass", Field::Address),
    ("uwsgi_ssl_ciphers", Field::Plain),
    ("uwsgi_ssl_password_file", Field::From(0)),
    ("vod_secret_key", Field::From(0)),
    ("zone_sync_ssl_password_file", Field::From(0)),
    ("extra_auth_args", Field::Assigned),
    ("lua_package_path", Field::Plain),
    ("proxy_cookie_domain", Field::Plain),
    ("proxy_ssl_name", Field::Plain),
    ("ssl_ecdh_curve", Field::Plain),
    ("valid_referers", Field::Plain),
    ("xslt_param", Field::Named),
    ("xslt_string_param", Field::Named),
];

static KNOWN: LazyLock<HashMap<&str, Field>> = LazyLock::new(|| TABLE.into_iter().collect());

/// What the names of other modules' directives end with where their argument is the secret itself.
const ENDS: [&str; 9] =
    ["_apikey", "_key", "_passphrase", "_passwd", "_password", "_psk", "_pwd", "_secret", "_token"];
/// Directives that end so and name a file, or what a table is read by.
const OTHERS: [&str; 5] = ["_cache_key", "_certificate_key", "_ticket_key", "_limit_key", "_hash_key"];
/// The same words, alone.
const ALONE: [&str; 10] = [
    "api_key", "apikey", "passphrase", "passwd", "password", "psk", "secret", "secret_key", "shared_key",
    "token",
];

/// Where a directive's secrets stand, where that is known.
pub fn field(directive: &str) -> Option<Field> {
    let known = KNOWN.get(directive).copied();
    let is_one_of = |ends: &[&str]| ends.iter().any(|end| directive.ends_with(end));
    let ends = || is_one_of(&ENDS) && !is_one_of(&OTHERS) || ALONE.contains(&directive);
    known.or_else(|| ends().then_some(Field::From(0)))
}
