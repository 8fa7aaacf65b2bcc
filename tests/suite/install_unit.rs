//! The units of a program that was copied, of a package and of `make install`: written, enabled, judged, and advised on.
//!
//! Invariant: what is enabled is asked of a systemd, the real one as the first process or its tools on the tree's files.

mod live;
mod tree;
