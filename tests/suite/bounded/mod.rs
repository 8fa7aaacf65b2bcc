//! What is huge, endless or deep costs little, and Ctrl-C is heard meanwhile.
//!
//! Invariant: each test has a limit of time or of memory that the fault it is about would break by far.

mod children;
mod code;
mod deep;
mod huge;
mod interrupt;
mod many;
mod module_files;
