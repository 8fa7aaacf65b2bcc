//! Numbers and the nouns behind them.
//!
//! Invariant: one of a thing is never said in the plural, nor several in the singular.

use std::fmt::Display;

/// `1 row`, `2 rows`: a number and a noun whose plural has an `s` and nothing else.
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{end}")
}

/// The same with words of which more changes than the end: `1 row goes`, `2 rows go`.
#[must_use]
pub fn counted_as<N: Display + PartialEq + From<u8>>(count: N, one: &str, several: &str) -> String {
    let words = if count == N::from(1) { one } else { several };
    format!("{count} {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_nouns_agree() {
        let all = [0_usize, 1, 2, 11, 21].map(|count| counted(count, "row"));
        assert_eq!(all, ["0 rows", "1 row", "2 rows", "11 rows", "21 rows"]);
        assert_eq!(
            [1_u64, 2].map(|count| counted_as(count, "row goes", "rows go")),
            ["1 row goes", "2 rows go"]
        );
    }
}
