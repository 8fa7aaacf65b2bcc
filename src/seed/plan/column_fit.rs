//! Whether a column can hold a value, as far as its definition says.
//!
//! Invariant: pure; what is refused here would be refused, cut or rounded by the server. Types are read as a server means
//! them, on every engine.

use crate::db::Value;
use crate::db::catalog::Column;
use crate::outcome::counted;
use crate::seed::manifest::shown;
use crate::seed::verify::members;
use std::fmt::Display;

/// What keeps a column from holding a value; `what` is the manifest's word for it.
pub(super) fn refusal(what: &dyn Display, value: &Value, column: &Column) -> Option<String> {
    let name = &column.name;
    match value {
        Value::Null if column.nullable => None,
        Value::Null => Some(format!("`{what}` cannot be null: the column {name} is NOT NULL")),
        Value::Text(_) | Value::Int(_) | Value::UInt(_) => {
            let text = value.display();
            let held = match base(column) {
                "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => integer(&text, column),
                "decimal" | "numeric" => decimal(&text, column),
                "float" => float(&text),
                _ => return words(what, &text, column),
            };
            let held = held.err()?;
            Some(format!(
                "`{what}` is {}, and the column {name} ({}) holds {held}",
                shown(&text),
                column.full_type.to_lowercase()
            ))
        }
        Value::Float(_) | Value::Bytes(_) => None,
    }
}

/// The type's first word.
fn base(column: &Column) -> &str {
    column.data_type.split_whitespace().next().unwrap_or_default()
}

fn is_unsigned(column: &Column) -> bool {
    let full = column.full_type.to_ascii_lowercase();
    full.contains("unsigned") || full.contains("zerofill")
}

fn integer(text: &str, column: &Column) -> Result<(), String> {
    let bits = match base(column) {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "bigint" => 64,
        _ => 32,
    };
    let all = 1_i128 << bits;
    let (least, most) = if is_unsigned(column) { (0, all - 1) } else { (-all / 2, all / 2 - 1) };
    let is_whole = match text.parse::<i128>() {
        // `007` would come back as 7.
        Ok(number) => number.to_string() == text && (least..=most).contains(&number),
        Err(_) => text
            .parse::<f64>()
            .is_ok_and(|number| number.fract() == 0.0 && (least as f64..=most as f64).contains(&number)),
    };
    if is_whole { Ok(()) } else { Err(format!("whole numbers from {least} to {most}")) }
}

/// `decimal(5,2)` holds three digits before the point and two behind it.
fn decimal(text: &str, column: &Column) -> Result<(), String> {
    let size = column.full_type.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let Some((size, _)) = size else { return Ok(()) };
    let (precision, scale) = size.split_once(',').unwrap_or((size, "0"));
    let (Ok(precision), Ok(scale)) = (precision.trim().parse::<usize>(), scale.trim().parse::<usize>())
    else {
        return Ok(());
    };
    let digits = text.trim_start_matches(['+', '-']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        // With an exponent; the server's word is waited for.
        return Ok(());
    }
    let before = precision.saturating_sub(scale);
    let fits = whole.trim_start_matches('0').len() <= before && fraction.trim_end_matches('0').len() <= scale;
    if !fits {
        return Err(format!("{} before the point and {scale} behind it", counted(before, "digit")));
    }
    if text.starts_with('-') && is_unsigned(column) {
        return Err("no negative numbers".to_owned());
    }
    Ok(())
}

/// A FLOAT keeps about seven digits.
fn float(text: &str) -> Result<(), String> {
    let Ok(wanted) = text.parse::<f64>() else { return Ok(()) };
    let kept = wanted as f32;
    let back: f64 = kept.to_string().parse().unwrap_or(f64::NAN);
    if back.total_cmp(&wanted).is_eq() { Ok(()) } else { Err(format!("{kept} in its place")) }
}

fn words(what: &dyn Display, text: &str, column: &Column) -> Option<String> {
    let name = &column.name;
    if let Some(members) = members(column) {
        let has = members.iter().any(|member| member == text);
        let message = || {
            format!("`{what}` is {}, and the column {name} holds only {}", shown(text), members.join(", "))
        };
        return (!has).then(message);
    }
    // Of these types the length is in bytes.
    let in_bytes = matches!(base(column), "tinytext" | "text" | "mediumtext" | "longtext")
        && column.charset.as_deref().is_some_and(|charset| charset.starts_with("utf8"));
    let (length, unit) = if in_bytes { (text.len(), "bytes") } else { (text.chars().count(), "characters") };
    let most = column.length.filter(|most| length as u64 > *most)?;
    Some(format!("`{what}` has {length} {unit}, and the column {name} holds {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(full_type: &str, length: Option<u64>) -> Column {
        Column { length, charset: Some("utf8mb4".to_owned()), ..Column::bare("a", full_type) }
    }

    fn check(full_type: &str, value: impl Into<Value>, expect: Option<&str>) {
        let value = value.into();
        let found = refusal(&"x", &value, &column(full_type, None));
        let found = found.as_deref().map(|text| text.split(" holds ").nth(1).unwrap_or(text));
        assert_eq!(found, expect, "{value:?} in {full_type}");
    }

    #[test]
    fn whole_numbers_have_a_range() {
        let tiny = Some("whole numbers from -128 to 127");
        check("tinyint(4)", 127_i64, None);
        check("tinyint(4)", 128_i64, tiny);
        check("tinyint(4)", -129_i64, tiny);
        check("tinyint(3) unsigned", 255_i64, None);
        check("tinyint(3) unsigned", -1_i64, Some("whole numbers from 0 to 255"));
        check("smallint(5) unsigned zerofill", 65_536_i64, Some("whole numbers from 0 to 65535"));
        check("mediumint(9)", 8_388_608_i64, Some("whole numbers from -8388608 to 8388607"));
        check("int(11)", i64::from(i32::MAX) + 1, Some("whole numbers from -2147483648 to 2147483647"));
        check("bigint(20)", i64::MAX, None);
        check("bigint(20) unsigned", u64::MAX, None);
        check("tinyint(4)", "12", None);
        check("tinyint(4)", "1.0", None);
        for text in ["1.5", "007", "abc", ""] {
            check("tinyint(4)", text, tiny);
        }
    }

    #[test]
    fn fractions_are_not_rounded() {
        let two = Some("3 digits before the point and 2 behind it");
        check("decimal(5,2)", "999.99", None);
        check("decimal(5,2)", "-0012.500", None);
        check("decimal(5,2)", "1000", two);
        check("decimal(5,2)", 1_000_i64, two);
        check("decimal(5,2)", "0.125", two);
        check("decimal(5,2) unsigned", "-1", Some("no negative numbers"));
        check("decimal(5)", "0.5", Some("5 digits before the point and 0 behind it"));
        check("float", "0.1", None);
        check("float", "16777216", None);
        check("float", 16_777_217_i64, Some("16777216 in its place"));
        check("float", "0.123456789", Some("0.12345679 in its place"));
        check("double", "0.123456789", None);
    }

    #[test]
    fn texts_have_a_length() {
        let check = |full_type: &str, length, charset: &str, text: &str, expect: Option<&str>| {
            let column = Column { charset: Some(charset.to_owned()), ..column(full_type, Some(length)) };
            assert_eq!(refusal(&"x", &text.into(), &column).as_deref(), expect, "{text} in {full_type}");
        };
        check("varchar(3)", 3, "utf8mb4", "äöü", None);
        check("varchar(3)", 3, "utf8mb4", "abcd", Some("`x` has 4 characters, and the column a holds 3"));
        check("tinytext", 4, "utf8mb4", "äö", None);
        check("tinytext", 4, "utf8mb3", "äöü", Some("`x` has 6 bytes, and the column a holds 4"));
        check("tinytext", 4, "latin1", "äöü", None);
        check("enum('a','B')", 1, "utf8mb4", "B", None);
        check("enum('a','B')", 1, "utf8mb4", "b", Some("`x` is `b`, and the column a holds only a, B"));
    }
}
