//! `seed schema learn` as processes.
//!
//! Invariant: the road from the first look to a map that discovery could not propose is walked as a person walks it.
