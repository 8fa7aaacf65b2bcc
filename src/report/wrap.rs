//! Text in lines that fit, broken between words.
//!
//! Invariant: no word is broken or lost, and neither is what stands in backticks, which people copy; widths are what a
//! terminal shows.

/// A text is never squeezed into less than this beside its name.
const NARROWEST: usize = 24;

/// The text in lines of at most `width` columns, broken between words; a
/// longer word has a line of its own.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The parts between which a line may end: at spaces, but none inside of backticks.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(found) = text[at..].find([' ', '`']) {
        let found = at + found;
        at = found + 1;
        if text[found..].starts_with(' ') {
            words.push(&text[start..found]);
            start = at;
        } else if let Some(end) = text[at..].find('`') {
            at += end + 1;
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// `name  text`, the text behind a column of names and its further lines below each other.
#[must_use]
pub fn hanging(name: &str, column: usize, text: &str, width: usize) -> Vec<String> {
    let mut lines = wrapped(text, width.saturating_sub(column).max(NARROWEST)).into_iter();
    let padding = " ".repeat(column.saturating_sub(columns(name)));
    let first = format!("{name}{padding}{}", lines.next().unwrap_or_default());
    let further = lines.map(|line| format!("{}{line}", " ".repeat(column)));
    std::iter::once(first).chain(further).collect()
}

/// How many columns a terminal gives to the text.
#[must_use]
pub fn columns(text: &str) -> usize {
    console::measure_text_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_hang_below_each_other() {
        assert_eq!(wrapped("a  bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(
            hanging("4", 4, "the change failed and was rolled back", 30),
            ["4   the change failed and was", "    rolled back"]
        );
        assert_eq!(hanging("a long name", 4, "x", 30), ["a long namex"]);
        assert_eq!(hanging("a", 4, "", 30), ["a   "]);
    }

    #[test]
    fn what_stands_in_backticks_is_one_word() {
        assert_eq!(wrapped("it is `a: b  c`, or x y", 6), ["it is", "`a: b  c`,", "or x y"]);
        assert_eq!(wrapped("(`a b`) é` c", 4), ["(`a b`)", "é` c"]);
        assert_eq!(words("` a b"), ["`", "a", "b"]);
    }
}
