//! What is known of Motion: its routes in a configuration, and its pages.
//!
//! Invariant: pure, and only what public material or the server itself shows;
//! nothing of the vendor's own files is in here.

pub mod page;
mod routes;
pub mod settings;

pub use routes::{
    ANY_ROUTE, BarePath, Block, Content, NEW_CLIENT_ROUTE, PAGES, RouteState, outer, redirects_only,
    route_state,
};
