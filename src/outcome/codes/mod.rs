//! The one table of findings: what each code means, how it is looked for, what to do, who may accept it.
//!
//! Invariant: a code that is not a row here cannot be raised, accepted or explained. Names are public contract: rows
//! are added, never renamed. A new check is a row here and the function that raises it.

/// Makes a constant of each row, and the list of them all.
macro_rules! codes {
    ($($name:ident = $row:expr;)*) => {
        $(
            #[doc = concat!("The row `", stringify!($name), "`.")]
            pub const $name: $crate::outcome::codes::Code = {
                const ROW: $crate::outcome::codes::Row = $row;
                $crate::outcome::codes::Code::of(&ROW)
            };
        )*
        /// Every row of this part, with the name of its constant.
        pub(super) const ALL: &[(&str, $crate::outcome::codes::Code)] = &[$((stringify!($name), $name)),*];
    };
}

mod accept;
mod areas;
mod base;
mod family;
mod names;
mod place;
mod row;
mod seed;
mod server;
mod site;

pub use accept::{Accepted, acceptable, accepted};
pub use areas::{AREAS, Area};
pub use base::*;
pub use family::{Accept, Family};
pub use names::{all, named, nearest};
pub use place::*;
pub use row::{Code, Grade, Remedy, Row, Typed};
pub use seed::*;
pub use server::*;
pub use site::*;
