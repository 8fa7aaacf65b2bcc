//! What a recorded line of a column means, however a server of whichever version spells it.
//!
//! Invariant: two lines mean the same exactly if an upgrade of the server alone can turn the one into the other; what
//! was signed on the old version is then still signed. Texts in quotes count letter by letter.

/// Words that compute the moment of an insert; MySQL and MariaDB take each for any other.
const NOW: [&str; 4] = ["current_timestamp", "now", "localtimestamp", "localtime"];
/// Types whose width in brackets pads numbers on a screen and limits nothing.
const PADDED: [&str; 7] = ["tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year"];

/// The line in the one spelling by which lines are compared.
pub fn meaning(line: &str) -> String {
    let words = words(line);
    let mut said: Vec<String> = Vec::new();
    let mut references: Vec<String> = Vec::new();
    let mut rest = words.iter().map(String::as_str);
    let mut is_type = true;
    while let Some(word) = rest.next() {
        match word {
            "charset" => said.extend(["charset".to_owned(), charset(rest.next().unwrap_or_default())]),
            "default" => said.extend(["default".to_owned(), default(rest.next().unwrap_or_default())]),
            // Servers give them in the order of the constraints' names, which a restored dump may have numbered again.
            "references" => references.push(format!("{word} {}", rest.next().unwrap_or_default())),
            "zerofill" => {}
            _ if is_type => said.push(type_of(word)),
            _ => said.push(word.to_owned()),
        }
        is_type = false;
    }
    references.sort();
    references.dedup();
    said.extend(references);
    said.join(" ")
}

/// MySQL called its three-byte UTF-8 `utf8` before 8.0.29, MariaDB before 10.6.
pub fn charset(name: &str) -> String {
    if name.eq_ignore_ascii_case("utf8") { "utf8mb3".to_owned() } else { name.to_lowercase() }
}

/// The type: without widths, and under the name that the server stores it by.
fn type_of(word: &str) -> String {
    let lower = word.to_lowercase();
    match lower.as_str() {
        "bool" | "boolean" => return "tinyint".to_owned(),
        // MariaDB's JSON is a text with a CHECK; MySQL's is a type. Neither takes what the other would not give.
        "json" => return "longtext charset utf8mb4".to_owned(),
        _ => {}
    }
    match lower.split_once('(') {
        Some((name, _)) if PADDED.contains(&name) => integer(name),
        // Members of an ENUM keep their case.
        Some((name @ ("enum" | "set"), _)) => format!("{name}{}", &word[name.len()..]),
        Some(_) => lower,
        None => integer(&lower),
    }
}

fn integer(name: &str) -> String {
    if name == "integer" { "int".to_owned() } else { name.to_owned() }
}

/// `1` and `'1'`, `now()` and `CURRENT_TIMESTAMP`, `(uuid())` and `uuid()` are one default each.
fn default(word: &str) -> String {
    if let Some(inside) = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        // Only numbers were ever shown both with and without quotes.
        return if is_number(inside) { inside.to_owned() } else { word.to_owned() };
    }
    let mut lower = word.to_lowercase();
    while let Some(inside) = lower.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        lower = inside.to_owned();
    }
    let (name, digits) = lower.split_once('(').unwrap_or((&lower, ")"));
    if NOW.contains(&name) {
        let digits = digits.trim_end_matches(')');
        let digits = if digits.is_empty() { "0" } else { digits };
        return format!("current_timestamp({digits})");
    }
    lower
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') && text.parse::<f64>().is_ok()
}

/// The words of a line; what is in quotes or brackets is part of its word, blanks included.
pub fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut in_quotes, mut depth) = (false, 0_usize);
    for c in line.chars() {
        match c {
            '\'' => in_quotes = !in_quotes,
            '(' if !in_quotes => depth += 1,
            ')' if !in_quotes => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c.is_whitespace() && !in_quotes {
            // A blank inside of brackets says nothing: `decimal(10, 2)`.
            if depth == 0 {
                words.push(String::new());
            }
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_of_the_server_changes_no_meaning() {
        for (old, new) in [
            ("varchar(255) charset utf8 null", "varchar(255) charset utf8mb3 null"),
            (
                "varchar(255) charset UTF8 null default 'a b'",
                "varchar(255)  charset utf8mb3 null default 'a b'",
            ),
            ("int(11) not null auto_increment", "int not null auto_increment"),
            ("int(10) unsigned zerofill null", "int unsigned null"),
            ("tinyint(1) not null default '1'", "tinyint not null default 1"),
            ("boolean not null", "tinyint(1) not null"),
            ("tinyint(1) unsigned null", "tinyint unsigned null"),
            ("year(4) null", "year null"),
            ("integer null", "int(11) null"),
            ("int null default '0'", "int null default 0"),
            ("decimal(10, 2) null default '0.00'", "decimal(10,2) null default 0.00"),
            ("datetime not null default current_timestamp()", "datetime not null default CURRENT_TIMESTAMP"),
            ("datetime not null default now()", "datetime not null default current_timestamp()"),
            ("datetime(3) null default current_timestamp(3)", "datetime(3) null default NOW(3)"),
            ("timestamp null default localtimestamp", "timestamp null default current_timestamp(0)"),
            (
                "varchar(36) charset ascii null default (uuid())",
                "varchar(36) charset ascii null default uuid()",
            ),
            ("longtext charset utf8mb4 null", "json null"),
            ("int null references a(id) references b(id)", "int null references b(id) references a(id)"),
        ] {
            assert_eq!(meaning(old), meaning(new), "{old} | {new}");
        }
    }

    #[test]
    fn what_changes_a_value_changes_the_meaning() {
        for (old, new) in [
            ("varchar(255) charset utf8 null", "varchar(255) charset utf8mb4 null"),
            ("varchar(255) charset utf8 null", "varchar(255) charset latin1 null"),
            ("varchar(255) null", "varchar(64) null"),
            ("varchar(255) null", "varchar(255) not null"),
            ("int null", "int unsigned null"),
            ("int null", "bigint null"),
            ("tinyint(1) null default '1'", "tinyint(1) null default '0'"),
            ("tinyint(1) null default '1'", "tinyint(1) null"),
            ("varchar(9) null default 'now()'", "varchar(9) null default now()"),
            ("varchar(9) null default 'A'", "varchar(9) null default 'a'"),
            ("varchar(9) null default 'a  b'", "varchar(9) null default 'a b'"),
            ("datetime not null", "datetime(3) not null"),
            ("datetime null default current_timestamp()", "datetime null default current_timestamp(3)"),
            ("enum('a','b') null", "enum('a','B') null"),
            ("enum('a b','c') null", "enum('ab','c') null"),
            ("decimal(10,2) null", "decimal(8,2) null"),
            ("text charset utf8mb4 null", "json null"),
            ("int null references a(id)", "int null references b(id)"),
        ] {
            assert_ne!(meaning(old), meaning(new), "{old} | {new}");
        }
    }
}
