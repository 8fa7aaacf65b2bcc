//! Values that a schema map may hold, and the types that it may give to settings.
//!
//! Invariant: a literal reaches the database as a bound parameter, never as text of a statement.

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that the map fixes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Literal {
    Text(String),
    Integer(i64),
    /// True or false: 1 or 0 in the database.
    Boolean(bool),
}

/// What a setting may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingType {
    Text,
    Integer,
    Decimal,
    /// True or false: 1 or 0 in the database.
    Boolean,
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(flag) => write!(f, "{flag}"),
        }
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar)
    }
}

/// Reads what TOML can say in one word; there are no floats and dates to be rounded or shifted.
struct Scalar;

impl Visitor<'_> for Scalar {
    type Value = Literal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true or false")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Literal, E> {
        Ok(Literal::Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Literal, E> {
        Ok(Literal::Integer(number))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Literal, E> {
        Ok(Literal::Boolean(flag))
    }
}
