//! tmp
mod build;
mod upstream;
mod values;
mod written;
