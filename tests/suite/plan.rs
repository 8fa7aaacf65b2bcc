//! What is planned for which server: finding Motion among other things, and
//! trees that were made to harm.

mod blocks;
mod discovery;
mod hostile;
mod random;
