//! Every key of the settings, for the documentation.
//!
//! Invariant: a key that is read is here, and one that is here is read.

/// A key of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The table that it stands in, as it is written: `[watch]`; empty for the top.
    pub table: &'static str,
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
    /// The option of the same meaning; empty where there is none.
    pub option: &'static str,
    pub meaning: &'static str,
}

const fn key(name: &'static str, value: &'static str, option: &'static str, meaning: &'static str) -> Key {
    Key { table: "", name, value, option, meaning }
}

const fn watch(name: &'static str, value: &'static str, option: &'static str, meaning: &'static str) -> Key {
    Key { table: "[watch]", name, value, option, meaning }
}

const fn probe(name: &'static str, value: &'static str, meaning: &'static str) -> Key {
    Key { table: "[[probe]]", name, value, option: "", meaning }
}

/// Every key, in the order of the packaged file.
pub const KEYS: [Key; 24] = [
    key("site", "path", "--site", "Motion's NGINX file, where it cannot be found or several fit"),
    key("nginx", "path", "--nginx", "NGINX's program, where it is not the one on PATH"),
    key("nginx_conf", "path", "--nginx-conf", "NGINX's main file, where it cannot be found"),
    key("bundle", "path", "--bundle", "templates of your own in the place of the built-in ones"),
    key(
        "bundle_signer",
        "list of public keys",
        "--bundle-signer",
        "who may sign them; what none of them signed stops a change",
    ),
    key("new_client_root", "path", "--new-client-root", "the new client's folder, where it cannot be found"),
    key("new_client_upstream", "URL", "--new-client-upstream", "the address that serves the new client"),
    key(
        "strategy",
        "`graft`, `merge` or `replace`",
        "--strategy",
        "how the change is made; chosen by what is known of the file without it",
    ),
    key(
        "accept",
        "list of codes",
        "--accept",
        "findings that are accepted on this server, beside those of the command line",
    ),
    key("reload_timeout", "duration", "--reload-timeout", "how long a reload may take; 30s without it"),
    key(
        "no_sandbox",
        "true or false",
        "--no-sandbox",
        "validate after installing, where the kernel refuses a sandbox",
    ),
    key("db", "URL", "--db", "Motion's database"),
    key("no_db", "true or false", "--no-db", "ask no database"),
    key("defaults_file", "path", "--defaults-file", "where the database's user and password are"),
    key("db_ca", "path", "--db-ca", "the authority that signed the database server's certificate"),
    key("map", "path", "--map", "which table and column of the database holds what"),
    watch(
        "heal",
        "`tell` or `apply`",
        "--heal",
        "what `watch` does about an update that overwrote Motion's file; `tell` without it",
    ),
    watch(
        "confirm_within",
        "duration",
        "--confirm-within",
        "what was healed is undone unless confirmed in this time; 1h without it",
    ),
    watch(
        "settle",
        "duration",
        "--settle",
        "how long the files must stay as they are before they are judged; 5s without it",
    ),
    watch("textfile", "path", "--textfile", "figures for Prometheus"),
    watch(
        "command",
        "list: a program and its arguments",
        "",
        "run when the verdict is another one than before; it must be root's alone",
    ),
    probe(
        "url",
        "URL",
        "what else must answer after a change; a server block of this configuration must listen for it",
    ),
    probe("status", "number", "the status that it must answer with; 200 without it"),
    probe("contains", "text", "what its answer must contain"),
];
