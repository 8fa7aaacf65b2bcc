//! Names of tables and columns.
//!
//! Invariant: an identifier of the database comes from a schema map and never from a manifest or a
//! saved plan. Whoever writes SQL quotes it by [`Ident::quoted`], which no name can leave.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name that MySQL and MariaDB take, in characters.
const LONGEST: usize = 64;

/// A table's or column's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Ident(String);

impl Ident {
    /// The name without quotes, for people and for looking it up in a catalog.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a column of this name is meant: columns have no case, on MySQL and on SQLite.
    #[must_use]
    pub fn is_column(&self, name: &str) -> bool {
        same_column(&self.0, name)
    }
}

/// Whether two names are the same column's.
#[must_use]
pub fn same_column(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

impl FromStr for Ident {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        // The manual's rules for quoted identifiers: no NUL, nothing beyond the BMP, no space at the end.
        let wrong = if name.is_empty() {
            "is empty"
        } else if name.chars().count() > LONGEST {
            "is longer than 64 characters"
        } else if name.ends_with(' ') {
            "ends in a space"
        } else if name.chars().any(|c| c.is_control() || u32::from(c) > 0xFFFF) {
            "has a character that a name cannot have"
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(format!("the name {name:?} {wrong}"))
    }
}

impl TryFrom<String> for Ident {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_database_takes_them() {
        for good in ["users", "data-3", "UserId", "a b", "naïve", "a`b", &"x".repeat(64)] {
            assert!(good.parse::<Ident>().is_ok(), "{good}");
        }
        for bad in ["", "users ", "a\0b", "a\nb", "😀", &"x".repeat(65)] {
            assert!(bad.parse::<Ident>().is_err(), "{bad}");
        }
    }

    #[test]
    fn columns_have_no_case() {
        let column: Ident = "UserId".parse().expect("a name");
        assert!(column.is_column("USERID") && !column.is_column("User_Id"));
    }
}
