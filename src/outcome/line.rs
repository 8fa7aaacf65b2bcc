//! A text of several lines as one line of an answer.
//!
//! Invariant: words stay as they are; only what stands between them does not.

/// The text on one line.
#[must_use]
pub fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same, cut behind so many characters.
#[must_use]
pub fn excerpt(text: &str, longest: usize) -> String {
    let line = on_one_line(text);
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_and_a_long_one_is_cut_between_characters() {
        let check = |text: &str, longest: usize, expect: &str| assert_eq!(excerpt(text, longest), expect);
        check("location /a/ {\n    gzip  on;\n}\n", 160, "location /a/ { gzip on; }");
        check("äöü", 3, "äöü");
        check("äöü", 2, "äö …");
        check(" \n", 2, "");
    }
}
