//! What a template may hold, looked at before the engine sees it.
//!
//! Invariant: no value can grow but by the few operators of one short tag, and nothing nests deep enough to matter to
//! a recursive parser. The engine counts its steps and not its bytes: one step may double a text, so what could do
//! that again and again (`*`, captured blocks, macros, concatenation that is stored) is refused by name.

/// The largest template.
const LARGEST: usize = 256 << 10;
/// The longest tag.
const LONGEST_TAG: usize = 1 << 10;
/// How often the operators that join texts may stand in one tag.
const MOST_JOINS: usize = 16;
/// How deep blocks may nest; each `elif` counts, because to the engine it is one more block inside.
const DEEPEST: usize = 32;

/// The words that a statement may begin with.
const STATEMENTS: [&str; 7] = ["if", "elif", "else", "endif", "for", "endfor", "set"];

/// What is wrong with a template, and in which line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unbounded {
    pub line: usize,
    pub reason: String,
}

/// What in a template is out of bounds; `None` when nothing is.
pub(super) fn unbounded(text: &str) -> Option<Unbounded> {
    if text.len() > LARGEST {
        return Some(Unbounded { line: 1, reason: format!("it is larger than {} KiB", LARGEST >> 10) });
    }
    let mut scan = Scan { text, at: 0, blocks: Vec::new() };
    let fault = scan.run().err()?;
    let line = text.as_bytes()[..scan.at].iter().filter(|byte| **byte == b'\n').count() + 1;
    Some(Unbounded { line, reason: fault })
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// For each open block, how deep it is to the engine.
    blocks: Vec<usize>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(found) = next_tag(&self.text[self.at..]) {
            self.at += found;
            let rest = &self.text[self.at..];
            // A tag that does not end is for the engine to tell.
            let length = if rest.starts_with("{#") {
                rest.find("#}")
            } else {
                let body = tag(rest)?;
                self.judge(rest, body)?;
                body.map(|body| body.len() + 2)
            };
            let Some(length) = length else { return Ok(()) };
            self.at += length + 2;
        }
        Ok(())
    }

    fn judge(&mut self, rest: &str, body: Option<&str>) -> Result<(), String> {
        let Some(body) = body else { return Ok(()) };
        let body = body.trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
        let code = without_texts(body);
        if code.contains('*') {
            return Err("`*` may not be used: it repeats a text".to_owned());
        }
        let joins = code.matches(['~', '+']).count();
        if joins > MOST_JOINS {
            return Err(format!("more than {MOST_JOINS} texts are joined in one tag"));
        }
        if rest.starts_with("{{") {
            return Ok(());
        }
        let word: String = code.chars().take_while(char::is_ascii_alphabetic).collect();
        if !STATEMENTS.contains(&word.as_str()) {
            return Err(format!("`{word}` may not be used: only `if`, `for` and `set` may"));
        }
        // What these give a name can be used again in the next one, twice.
        if matches!(word.as_str(), "set" | "for") && joins > 0 {
            return Err(format!("`{word}` may not join texts: join them where they are written"));
        }
        if matches!(word.as_str(), "set" | "for") && makes_list(&code) {
            return Err(format!("`{word}` may not make a list"));
        }
        if word == "set" && !code.contains('=') {
            return Err("`set` takes a value and not a block".to_owned());
        }
        if word == "for" && code.split_whitespace().any(|part| part == "recursive") {
            return Err("a `for` may not be recursive".to_owned());
        }
        self.nest(&word)
    }

    fn nest(&mut self, word: &str) -> Result<(), String> {
        match word {
            "if" | "for" => self.blocks.push(1),
            "elif" => self.blocks.last_mut().into_iter().for_each(|depth| *depth += 1),
            "endif" | "endfor" => drop(self.blocks.pop()),
            _ => {}
        }
        match self.blocks.iter().sum::<usize>() > DEEPEST {
            true => Err(format!("blocks are nested deeper than {DEEPEST}")),
            false => Ok(()),
        }
    }
}

/// Where the next tag or comment begins.
fn next_tag(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| pair[0] == b'{' && b"{%#".contains(&pair[1]))
}

/// Whether a list or tuple is written down: a bracket that indexes nothing, or a comma outside of a call.
fn makes_list(code: &str) -> bool {
    let (mut calls, mut before) = (Vec::new(), ' ');
    for c in code.chars() {
        let follows_value = before.is_ascii_alphanumeric() || matches!(before, '_' | ')' | ']');
        match c {
            '[' if !follows_value => return true,
            '(' | '[' => calls.push(c == '(' && follows_value),
            ')' | ']' => drop(calls.pop()),
            ',' if calls.last() != Some(&true) => return true,
            _ => {}
        }
        before = c;
    }
    false
}

/// What stands in the tag that `rest` begins with; `None` when it does not end.
fn tag(rest: &str) -> Result<Option<&str>, String> {
    let end: &[u8] = if rest.starts_with("{{") { b"}}" } else { b"%}" };
    let bytes = rest.as_bytes();
    let (mut quote, mut at) = (None, 2);
    while let Some(&byte) = bytes.get(at) {
        if at > LONGEST_TAG {
            return Err(format!("a tag is longer than {LONGEST_TAG} bytes"));
        }
        match (quote, byte) {
            (None, b'{') => return Err("`{` may not stand in a tag".to_owned()),
            (None, _) if bytes[at..].starts_with(end) => return Ok(Some(&rest[2..at])),
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(_), b'\\') => at += 1,
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        at += 1;
    }
    Ok(None)
}

/// A tag's words and operators alone.
fn without_texts(body: &str) -> String {
    let (mut quote, mut escaped) = (None, false);
    let mut code = String::new();
    for c in body.chars() {
        match quote {
            None if c == '\'' || c == '"' => quote = Some(c),
            None => code.push(c),
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if open == c => quote = None,
            Some(_) => {}
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(usize, &str)>) {
        let found = unbounded(text);
        match expect {
            None => assert_eq!(found, None, "{text:.200}"),
            Some((line, part)) => {
                let found = found.unwrap_or_else(|| panic!("{text:.200} passed"));
                assert!(found.line == line && found.reason.contains(part), "{text:.200}: {found:?}");
            }
        }
    }

    #[test]
    fn what_templates_need_passes() {
        for text in [
            "location ^~ /x/ { return 200 \"{}\"; }",
            "{% if a == \"{% macro %}\" %}{{ a ~ 'x' }}{%- else -%}{{- b -}}{% endif %}",
            "{% set x = \"a*b~c+d\" | safe %}{{ x }}{# {% macro %} *#}",
            "{% for a in b %}{% if not loop.last %} {% endif %}{% endfor %}{% set a = b[0] %}{{ a ~ [b, c] }}",
            "{% for a in range(1, 5) %}{% if (a, b) in c %}{% endif %}{% endfor %}",
            "{{ \"\\\"}}\" }}",
            "{{ never ends",
        ] {
            check(text, None);
        }
        check(&"{% if a %}x{% endif %}".repeat(1000), None);
    }

    #[test]
    fn what_lets_a_text_grow_is_refused_where_it_stands() {
        check("\n{{ \"x\" * 1000000000 }}", Some((2, "`*`")));
        check("{% set a = a ~ a %}", Some((1, "`set` may not join")));
        check("{% for a in [b + b] %}{% endfor %}", Some((1, "`for` may not join")));
        check("{% set a = [b, b] %}", Some((1, "`set` may not make a list")));
        check("{% set a = b, b %}", Some((1, "`set` may not make a list")));
        check("{% for a in ((b, b), c) %}{% endfor %}", Some((1, "`for` may not make a list")));
        check("{% set a = b | default([b, b]) %}", Some((1, "`set` may not make a list")));
        check("{% with a = b %}{% endwith %}", Some((1, "`with`")));
        check("{% set a %}{{ b }}{{ b }}{% endset %}", Some((1, "not a block")));
        check("{% macro m() %}{% endmacro %}", Some((1, "`macro`")));
        check("{% filter upper %}{% endfilter %}", Some((1, "`filter`")));
        check("{% raw %}{{ \"{% endraw %}", Some((1, "`raw`")));
        check("{% for a in b recursive %}{% endfor %}", Some((1, "recursive")));
        check(&format!("{{{{ a{} }}}}", "~a".repeat(17)), Some((1, "more than 16")));
        check(&" ".repeat(LARGEST + 1), Some((1, "larger than 256 KiB")));
    }

    #[test]
    fn what_nests_deeply_is_refused() {
        let deep = 50_000;
        check(&format!("{{{{ {}a{} }}}}", "(".repeat(deep), ")".repeat(deep)), Some((1, "longer than")));
        check(&format!("{{{{ a{} }}}}", ".b".repeat(deep)), Some((1, "longer than")));
        check(&format!("{{% if {}a %}}", "not ".repeat(deep)), Some((1, "longer than")));
        check(&"{% if a %}\n".repeat(40), Some((33, "deeper than 32")));
        check(&format!("{{% if a %}}{}", "{% elif b %}".repeat(40)), Some((1, "deeper than 32")));
        check("{{ {\"a\": {\"b\": 1}} }}", Some((1, "`{` may not")));
    }
}
