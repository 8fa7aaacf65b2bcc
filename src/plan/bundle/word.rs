//! One value as one word of an NGINX configuration.
//!
//! Invariant: whatever the value, the lexer reads back exactly this value as
//! one argument. It must not judge meaning: types do that in `values`.

/// `value` as it must be written, quoted only where it has to be.
pub(super) fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && value.bytes().all(|byte| {
            !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b'}' | b'"' | b'\'' | b'\\' | b'#')
        });
    if plain {
        return value.to_owned();
    }
    let mut word = String::with_capacity(value.len() + 2);
    word.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            word.push('\\');
        }
        word.push(character);
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quotes_only_where_needed() {
        for plain in ["80", "[::]:443", "/var/opt/motion2/", "cc.example.test", "^~", "max-age=1"] {
            assert_eq!(quoted(plain), plain);
        }
        for (value, word) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("a;}", r#""a;}""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            (r"~^cc\d{2}$", r#""~^cc\\d{2}$""#),
            ("# no comment", "\"# no comment\""),
        ] {
            assert_eq!(quoted(value), word);
        }
    }
}
