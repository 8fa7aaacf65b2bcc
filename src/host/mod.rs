//! Everything that touches the machine; knows neither NGINX nor Motion.

pub mod net;
pub mod sandbox;
