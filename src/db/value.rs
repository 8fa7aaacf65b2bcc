//! Values that go into statements and come out of rows, the same for every engine.
//!
//! Invariant: reading a value as something else than it is gives an error, never a default.

use super::error::{DbError, ErrorKind};
use std::sync::Arc;

/// One value. Dates and decimals are text, as the server writes them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    /// A whole number above the range of `Int`, or of an unsigned column.
    UInt(u64),
    Float(f64),
    Text(String),
    /// Bytes: a binary column, or text that is not UTF-8.
    Bytes(Vec<u8>),
}

impl Value {
    /// Whether it is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// As people read it; NULL is `NULL`.
    #[must_use]
    pub fn display(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Int(number) => number.to_string(),
            Self::UInt(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => format!("0x{}", hex::encode(bytes)),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::UInt(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    names: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(names: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { names, values }
    }

    /// The values in the order of the statement.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The values, taken out.
    #[must_use]
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The value of the column at `index`; NULL beyond the last.
    #[must_use]
    pub fn value(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    /// The value of the column with this name, in any case; columns of `SHOW` differ between servers.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Value> {
        let index = self.names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        self.values.get(index)
    }

    /// Text; NULL is `None`.
    ///
    /// # Errors
    /// When it is not text.
    pub fn optional_text(&self, index: usize) -> Result<Option<&str>, DbError> {
        match self.value(index) {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(self.not_a("text", index)),
        }
    }

    /// Text.
    ///
    /// # Errors
    /// When it is not text, or NULL.
    pub fn text(&self, index: usize) -> Result<&str, DbError> {
        self.optional_text(index)?.ok_or_else(|| self.not_a("text", index))
    }

    /// A whole number, also one written as text or a decimal without a fraction; NULL is `None`.
    ///
    /// # Errors
    /// When it is none.
    pub fn optional_int(&self, index: usize) -> Result<Option<i64>, DbError> {
        let number = match self.value(index) {
            Value::Null => return Ok(None),
            Value::Int(number) => Some(*number),
            Value::UInt(number) => i64::try_from(*number).ok(),
            Value::Text(text) => text.parse().ok(),
            Value::Float(_) | Value::Bytes(_) => None,
        };
        number.map(Some).ok_or_else(|| self.not_a("a whole number", index))
    }

    /// A whole number.
    ///
    /// # Errors
    /// When it is none, or NULL.
    pub fn int(&self, index: usize) -> Result<i64, DbError> {
        self.optional_int(index)?.ok_or_else(|| self.not_a("a whole number", index))
    }

    fn not_a(&self, what: &str, index: usize) -> DbError {
        let name = self.names.get(index).map_or("?", String::as_str);
        DbError::new(ErrorKind::Other, format!("column {name} is not {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_what_it_is() {
        let names: Arc<[String]> = ["a", "B", "c", "d"].map(str::to_owned).to_vec().into();
        let values = vec![Value::UInt(7), "x".into(), Value::Null, Value::Bytes(vec![255])];
        let row = Row::new(names, values);
        assert_eq!(row.int(0), Ok(7));
        assert_eq!(row.text(1), Ok("x"));
        assert_eq!(row.optional_int(2), Ok(None));
        assert_eq!(row.named("b"), Some(&Value::Text("x".to_owned())));
        assert!(row.int(1).is_err() && row.int(2).is_err() && row.text(3).is_err() && row.int(9).is_err());
        assert_eq!(row.text(0).unwrap_err().to_string(), "column a is not text");
    }
}
