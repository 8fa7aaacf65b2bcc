//! What is planned for which server: finding Motion among other things, and
//! trees that were made to harm.

mod blocks;
mod choosing;
mod discovery;
mod hostile;
mod vendor;
