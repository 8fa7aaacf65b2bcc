//! The sandbox against the real kernel and the real nginx.

mod life;
mod modes;
mod network;
mod outside;
mod tree;
