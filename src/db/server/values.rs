//! The driver's values as ours, and ours as the driver's.
//!
//! Invariant: the same value is the same whichever of the server's protocols brought it.

use crate::db::value::Value;
use mysql::consts::{ColumnFlags, ColumnType};
use mysql::{Column, Params};

/// The number of bytes, in the place of a character set (Protocol::ColumnDefinition, collation 63).
const BINARY: u16 = 63;

/// Values for the places of a statement.
pub(super) fn parameters(values: &[Value]) -> Params {
    Params::Positional(
        values
            .iter()
            .map(|value| match value {
                Value::Null => mysql::Value::NULL,
                Value::Int(number) => mysql::Value::Int(*number),
                Value::UInt(number) => mysql::Value::UInt(*number),
                Value::Float(number) => mysql::Value::Double(*number),
                Value::Text(text) => mysql::Value::Bytes(text.clone().into_bytes()),
                Value::Bytes(bytes) => mysql::Value::Bytes(bytes.clone()),
            })
            .collect(),
    )
}

/// The same value for both of the server's protocols: statements with values answer in binary, others in text.
pub(super) fn converted(value: mysql::Value, column: &Column) -> Value {
    match value {
        mysql::Value::NULL => Value::Null,
        mysql::Value::Int(number) => Value::Int(number),
        mysql::Value::UInt(number) => whole(number),
        // The shortest digits that mean it, as in the text protocol: 0.1 and not 0.10000000149011612.
        mysql::Value::Float(number) => {
            Value::Float(number.to_string().parse().unwrap_or_else(|_| f64::from(number)))
        }
        mysql::Value::Double(number) => Value::Float(number),
        mysql::Value::Date(year, month, day, ..) if column.column_type() == ColumnType::MYSQL_TYPE_DATE => {
            Value::Text(format!("{year:04}-{month:02}-{day:02}"))
        }
        mysql::Value::Date(year, month, day, hour, minute, second, micros) => Value::Text(format!(
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}",
            fraction(micros, column.decimals())
        )),
        mysql::Value::Time(negative, days, hours, minutes, seconds, micros) => Value::Text(format!(
            "{}{:02}:{minutes:02}:{seconds:02}{}",
            if negative { "-" } else { "" },
            u64::from(days) * 24 + u64::from(hours),
            fraction(micros, column.decimals())
        )),
        mysql::Value::Bytes(bytes) => from_bytes(bytes, column),
    }
}

fn fraction(micros: u32, decimals: u8) -> String {
    let digits = format!("{micros:06}");
    match digits.get(..usize::from(decimals.min(6))) {
        Some(digits) if !digits.is_empty() => format!(".{digits}"),
        _ => String::new(),
    }
}

fn whole(number: u64) -> Value {
    i64::try_from(number).map_or(Value::UInt(number), Value::Int)
}

fn from_bytes(bytes: Vec<u8>, column: &Column) -> Value {
    use ColumnType as T;
    let text = |bytes: Vec<u8>| match String::from_utf8(bytes) {
        Ok(text) => Value::Text(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    };
    match column.column_type() {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR => {
            let digits = std::str::from_utf8(&bytes).ok();
            let number = if column.flags().contains(ColumnFlags::UNSIGNED_FLAG) {
                digits.and_then(|text| text.parse().ok()).map(whole)
            } else {
                digits.and_then(|text| text.parse().ok()).map(Value::Int)
            };
            number.unwrap_or_else(|| text(bytes))
        }
        T::MYSQL_TYPE_FLOAT | T::MYSQL_TYPE_DOUBLE => {
            let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
            number.map_or_else(|| text(bytes), Value::Float)
        }
        T::MYSQL_TYPE_BIT if bytes.len() <= 8 => {
            whole(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        T::MYSQL_TYPE_DECIMAL
        | T::MYSQL_TYPE_NEWDECIMAL
        | T::MYSQL_TYPE_JSON
        | T::MYSQL_TYPE_DATE
        | T::MYSQL_TYPE_NEWDATE
        | T::MYSQL_TYPE_TIME
        | T::MYSQL_TYPE_DATETIME
        | T::MYSQL_TYPE_TIMESTAMP => text(bytes),
        _ if column.character_set() == BINARY => Value::Bytes(bytes),
        _ => text(bytes),
    }
}
