//! What a spreadsheet makes of what somebody typed, as text: numbers, dates, TRUE; and what people write for nothing.
//!
//! Invariant: pure. What may have been something else before a program saved it is refused with what to do; a name that
//! is meant so can be written in a workbook, as text, or in the manifest.

use super::model::{Fault, Kind, Use};
use crate::seed::manifest::{asks, shown};
use regex::Regex;
use std::sync::LazyLock;

const TYPE_AGAIN: &str = "format the column as text, type it again and save again";
const MEANT_SO: &str =
    "format the column as text and type it again; if it is meant so, save the table as .xlsx";

/// Refuses what a text cannot be meant to be in a column of this use.
pub(super) fn check(text: &str, kind: Kind, usage: Use) -> Result<(), Fault> {
    if asks(text) {
        let message = format!("{} asks for a value of a site, and a table cannot", shown(text));
        return Err(Fault::new(message, "write out what is meant"));
    }
    if kind == Kind::Csv {
        saved(text)?;
    }
    match usage {
        Use::Text => Ok(()),
        Use::Name => name(text, kind),
        Use::Digits => extension(text),
    }
}

/// A CSV file has no types: what a program wrote for an error, a formula, a date or TRUE is text there.
fn saved(text: &str) -> Result<(), Fault> {
    const ERRORS: [&str; 8] = ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!"];
    const TRUTHS: [&str; 11] = [
        "TRUE", "FALSE", "WAHR", "FALSCH", "VERO", "FALSO", "VRAI", "FAUX", "VERDADERO", "VERDADEIRO", "WAAR",
    ];
    if ERRORS.contains(&text) {
        return Err(Fault::new(format!("holds the error {text}"), "correct the formula and save again"));
    }
    if text.len() > 1 && text.chars().all(|c| c == '#') {
        return Err(Fault::new(
            "holds a row of #: the column was too narrow",
            "make it wider and save again",
        ));
    }
    if text.starts_with('=') {
        return Err(Fault::new("holds a formula", "write what it gives"));
    }
    if TRUTHS.contains(&text) {
        return Err(Fault::new(format!("holds {text}, which is how a program writes yes or no"), MEANT_SO));
    }
    if is_date(text) {
        return Err(Fault::new(
            format!("{} is how a program writes a date or a time", shown(text)),
            MEANT_SO,
        ));
    }
    Ok(())
}

/// A name is not what people write where there is none.
fn name(text: &str, kind: Kind) -> Result<(), Fault> {
    const NOTHING: [&str; 8] = ["n/a", "n.a.", "none", "null", "nil", "k.a.", "(none)", "(empty)"];
    if !text.chars().any(char::is_alphanumeric) || NOTHING.contains(&text.to_lowercase().as_str()) {
        let message = format!("{} is no name, but what people write where there is none", shown(text));
        return Err(Fault::new(
            message,
            "empty the cell; a name that is meant so is written in the manifest",
        ));
    }
    if kind == Kind::Csv && is_number(text) {
        return Err(Fault::new(format!("{} is how a program writes a number", shown(text)), MEANT_SO));
    }
    Ok(())
}

/// Digits, and what else telephones dial.
fn extension(text: &str) -> Result<(), Fault> {
    if !text.chars().any(|c| c.is_ascii_digit()) {
        let message = format!("{} has no digit and is no extension", shown(text));
        return Err(Fault::new(message, "empty the cell where the agent has none"));
    }
    if is_number(text) {
        let message = format!("{} is how a program writes a number, not an extension", shown(text));
        return Err(Fault::new(message, TYPE_AGAIN));
    }
    if is_date(text) {
        let message = format!("{} is a date or a time, not an extension", shown(text));
        return Err(Fault::new(message, TYPE_AGAIN));
    }
    let odd = |c: &char| !c.is_ascii_alphanumeric() && !matches!(c, '*' | '#' | '+' | '-' | '_');
    if let Some(odd) = text.chars().find(odd) {
        let message = format!("{} holds {} and is no extension", shown(text), shown(&odd.to_string()));
        return Err(Fault::new(message, "write its digits, one extension in a cell"));
    }
    Ok(())
}

/// Whether a text is how programs write numbers that are not plain digits: a fraction, an exponent, parted thousands, a
/// sign.
fn is_number(text: &str) -> bool {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?x)^(
                [-−–]\s?[0-9][0-9.,]* | \([0-9][0-9.,]*\) | [0-9][0-9.,]*[-%] |
                [0-9]+[.,][0-9]+ |
                [0-9]+([.,][0-9]+)?[eE][-+]?[0-9]+ |
                [0-9]{1,3}([.,'’\u{20}\u{a0}\u{2009}\u{202f}][0-9]{3})+([.,][0-9]+)?
            )$",
        )
        .expect("the expression is constant")
    });
    NUMBER.is_match(text)
}

/// Whether a text is how programs write dates and times, in the languages of most spreadsheets.
fn is_date(text: &str) -> bool {
    static DATE: LazyLock<Regex> = LazyLock::new(|| {
        let month = "(?:jan(?:uary|uar|uari|eiro|vier|v)?|feb(?:ruary|ruar|ruari|braio|rero)?|f[ée]v(?:r|rier|ereiro)?|\
            mar(?:ch|zo|s|t|ço)?|m[äa]?rz|mrt|maart|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|ma[iy]|mei|mag(?:gio)?|mayo|maio|\
            jun(?:e|i|io|ho)?|juin|giu(?:gno)?|jul(?:y|i|io|ho)?|juil(?:let)?|lug(?:lio)?|aug(?:ust|ustus)?|\
            ago(?:sto)?|ao[ûu]t?|sept?(?:ember|embre|iembre|tembre)?|set(?:t|tembre|embro)?|o[ck]t(?:ober|obre|ubre)?|\
            ott(?:obre)?|out(?:ubro)?|nov(?:ember|embre|iembre|embro)?|de[czs](?:ember|embre|embro)?|d[ée]c(?:embre)?|\
            dic(?:embre|iembre)?|gen(?:naio)?|ene(?:ro)?)";
        let time = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\s?[ap]m)?";
        let parts = [
            format!(r"[0-9]{{1,4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,4}}(?:[\sT]{time})?"),
            format!(r"[0-9]{{1,2}}(?:[-/]|\.\s?){month}\.?(?:[-/.\s]\s?[0-9]{{2,4}})?"),
            format!(r"{month}\.?[-/\s][0-9]{{2,4}}"),
            time.to_owned(),
        ];
        Regex::new(&format!("(?i)^(?:{})$", parts.join("|"))).expect("the expression is constant")
    });
    DATE.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_all(texts: &[&str], kind: Kind, usage: Use, fine: bool) {
        for text in texts {
            assert_eq!(check(text, kind, usage).is_ok(), fine, "{text} in {kind:?} as {usage:?}");
        }
    }

    #[test]
    fn what_a_program_made_of_a_number_is_no_extension() {
        let made = [
            "1.001", "1,001", "1 003", "1\u{a0}003", "1\u{202f}003", "1'005", "1’005", "1.001.002", "-5",
            "−5", "(5)", "5-", "50%", "03-Mai", "2024-01-31", "01/02/2024", "31.01.2024 00:00", "10:30",
            "TRUE", "-", "n/a", "—", "none", "1001.0", "1001,00", "1.001E+03", "1E3", "1001/1002",
            "1001, 1002", "１００１", "{{ site.x }}1",
        ];
        for kind in [Kind::Csv, Kind::Sheet] {
            check_all(&made, kind, Use::Digits, false);
            check_all(&["0100", "1001", "#1", "*98", "+39021", "100-1", "a100"], kind, Use::Digits, true);
        }
    }

    #[test]
    fn what_a_program_made_of_a_name_is_refused_in_a_csv_file() {
        let made = [
            "TRUE", "FALSE", "WAHR", "03-Mai", "03. Mai", "3-Mar-24", "Jan-24", "Mai 24", "2024-01-31",
            "01/02/2024", "1,001", "1 003", "1'005", "1.001", "1E3", "-5", "10:30", "10:30:00 AM",
        ];
        check_all(&made, Kind::Csv, Use::Name, false);
        check_all(&made, Kind::Sheet, Use::Name, true);
        for kind in [Kind::Csv, Kind::Sheet] {
            check_all(&["-", "—", "n/a", "N/A", "none", "?", "{{ site.x }}", "{{ a"], kind, Use::Name, false);
            let names = [
                "24/7", "May", "True", "Level 2", "1001", "Morning-2", "NA", "08-16", "3 Marketing",
                "- Bruno",
            ];
            check_all(&names, kind, Use::Name, true);
        }
        check_all(&["#N/A", "#REF!", "####", "=\"0100\"", "TRUE"], Kind::Csv, Use::Text, false);
        check_all(&["1001.0", "None", "a=b"], Kind::Csv, Use::Text, true);
    }
}
