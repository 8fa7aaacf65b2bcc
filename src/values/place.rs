//! Where something stands in a text.
//!
//! Invariant: lines and columns count from 1, as editors do. No text is part of it: what stands there may be a secret.

/// Line and column of a byte; of the end, where the text is shorter.
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn a_byte_has_a_line_and_a_column() {
        let check = |text: &str, offset: usize, place: (usize, usize)| {
            assert_eq!(line_and_column(text, offset), place, "{text:?} {offset}");
        };
        check("", 0, (1, 1));
        check("ab\ncd", 4, (2, 2));
        check("ab\ncd", 99, (2, 3));
        // Inside of a character of two bytes, and behind it.
        check("é=\n", 1, (1, 1));
        check("é=\n", 2, (1, 2));
        check("a\n", 2, (2, 1));
    }
}
