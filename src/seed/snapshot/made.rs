//! What the server makes of texts: how they weigh, and what a character set leaves of them.
//!
//! Invariant: the answer hangs on the expression and the text alone, so that a connection asks for each once, however
//! often the rows are read again. No question is so large that a server's packet could not hold its answer.

use crate::db::{Connection, DbError, Engine, ErrorKind, Value};

/// The most texts in one question: SQLite gives a function so many arguments.
const TEXTS_OF_SQLITE: usize = 100;
/// A server takes longer to prepare a larger question than it saves in answering it.
const TEXTS: usize = 1_000;
/// The most bytes in one question. A weight is up to eight times as long as its text, its digits twice as long again,
/// and the smallest packet of a server in use holds 4 MiB.
const BYTES: usize = 128 << 10;

/// A text that a server is asked about. MySQL takes a bare `?` for a text of the character set it is converted to, and
/// refuses what that cannot hold (3988), which is the very question.
pub(super) const GIVEN: &str = "CONVERT(? USING utf8mb4)";

/// A text as a character set holds it; the charset's name must be a word.
pub(super) fn held(charset: &str, text: &str) -> String {
    format!("CONVERT(CONVERT({text} USING {charset}) USING utf8mb4)")
}

/// What the server makes of each text, by each of the expressions in turn; `?` is the text there.
///
/// # Errors
/// When the database fails, or what an expression makes is NULL.
pub(super) fn made_of(
    conn: &mut Connection,
    expressions: &[String],
    texts: &[&str],
) -> Result<Vec<Vec<u8>>, DbError> {
    let most = if conn.engine() == Engine::Sqlite { TEXTS_OF_SQLITE } else { TEXTS };
    let is_new = |conn: &Connection, text: &str| {
        expressions.iter().any(|expression| conn.made_of(expression, text).is_none())
    };
    let new: Vec<&str> = texts.iter().copied().filter(|text| is_new(conn, text)).collect();
    for piece in pieces(&new, most / expressions.len().max(1)) {
        for (at, made) in ask(conn, expressions, piece)?.into_iter().enumerate() {
            let (text, expression) = (piece[at / expressions.len()], &expressions[at % expressions.len()]);
            conn.remember(expression, text, made);
        }
    }
    let known = |text: &&str, expression: &String| conn.made_of(expression, text).map(<[u8]>::to_vec);
    let all = texts.iter().flat_map(|text| expressions.iter().map(move |expression| (text, expression)));
    all.map(|(text, expression)| known(text, expression).ok_or_else(no_answer)).collect()
}

fn ask(conn: &mut Connection, expressions: &[String], texts: &[&str]) -> Result<Vec<Vec<u8>>, DbError> {
    let each = expressions.iter().map(|text| format!("HEX({text})")).collect::<Vec<_>>().join(", ");
    // One column: the description of a thousand takes longer than what is in them.
    let sql = format!("SELECT CONCAT_WS(',', {})", vec![each.as_str(); texts.len()].join(", "));
    let values = texts.iter().flat_map(|text| std::iter::repeat_n(Value::from(*text), expressions.len()));
    let rows = conn.rows(&sql, &values.collect::<Vec<_>>())?;
    let answers = rows.first().ok_or_else(no_answer)?.text(0)?.split(',').map(hex::decode);
    let answers: Vec<_> = answers.collect::<Result<_, _>>().map_err(|_| no_answer())?;
    // What is NULL is left out, and would move the rest.
    if answers.len() == expressions.len() * texts.len() { Ok(answers) } else { Err(no_answer()) }
}

/// Texts in pieces of few enough and short enough ones; a text is never parted.
fn pieces<'a, 'n>(texts: &'a [&'n str], most: usize) -> Vec<&'a [&'n str]> {
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, text) in texts.iter().enumerate() {
        if index > start && (index - start == most || bytes + text.len() > BYTES) {
            pieces.push(&texts[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += text.len();
    }
    if start < texts.len() {
        pieces.push(&texts[start..]);
    }
    pieces
}

pub(super) fn no_answer() -> DbError {
    DbError::new(ErrorKind::Other, "the server does not say how it compares names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_small_in_number_and_bytes() {
        let check = |lengths: &[usize], expect: &[usize]| {
            let texts: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found: Vec<usize> = pieces(&texts, 100).iter().map(|piece| piece.len()).collect();
            assert_eq!(found, expect, "{lengths:?}");
        };
        check(&[], &[]);
        check(&[1, 1], &[2]);
        check(&[1; 101], &[100, 1]);
        check(&[BYTES, 1, 2 * BYTES, 1], &[1, 1, 1, 1]);
        check(&[BYTES - 1, 1, 1], &[2, 1]);
    }
}
