//! The routing bundle: the templates of the new client's locations and of the
//! whole site, who signed them, and their rendering.
//!
//! Invariant: what is rendered is one `location` with the identity that the
//! manifest names; no value can close a block or add a directive. Pure: the
//! bytes of a `--bundle` folder are read elsewhere.

mod bounds;
mod budget;
mod error;
mod manifest;
mod model;
mod origin;
mod render;
mod values;

pub use error::BundleError;
pub use manifest::{FORMAT, MANIFEST};
pub use model::{Bundle, ClientKind};
pub use origin::{BundleKey, Folder, LIST, NotKey, Origin, SIGNATURE};
pub use render::{MissingFiles, RenderedRoute, RouteValues, SiteValues, Switch, Tls, Transport};
pub use values::{
    BadValue, BelowRoute, ClientFolder, ClientSource, FilePath, Listen, ServerName, Size, UpstreamUrl,
};
