//! Learns the schema map from one profile that a person makes by hand in Motion's own interface.
//!
//! Invariant: the database is only read. Of rows that are not the profile's own, nothing but counts and names of
//! columns is kept or said; columns that look like secrets are not read at all. What was learned outranks what
//! `discover` concludes, and what was not witnessed is never called learned.

mod besides;
mod changes;
mod deletion;
mod distinct;
mod evidence;
mod fixed;
mod journals;
mod lesson;
mod links;
mod lists;
mod look;
mod mistakes;
mod model;
mod picture;
mod profile;
mod sections;
mod task;
mod told_apart;
mod twins;

pub use changes::{Changes, compare};
pub use deletion::{Deletion, Fate, after_deletion};
pub use lesson::{Lesson, lesson};
pub use look::photograph;
pub use model::Lost;
pub use picture::{FORMAT, Found, Known, NoPicture, Pair, Picture, Task};
pub use sections::{outranked, taught};
pub use task::{Choice, choose, without_step};
