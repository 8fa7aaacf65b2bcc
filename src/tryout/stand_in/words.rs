//! Reading command lines of others.
//!
//! Invariant: pure.

/// The first word that is no option; `valued` are the options whose value is a word of its own.
pub(super) fn first<'a>(arguments: &'a [String], valued: &[&str]) -> Option<&'a str> {
    operands(arguments, valued).next()
}

/// The words that are no options, nor values of these.
pub(super) fn operands<'a>(arguments: &'a [String], valued: &[&str]) -> impl Iterator<Item = &'a str> {
    let mut is_value = false;
    let mut ended = false;
    let words = arguments.iter().filter(move |word| {
        if std::mem::take(&mut is_value) {
            return false;
        }
        if ended || !word.starts_with('-') || word.as_str() == "-" {
            return true;
        }
        ended = word.as_str() == "--";
        is_value = valued.contains(&word.as_str());
        false
    });
    words.map(String::as_str).collect::<Vec<_>>().into_iter()
}

/// Whether one of these options is there, alone or with `=…`.
pub(super) fn has(arguments: &[String], options: &[&str]) -> bool {
    let is = |word: &String| {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        options.contains(&name)
    };
    arguments.iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_options_are_no_operands() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let line = words("-p X --now enable --quiet nginx -- -odd");
        assert_eq!(operands(&line, &["-p"]).collect::<Vec<_>>(), ["enable", "nginx", "-odd"]);
        assert_eq!(first(&words("-x"), &[]), None);
        assert!(has(&line, &["--now"]) && has(&words("--root=/x"), &["--root"]) && !has(&line, &["-q"]));
    }
}
