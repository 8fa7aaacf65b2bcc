//! What is planned for which server: finding Motion among other things, and
//! trees that were made to harm.

mod blocks;
mod candidates;
mod choosing;
mod copied;
mod discovery;
mod guards;
mod hostile;
mod missing_files;
mod random;
mod replaced;
mod to_come;
mod vendor;
