//! Numbers and the nouns behind them.
//!
//! Invariant: one of a thing is never said in the plural, nor several in the singular.

use super::visible;
use std::fmt::Display;
use std::time::Duration;

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

/// `a, b, c and 2 more`: the first of many names, so many of them, and how many there are besides.
#[must_use]
pub fn first_of<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let mut text = names.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > most {
        text.push_str(&format!(" and {} more", names.len() - most));
    }
    text
}

/// `a, b, … and 2 more`: the same of names as people can tell them apart.
#[must_use]
pub fn first_visible<S: AsRef<str>>(names: impl IntoIterator<Item = S>, most: usize) -> String {
    let mut names = names.into_iter().map(|name| visible(name.as_ref()));
    let mut shown: Vec<String> = names.by_ref().take(most).collect();
    let more = names.count();
    shown.extend((more > 0).then(|| format!("… and {more} more")));
    shown.join(", ")
}

/// `45 s`, `10 min`, `9 min 59 s`, `1 h 30 min`: what a person says of a time, to the second.
#[must_use]
pub fn duration_in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let said: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if said.is_empty() { "0 s".to_owned() } else { said.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_units_that_it_has() {
        let said =
            [0, 45, 60, 599, 3600, 5400, 3661].map(|seconds| duration_in_words(Duration::from_secs(seconds)));
        assert_eq!(said, ["0 s", "45 s", "1 min", "9 min 59 s", "1 h", "1 h 30 min", "1 h 1 min 1 s"]);
    }

    #[test]
    fn of_many_names_the_first_are_said_and_the_rest_is_counted() {
        let said = [0, 2, 3, 5].map(|count| first_of(&["a", "b", "c", "d", "e"][..count], 3));
        assert_eq!(said, ["", "a, b", "a, b, c", "a, b, c and 2 more"]);
    }

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
