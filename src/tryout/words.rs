//! The words and quotations of a line, as a shell parts them.
//!
//! Invariant: pure and total: a quote that is never closed reaches to the end.

use std::ops::Range;

/// How a shell's trace writes a quotation mark inside of quotes.
pub(super) const TRACED: &str = r"'\''";

/// What stands for it while a line is looked at: one quotation mark, and no end of a word.
pub(super) const QUOTE: char = '\u{e000}';

pub(super) struct Word {
    pub(super) place: Range<usize>,
    pub(super) text: String,
    /// An operator of a shell: another command begins behind it.
    pub(super) ends_command: bool,
}

/// The words of a line, as a shell parts them; a quote that is never closed reaches to the end.
pub(super) fn words(line: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let mut letters = line.char_indices().peekable();
    while let Some(&(start, letter)) = letters.peek() {
        if letter.is_whitespace() || "|;&()`".contains(letter) {
            letters.next();
            if !letter.is_whitespace() {
                let place = start..start + letter.len_utf8();
                all.push(Word { place, text: String::new(), ends_command: true });
            }
            continue;
        }
        let (mut text, mut quote, mut end) = (String::new(), None, start);
        while let Some(&(at, letter)) = letters.peek() {
            match quote {
                Some(open) if open == letter => quote = None,
                Some(_) => text.push(letter),
                None if letter == '"' || letter == '\'' => quote = Some(letter),
                // The parts of a query are no commands.
                None if letter == '&' && text.contains("://") => text.push(letter),
                None if letter.is_whitespace() || "|;&()`".contains(letter) => break,
                None => text.push(letter),
            }
            end = at + letter.len_utf8();
            letters.next();
        }
        all.push(Word { place: start..end, text, ends_command: false });
    }
    all
}

/// What stands between the quotation marks that begin there; to the end of the line where none close it. Those of a trace
/// belong to it: what looks at the text behind us knows no [`QUOTE`].
pub(super) fn quotation(line: &str, start: usize) -> Option<Range<usize>> {
    let rest = &line[start..];
    let slashes = rest.len() - rest.trim_start_matches('\\').len();
    let quote = rest[slashes..].chars().next().filter(|letter| ['"', '\'', '`', QUOTE].contains(letter))?;
    let begin = start + slashes + quote.len_utf8();
    let mut end = begin;
    while let Some(found) = line[end..].find(quote) {
        let at = end + found;
        let before = &line[begin..at];
        let escaped = before.len() - before.trim_end_matches('\\').len();
        let doubled = quote == '\'' && at > begin && line[at + 1..].starts_with('\'');
        match (escaped == slashes, doubled) {
            (true, false) if quote == QUOTE => return Some(start..at + QUOTE.len_utf8()),
            (true, false) => return Some(begin..at - slashes),
            (true, true) => end = at + 2,
            (false, _) => end = at + quote.len_utf8(),
        }
    }
    Some(begin..line.trim_end().len().max(begin))
}
