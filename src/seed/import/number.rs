//! Numbers of spreadsheets as the text that a person sees.
//!
//! Invariant: a text is given only where it is what the cell shows; zeros that a number cannot keep are a fault.

use super::model::Fault;
use crate::seed::manifest::shown;

/// From here on a spreadsheet's number has lost digits: it keeps 15.
const EXACT: f64 = 1e15;
const TYPE_AGAIN: &str = "format the cell as text and type it again";

/// A whole number as its digits.
pub(super) fn as_text(value: f64, format: &str) -> Result<String, Fault> {
    if value.fract() != 0.0 || !value.is_finite() {
        return Err(Fault::new(format!("holds the number {value}"), TYPE_AGAIN));
    }
    if value.abs() >= EXACT {
        return Err(Fault::new(
            "holds a number of more than 15 digits, the last of which are lost",
            TYPE_AGAIN,
        ));
    }
    let digits = format!("{value:.0}");
    match shape(format) {
        Shape::Digits(least) if least > digits.len() => Err(Fault::new(
            format!(
                "shows {digits:0>least$} and holds the number {digits}: its zeros are the format's alone"
            ),
            TYPE_AGAIN,
        )),
        Shape::Digits(_) => Ok(digits),
        Shape::Other => Err(Fault::new(
            format!("holds the number {digits} and shows it by the format {}", shown(format)),
            TYPE_AGAIN,
        )),
    }
}

/// How a format shows whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// By digits, at least so many, filled up with zeros.
    Digits(usize),
    /// With other characters, or as something else.
    Other,
}

/// Reads the part of a format that is for numbers above 0 (ECMA-376, part 1, 18.8.31).
fn shape(format: &str) -> Shape {
    if format.is_empty() || format == "@" || format.eq_ignore_ascii_case("general") {
        return Shape::Digits(0);
    }
    let mut least = 0;
    let mut is_whole = true;
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        match c {
            ';' => break,
            '0' if is_whole => least += 1,
            '.' => is_whole = false,
            // Places for digits, and what parts thousands: a comma is not part of an extension.
            '0' | '#' | '?' | ',' => {}
            // The width of a character as a gap, or a character as filling.
            '_' | '*' => drop(characters.next()),
            // A colour, a language, a condition.
            '[' => {
                if characters.by_ref().take_while(|c| *c != ']').any(|c| matches!(c, '<' | '>' | '=')) {
                    return Shape::Other;
                }
            }
            _ => return Shape::Other,
        }
    }
    Shape::Digits(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_that_are_shown() {
        let check = |value, format, expect: Option<&str>| {
            assert_eq!(as_text(value, format).ok().as_deref(), expect, "{value} as {format}");
        };
        check(1001.0, "General", Some("1001"));
        check(1001.0, "", Some("1001"));
        check(1001.0, "@", Some("1001"));
        check(1001.0, "0", Some("1001"));
        check(1001.0, "0000", Some("1001"));
        check(1001.0, "#,##0", Some("1001"));
        check(1001.0, "0.00", Some("1001"));
        check(1001.0, "[Red]0_);(0)", Some("1001"));
        check(0.0, "0", Some("0"));
        check(100.0, "0000", None);
        check(100.0, "[$-410]00000;-0", None);
        check(0.0, "000", None);
        check(1001.0, "\"ext \"0", None);
        check(1001.0, "\\+0", None);
        check(1001.0, "0%", None);
        check(1001.0, "0.00E+00", None);
        check(1001.0, "00-00", None);
        check(1001.0, "[<500]0;0000", None);
        check(1001.5, "General", None);
        check(1e15, "General", None);
        check(f64::NAN, "General", None);
    }
}
