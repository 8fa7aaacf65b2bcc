//! What is known of Motion: its routes in a configuration, and its pages.
//!
//! Invariant: pure, and only what public material or the server itself shows;
//! nothing of the vendor's own files is in here.

mod bare;
pub mod error_page;
pub mod guards;
mod javascript;
mod new_client;
pub mod page;
mod routes;
pub mod settings;
mod tables;

pub use bare::{Answered, BARE_ROUTE, Bare, MadeForIt};
pub use new_client::{Content, RouteState, route_state};
pub use routes::{ANY_ROUTE, Block, NEW_CLIENT_ROUTE, PAGES, outer, redirects_only};
