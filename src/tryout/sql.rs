//! Passwords in SQL, as clients get them on their command line and dumps have them.
//!
//! Invariant: what stands in place of a password is a mask; the words around it stay. A quotation ends where the same
//! quotation marks stand again, with as many backslashes: a command line puts some of its own before them.

use super::words::{QUOTE, quotation};
use nginx_config::REDACTED;
use regex::Regex;
use std::sync::LazyLock;

/// What stands before a password: `IDENTIFIED BY`, `IDENTIFIED WITH plugin AS`, `SET PASSWORD FOR x =`, `PASSWORD(`; and
/// `PASSWORD` alone, where a quotation follows.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    let marks = format!(r#"[\\'"`{QUOTE}]"#);
    let plugin = format!(r"(?:\s+(?:with|via)\s+{marks}*[\w-]+{marks}*)?");
    let call = r"(?:(?:old_)?password\s*\(\s*)?";
    Regex::new(&format!(
        r"(?i)\bidentified{plugin}\s+(?:by|as|using)\s+(?:password\s+)?{call}|\bset\s+password\b[^=;\n]*=\s*{call}|\b(?:old_)?password\s*\(\s*|\bpassword\s+(?P<quoted>{marks})"
    ))
    .expect("a constant pattern")
});

/// A line without the passwords of its statements.
pub(super) fn hide(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let (mut position, mut kept) = (0, 0);
    while let Some(found) = BEFORE.captures_at(line, position) {
        let start =
            found.name("quoted").map_or(found.get(0).expect("the match").end(), |marks| marks.start());
        let ends = |letter: char| letter.is_whitespace() || ";),".contains(letter);
        let place = quotation(line, start)
            .unwrap_or_else(|| start..line[start..].find(ends).map_or(line.len(), |length| start + length));
        position = place.end.max(start).max(found.get(0).expect("the match").end());
        if place.is_empty() || line[place.clone()].starts_with(REDACTED) {
            continue;
        }
        shown.push_str(&line[kept..place.start]);
        shown.push_str(REDACTED);
        kept = place.end;
    }
    shown.push_str(&line[kept..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::super::prose::line;

    #[test]
    fn no_password_of_a_statement_is_shown() {
        let check = |text: &str, wanted: &str| assert_eq!(line(text), wanted, "{text}");
        check(
            r"+ mysql -e 'CREATE USER '\''x'\''@'\''%'\'' IDENTIFIED BY '\''S3CRET two'\'''",
            r"+ mysql -e 'CREATE USER '\''x'\''@'\''%'\'' IDENTIFIED BY [redacted]'",
        );
        check(
            "mysql -e SET PASSWORD FOR x = PASSWORD('S3CRET two')",
            "mysql -e SET PASSWORD FOR x = PASSWORD('[redacted]')",
        );
        check("SET PASSWORD FOR 'x'@'%' = 'S3CRET';", "SET PASSWORD FOR 'x'@'%' = '[redacted]';");
        check(
            "alter user a identified with caching_sha2_password by 'S3C\"RET' require ssl;",
            "alter user a identified with caching_sha2_password by '[redacted]' require ssl;",
        );
        // The last door takes the word behind `BY`, too.
        check("IDENTIFIED BY PASSWORD '*S3CRET'", "IDENTIFIED BY [redacted] '[redacted]'");
        check(
            "ALTER USER a IDENTIFIED VIA x USING PASSWORD('S3CRET')",
            "ALTER USER a IDENTIFIED VIA x USING PASSWORD('[redacted]')",
        );
        check(
            r#"mysql -e "ALTER USER a IDENTIFIED BY \"S3CRET it\"""#,
            r#"mysql -e "ALTER USER a IDENTIFIED BY \"[redacted]\"""#,
        );
        check(
            "ALTER ROLE a WITH ENCRYPTED PASSWORD 'S3CRET x';",
            "ALTER ROLE a WITH ENCRYPTED PASSWORD '[redacted]';",
        );
        check(
            "GRANT ALL ON x.* TO a IDENTIFIED BY S3CRET;",
            "GRANT ALL ON x.* TO a IDENTIFIED BY [redacted];",
        );
        check(
            "GRANT ALL ON x.* TO a IDENTIFIED BY 'S3CRET",
            "GRANT ALL ON x.* TO a IDENTIFIED BY '[redacted]",
        );
    }

    #[test]
    fn other_statements_stay() {
        for text in [
            "+ mysql -e 'SELECT user, host FROM mysql.user'",
            "FLUSH PRIVILEGES;",
            "GRANT ALL ON motion2.* TO 'x'@'%';",
            r"+ mysql -e 'GRANT ALL ON motion2.* TO '\''x'\''@'\''%'\'''",
            "the password is not kept",
            "alter table users engine innodb;",
            "cd /etc/nginx; service nginx reload;",
            "done;",
        ] {
            assert_eq!(line(text), text);
        }
    }
}
