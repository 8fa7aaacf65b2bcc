//! The arguments of `routes`.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::NginxArgs;
use crate::inspect::{Asked, ServerName};
use clap::Args;

/// Arguments of `routes`.
#[derive(Debug, Args)]
pub struct RoutesArgs {
    /// A path such as /user-ui/login, or an address such as `https://cc.example.test/user-ui/login`; by default Motion's
    /// routes and the paths that its locations are named by
    #[arg(value_name = "URI")]
    pub uris: Vec<Asked>,
    /// Say it of this server block alone; may be given again
    #[arg(long, value_name = "NAME[:PORT]")]
    pub server: Vec<ServerName>,
    /// Which NGINX is this server's.
    #[command(flatten)]
    pub nginx: NginxArgs,
}
