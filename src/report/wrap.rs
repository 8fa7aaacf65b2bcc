//! Text in lines that fit, broken between words.
//!
//! Invariant: no word is broken or lost, and neither is what stands in backticks, which people copy; what is cut is marked;
//! widths are what a terminal shows.

use super::glyphs::{ELLIPSIS, Glyphs};

/// A text is never squeezed into less than this beside its name.
const NARROWEST: usize = 24;

/// The text in lines of at most `width` columns, broken between words; a
/// longer word has a line of its own.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // Of the last line, which is as long as the text where lines are endless.
    let mut taken = 0;
    for word in words(text) {
        let wide = columns(word);
        match lines.last_mut() {
            Some(line) if taken + 1 + wide <= width => {
                line.push(' ');
                line.push_str(word);
                taken += 1 + wide;
            }
            _ => {
                lines.push(word.to_owned());
                taken = wide;
            }
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

/// The text as it is where it fits on one line, otherwise on several, the further ones a little deeper.
#[must_use]
pub fn paragraph(text: &str, width: usize) -> Vec<String> {
    const HANG: usize = 2;
    if columns(text) <= width {
        return vec![text.to_owned()];
    }
    let lines = wrapped(text, width.saturating_sub(HANG).max(NARROWEST)).into_iter().enumerate();
    lines.map(|(index, line)| format!("{}{line}", " ".repeat(if index == 0 { 0 } else { HANG }))).collect()
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

/// A command of a shell on as many lines as it takes: pasted whole, it is one command.
#[must_use]
pub fn command(text: &str, width: usize) -> Vec<String> {
    const ON: &str = " \\";
    const INDENT: &str = "    ";
    let fits = columns(text) <= width;
    let mut lines: Vec<String> = Vec::new();
    for word in arguments(text) {
        match lines.last_mut() {
            // Any line but the last has the mark of going on behind it.
            Some(line) if fits || columns(line) + 1 + columns(word) + ON.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(ON);
                lines.push(format!("{INDENT}{word}"));
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The words of a command, what stands in quotes unbroken.
fn arguments(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote, mut is_escaped) = (0, None, false);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if is_escaped => is_escaped = false,
            ('\\', None | Some('"')) => is_escaped = true,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// The text with its middle left out where it is too wide: what it begins with says what it is, and its end says where.
#[must_use]
pub fn shortened(text: &str, width: usize, glyphs: Glyphs) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mark = glyphs.of(ELLIPSIS);
    let room = width.saturating_sub(columns(&mark));
    let (front, back) = (room - room / 2, room / 2);
    let taken = |characters: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        characters
            .take_while(|character| {
                used += columns(character.encode_utf8(&mut [0; 4]));
                used <= room
            })
            .collect::<String>()
    };
    let start = taken(&mut text.chars(), front);
    let end: String = taken(&mut text.chars().rev(), back).chars().rev().collect();
    format!("{start}{mark}{end}")
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
    fn a_command_goes_on_below_as_shells_read_it() {
        let text = "motionctl apply --root '/a b/c' --candidate new.conf";
        assert_eq!(command(text, 80), [text]);
        let lines = command(text, 30);
        assert_eq!(lines, ["motionctl apply --root \\", "    '/a b/c' --candidate \\", "    new.conf"]);
        assert!(lines.iter().all(|line| columns(line) <= 30));
        // The last line needs no room for the mark, where all of it fits.
        assert_eq!(command("a bb", 4), ["a bb"]);
        assert_eq!(arguments(r#"a\ b "c \" d" 'e \' f"#), [r"a\ b", r#""c \" d""#, r"'e \'", "f"]);
    }

    #[test]
    fn of_what_is_too_wide_the_middle_goes() {
        let check = |text: &str, width: usize, expect: &str| {
            assert_eq!(shortened(text, width, Glyphs::Unicode), expect);
        };
        check("abcdefghijk", 10, "abcde…hijk");
        check("日本語日本語", 7, "日…語");
        check("ab", 0, "…");
        assert_eq!(shortened("abcdefghijk", 10, Glyphs::Ascii), "abcd...ijk");
    }

    #[test]
    fn what_stands_in_backticks_is_one_word() {
        assert_eq!(wrapped("it is `a: b  c`, or x y", 6), ["it is", "`a: b  c`,", "or x y"]);
        assert_eq!(wrapped("(`a b`) é` c", 4), ["(`a b`)", "é` c"]);
        assert_eq!(words("` a b"), ["`", "a", "b"]);
    }
}
