//! Which server, which NGINX, which database: what several commands ask for alike.
//!
//! Invariant: as of the whole command line, nothing here decides.

use crate::cli::explain::accept_help;
use crate::inspect::ServerName;
use crate::outcome::codes::Family;
use crate::plan::bundle::BundleKey;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Which NGINX is this server's, when it cannot be found.
#[derive(Debug, Clone, Default, Args)]
pub struct NginxArgs {
    /// NGINX's program, when it is not the one on PATH; it must be root's alone all the same
    #[arg(long = "nginx", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub program: Option<PathBuf>,
    /// NGINX's main file, such as /usr/local/nginx/conf/nginx.conf, when it cannot be found
    #[arg(long = "nginx-conf", value_name = "FILE")]
    pub main_file: Option<PathBuf>,
}

/// Where Motion's site and the new client are, when they cannot be found.
#[derive(Debug, Clone, Default, Args)]
pub struct SiteArgs {
    /// Motion's NGINX file, when it cannot be found
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// Motion's server block, when several could be it; may be given again for each of Motion's
    #[arg(long, value_name = "NAME[:PORT]")]
    pub server: Vec<ServerName>,
    /// Which NGINX is this server's.
    #[command(flatten)]
    pub nginx: NginxArgs,
    /// Use the templates in DIR instead of the built-in ones
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bundle: Option<PathBuf>,
    /// A minisign public key that the templates have to be signed with; may be given again
    #[arg(long, value_name = "SIGNER")]
    pub bundle_signer: Vec<BundleKey>,
    /// The new client's folder, when it cannot be found
    #[arg(long, value_name = "DIR", conflicts_with = "new_client_upstream")]
    pub new_client_root: Option<PathBuf>,
    /// The address that serves the new client, such as http://127.0.0.1:9001
    #[arg(long, value_name = "URL")]
    pub new_client_upstream: Option<String>,
    /// Copy what guards today's pages (passwords, addresses, headers, limits) into the new client's location
    #[arg(long)]
    pub inherit_guards: bool,
    /// Findings that are accepted.
    #[arg(long, value_name = "CODE", value_delimiter = ',', help = accept_help(Family::Migration))]
    pub accept: Vec<String>,
    /// Validate after installing where the kernel refuses a sandbox
    #[arg(long)]
    pub no_sandbox: bool,
}

/// Which database is asked, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    /// The database: mysql://USER@HOST:PORT/SCHEMA, mysql:///SCHEMA?socket=PATH,
    /// sqlite:FILE or sqlite; by default the local server's socket, as root
    #[arg(long, value_name = "URL", conflicts_with = "no_db")]
    pub db: Option<String>,
    /// Ask no database
    #[arg(long)]
    pub no_db: bool,
    /// Read user, password and address from a file of MySQL's kind
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub defaults_file: Option<PathBuf>,
    /// The authority that signed the database server's certificate
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub db_ca: Option<PathBuf>,
    /// The schema map: which table and column holds what
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub map: Option<PathBuf>,
}
