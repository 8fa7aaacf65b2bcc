//! The place that a line of evidence names, so that a program need not read prose.
//!
//! Invariant: what is not certainly `FILE:LINE` of an absolute path names no place: an address, a route and a time have
//! colons as well.

/// The first `FILE:LINE` or `FILE:LINE:COLUMN` in a line, as `Config::place` and NGINX write it.
pub fn named_in(line: &str) -> Option<(&str, u32)> {
    let starts = line.match_indices('/').map(|(at, _)| at);
    starts.filter(|at| is_the_start(&line[..*at])).find_map(|at| place(word(&line[at..])))
}

/// Whether a path may begin behind this: `unix:/run/x`, `http://` and `a/b` are none.
fn is_the_start(before: &str) -> bool {
    before.chars().next_back().is_none_or(|last| last.is_whitespace() || "(`\"'[".contains(last))
}

fn word(rest: &str) -> &str {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    rest[..end].trim_end_matches([':', ',', ';', '.', ')', ']', '`', '"', '\''])
}

fn place(word: &str) -> Option<(&str, u32)> {
    let (rest, last) = word.rsplit_once(':')?;
    let last = number(last)?;
    let with_column = rest.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?)));
    Some(with_column.unwrap_or((rest, last)))
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?.filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_with_a_line_is_a_place() {
        let check = |line, expect: Option<(&str, u32)>| assert_eq!(named_in(line), expect, "{line}");
        check("/etc/nginx/a.conf:12:5: server cc:443", Some(("/etc/nginx/a.conf", 12)));
        check("server cc:443: /etc/nginx/a.conf:7:1: deny all", Some(("/etc/nginx/a.conf", 7)));
        check("/api/ → 127.0.0.1:9000 (/etc/nginx/a.conf:3:9)", Some(("/etc/nginx/a.conf", 3)));
        check("unknown directive \"x\" in /etc/nginx/a.conf:4", Some(("/etc/nginx/a.conf", 4)));
        check("cc on 80: /etc/a:1:1, /etc/b:2:2", Some(("/etc/a", 1)));
        check("/srv/x:y/a.conf:8", Some(("/srv/x:y/a.conf", 8)));
        check("/user-ui/ is answered by http://127.0.0.1:9000", None);
        check("proxied to unix:/run/motion.sock:12", None);
        check("a/b.conf:12", None);
        check("/etc/motionctl/config.toml: permission denied", None);
        check("/etc/my folder/a.conf:3:1", None);
        check("/a:0:99999999999", None);
        check("", None);
    }
}
