//! The bodies of `*_by_lua_block { … }`, by the rules of ngx_lua's own lexer.
//!
//! Invariant: a body ends at the first brace that is neither balanced nor
//! inside a Lua string or comment. Lua itself is not parsed, and ngx_lua's
//! limit on the length of code without braces or strings is not enforced.

/// Why a body does not end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where ngx_lua says the fault is, from the start of the body.
    pub offset: usize,
    /// What it says.
    pub reason: String,
}

/// Whether a directive of this name is followed by Lua code in braces.
pub(super) fn is_block_name(name: &[u8]) -> bool {
    name.ends_with(b"_by_lua_block")
}

/// The length of the body at the start of `rest`, without its closing brace.
pub(super) fn body_length(rest: &[u8]) -> Result<usize, Fault> {
    let mut scan = Scan { rest, at: 0, depth: 1, last: 0, unclosed_single: 0, unclosed_double: 0 };
    while scan.depth > 0 {
        scan.token()?;
    }
    Ok(scan.at - 1)
}

struct Scan<'s> {
    rest: &'s [u8],
    at: usize,
    depth: usize,
    /// Where the last token started; ngx_lua names its line when code ends too early.
    last: usize,
    /// Up to here no quote of the kind is closed, so that none is looked for twice.
    unclosed_single: usize,
    unclosed_double: usize,
}

impl Scan<'_> {
    fn token(&mut self) -> Result<(), Fault> {
        let Some(&byte) = self.rest.get(self.at) else {
            let reason = "unexpected end of file, expecting terminating characters for lua code block";
            return Err(Fault { offset: self.last, reason: reason.to_owned() });
        };
        let start = self.at;
        match byte {
            b'{' => {
                self.depth += 1;
                self.at += 1;
            }
            b'}' => {
                self.depth -= 1;
                self.at += 1;
            }
            b'"' | b'\'' => {
                if !self.string(byte) {
                    self.at += 1;
                    return Ok(());
                }
            }
            b'[' if self.bracket_level(start).is_some() => self.long_bracket(start)?,
            b'-' if self.rest.get(start + 1) == Some(&b'-') => self.comment(start)?,
            _ => {
                self.at += 1;
                return Ok(());
            }
        }
        self.last = start;
        Ok(())
    }

    /// A quoted string ends on its own line, even behind a backslash;
    /// otherwise ngx_lua takes the quote for an ordinary byte.
    fn string(&mut self, quote: u8) -> bool {
        let known = if quote == b'"' { &mut self.unclosed_double } else { &mut self.unclosed_single };
        if self.at < *known {
            return false;
        }
        let mut at = self.at + 1;
        while let Some(&byte) = self.rest.get(at) {
            match byte {
                b'\n' => break,
                b'\\' if self.rest.get(at + 1).is_some_and(|&next| next != b'\n') => at += 1,
                _ if byte == quote => {
                    self.at = at + 1;
                    return true;
                }
                _ => {}
            }
            at += 1;
        }
        *known = at;
        false
    }

    fn comment(&mut self, start: usize) -> Result<(), Fault> {
        if self.bracket_level(start + 2).is_some() {
            return self.long_bracket(start + 2);
        }
        let line = &self.rest[start..];
        self.at = start + line.iter().position(|&byte| byte == b'\n').unwrap_or(line.len());
        Ok(())
    }

    /// The number of `=` in the long bracket that opens at `start`, if one does.
    fn bracket_level(&self, start: usize) -> Option<usize> {
        let inside = self.rest.get(start..)?.strip_prefix(b"[")?;
        let level = inside.iter().position(|&byte| byte != b'=')?;
        (inside[level] == b'[').then_some(level)
    }

    fn long_bracket(&mut self, start: usize) -> Result<(), Fault> {
        let level = self.bracket_level(start).unwrap_or(0);
        let mut at = start + level + 2;
        while let Some(found) = self.rest[at..].iter().position(|&byte| byte == b']') {
            at += found + 1;
            let equals = self.rest[at..].iter().take_while(|&&byte| byte == b'=').count();
            at += equals;
            if equals == level && self.rest.get(at) == Some(&b']') {
                self.at = at + 1;
                return Ok(());
            }
        }
        let closing = format!("]{}]", "=".repeat(level));
        let reason = format!(
            "Lua code block missing the closing long bracket \"{closing}\", the inlined Lua code may be too long"
        );
        Err(Fault { offset: start, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of `source` that is taken for the body.
    fn check(source: &str, expect: &str) {
        let shown = match body_length(source.as_bytes()) {
            Ok(len) => source[..len].to_owned(),
            Err(fault) => format!("!{} {}", fault.offset, fault.reason),
        };
        assert_eq!(shown, expect, "{source:?}");
    }

    // Each row was tried with ngx_lua 0.10.23.
    #[test]
    fn bodies_end_where_ngx_lua_ends_them() {
        check(" ngx.say('}')} }", " ngx.say('}')");
        check("a = {1,{2}} } }", "a = {1,{2}} ");
        check(
            "a = \"}\" -- }\nb = [[ } ]] --[==[ } ]] ]==] }",
            "a = \"}\" -- }\nb = [[ } ]] --[==[ } ]] ]==] ",
        );
        check("x = 'abc } }", "x = 'abc ");
        check("x = 'a{\n}} }", "x = 'a{\n}");
        check("x = 'a}\\\n' }", "x = 'a");
        check("x = '\\'}' y = '\\\\' }", "x = '\\'}' y = '\\\\' ");
        check("x='a\"b' y=\"'\" } }", "x='a\"b' y=\"'\" ");
        check("x = a[b[1]] y=']]' } }", "x = a[b[1]] y=']]' ");
        check("x = a]] } }", "x = a]] ");
        check("x = [=a } }", "x = [=a ");
        check("x --[=x ' } \n} }", "x --[=x ' } \n");
        check("x - -[[ } ]] }", "x - -[[ } ]] ");
        check("x [[ ]=] ] ]] }", "x [[ ]=] ] ]] ");
        check("x = [=[[b}]=]==] }", "x = [=[[b}]=]==] ");
        check("[=[]==]=]}", "[=[]==]=]");
    }

    #[test]
    fn bodies_without_an_end_say_what_is_missing() {
        let end = "unexpected end of file, expecting terminating characters for lua code block";
        check("\n\nx = { \n", &format!("!6 {end}"));
        check("-- comment }", &format!("!0 {end}"));
        check("x 'a", &format!("!0 {end}"));
        check(
            "x = [==[ ]] }",
            "!4 Lua code block missing the closing long bracket \"]==]\", the inlined Lua code may be too long",
        );
    }

    #[test]
    fn quotes_that_never_close_cost_linear_time() {
        assert_eq!(body_length(("\\'".repeat(400_001) + "\n}").as_bytes()), Ok(800_003));
    }
}
