//! The probe client: one GET or one WebSocket handshake to a given address.
//!
//! Invariant: a request goes to the address it was given, whatever the name in
//! it says, and ends within [`PROBE_LIMIT`]. No redirect is followed, no proxy
//! variable read, no cookie kept, and no body is ever part of an error. It must
//! not decide what an answer means.

mod client;
mod connect;
mod error;
mod target;
mod websocket;

pub use client::{BodyEnd, Client, PROBE_LIMIT, Response, Reuse, get};
pub use error::ProbeError;
pub use target::{Address, Credentials, Location, Preface, Scheme, Sender, Target};
pub use websocket::{Handshake, accept_for, websocket_handshake};
