//! Whether a file that the operator named in the place of Motion's NGINX file can be one.
//!
//! Invariant: pure, and judged by what stands in it, never by its name. One sentence says what it is instead, and the
//! hint what to do; nothing of it is shown, for it may be anything.

use crate::outcome::{Failure, FailureKind};
use crate::plan::Input;
use nginx_config::{Directive, Tree};

/// What a file has to hold, to stand where Motion's stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Server blocks, in a file that is included in `http`.
    Part,
    /// The `http` block itself.
    Whole,
}

impl Level {
    /// The level of a file.
    pub fn of(tree: &Tree) -> Self {
        if roots(tree).any(is_whole) { Self::Whole } else { Self::Part }
    }
}

/// What is to be done where the file itself is not the right one.
const ANOTHER: &str = "name the file that holds Motion's server blocks, as the vendor delivers it";

/// The file as a tree.
///
/// # Errors
/// When it is no such file; the message says what it is instead.
pub fn readable(option: &str, input: &Input) -> Result<Tree, Failure> {
    let refused = |(what, hint): (String, &str)| {
        Failure::new(FailureKind::Invalid, format!("{option} {}: {what}", input.name)).with_hint(hint)
    };
    if let Some((what, hint)) = no_text(&input.bytes) {
        return Err(refused((what.to_owned(), hint)));
    }
    let tree = Tree::parse(input.bytes.clone()).map_err(|error| {
        let text = nginx_config::redact_text(&error.to_string());
        refused((text, "correct the file: NGINX reads it in the same way"))
    })?;
    match no_server(&tree) {
        Some(what) => Err(refused((what.to_owned(), ANOTHER))),
        None => Ok(tree),
    }
}

/// Refuses a file that cannot stand in the place of Motion's, although it can be read.
///
/// # Errors
/// When one of the two is a whole `nginx.conf` and the other one a part.
pub fn fits(option: &str, input: &Input, tree: &Tree, live: Level) -> Result<(), Failure> {
    let (what, hint) = match (live, Level::of(tree)) {
        (Level::Part, Level::Part) | (Level::Whole, Level::Whole) => return Ok(()),
        (Level::Part, Level::Whole) => {
            ("this is a whole nginx.conf, and Motion's file here is only a part that it includes", ANOTHER)
        }
        (Level::Whole, Level::Part) => (
            "this is a part, and Motion's server blocks stand in a whole nginx.conf here",
            "give the whole file, or use --strategy graft, which takes only the new client's locations",
        ),
    };
    Err(Failure::new(FailureKind::Invalid, format!("{option} {}: {what}", input.name)).with_hint(hint))
}

/// Why these bytes are no NGINX text, and what to do.
fn no_text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const AGAIN: &str = "save it again as UTF-8 without a byte order mark";
    let utf16 = "it is UTF-16 text, and NGINX reads single bytes";
    match bytes {
        [] => return Some(("the file is empty", ANOTHER)),
        [0xEF, 0xBB, 0xBF, ..] => {
            let what =
                "it begins with a byte order mark (BOM), which NGINX takes for a part of the first directive";
            return Some((what, AGAIN));
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Some((utf16, AGAIN)),
        [0x1F, 0x8B, ..] | [b'P', b'K', 3 | 5, ..] | [b'B', b'Z', b'h', ..] | [0xFD, b'7', b'z', ..] => {
            return Some(("it is an archive, not a text", "unpack it, and name the file in it"));
        }
        _ => {}
    }
    if bytes.contains(&0) {
        let wide = is_wide(bytes);
        return Some(if wide { (utf16, AGAIN) } else { ("it is no text but binary data", ANOTHER) });
    }
    let text = bytes.trim_ascii_start();
    let begins = |start: &[u8]| text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    match () {
        () if text.is_empty() => Some(("there is nothing but white space in it", ANOTHER)),
        () if begins(b"%PDF") => Some(("it is a PDF document", ANOTHER)),
        () if begins(b"-----BEGIN") => Some(("it is a certificate or a key", ANOTHER)),
        // No directive's name begins so.
        () if begins(b"<") => Some((
            "it is a web page (HTML or XML), as a download that failed leaves one",
            "download the file itself again, and look at it before you name it",
        )),
        () => None,
    }
}

/// Whether it is Latin text in UTF-16 without a mark in front: every second byte is zero, and no other.
fn is_wide(bytes: &[u8]) -> bool {
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    even.min(odd) == 0 && even.max(odd) * 10 > bytes.len() * 4
}

/// Why there is no server block in it; `None` where there is one, or an include may bring one.
fn no_server(tree: &Tree) -> Option<&'static str> {
    let within = |block: Directive<'_>| {
        block.children().iter().map(|id| tree.directive(*id)).any(|one| one.is("server") || one.is("include"))
    };
    if tree.is_empty() {
        return Some("it holds comments and no directive");
    }
    let has_server =
        roots(tree).any(|root| root.is("server") || root.is("include") || (root.is("http") && within(root)));
    if has_server {
        return None;
    }
    Some(if roots(tree).any(|root| root.is("location")) {
        "it holds locations without the server block around them"
    } else if Level::of(tree) == Level::Whole {
        "it is a main nginx.conf without a server block"
    } else {
        "it holds no server block"
    })
}

fn roots(tree: &Tree) -> impl Iterator<Item = Directive<'_>> {
    tree.roots().iter().map(|id| tree.directive(*id))
}

fn is_whole(root: Directive<'_>) -> bool {
    root.is("http") || root.is("events")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> String {
        let input = Input { name: "x.conf".to_owned(), bytes: bytes.to_vec() };
        match readable("--candidate", &input) {
            Ok(tree) => match fits("--candidate", &input, &tree, Level::Part) {
                Ok(()) => "fits".to_owned(),
                Err(failure) => failure.message,
            },
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn what_is_no_nginx_file_is_called_what_it_is() {
        let check = |bytes: &[u8], expect: &str| {
            let said = said(bytes);
            assert!(said.contains(expect), "{:?}: {said}", String::from_utf8_lossy(bytes));
        };
        check(b"", "is empty");
        check(b" \n\t\r\n", "nothing but white space");
        check(b"# nothing yet\n", "no directive");
        check(b"\xEF\xBB\xBFserver { }", "byte order mark");
        check(b"\xFF\xFEs\0e\0r\0v\0e\0r\0", "UTF-16");
        check(b"\xFE\xFF\0s\0e\0r\0v", "UTF-16");
        check(b"s\0e\0r\0v\0e\0r\0 \0{\0}\0", "UTF-16");
        check(b"\x7FELF\x02\x01\x01\0\0\0\0\0abcdefghijklmnopqrstuvwxyz", "binary data");
        check(b"PK\x03\x04\x14\0", "archive");
        check(b"\x1F\x8B\x08\0", "archive");
        check(b"%PDF-1.7\n", "PDF");
        check(b"-----BEGIN CERTIFICATE-----\n", "certificate or a key");
        check(b"\n<!DOCTYPE html><html><body>404</body></html>", "web page");
        check(b"<html>", "web page");
        check(b"server { listen 80;", "unexpected end of file");
        check(b"location /user-ui/ { return 204; }", "without the server block");
        check(b"upstream node { server 127.0.0.1:9000; }", "no server block");
        check(b"events { } http { server { listen 80; } }", "a whole nginx.conf");
        check(b"events { } http { include conf.d/*.conf; }", "a whole nginx.conf");
        check(b"user www-data; events { }", "main nginx.conf without a server block");
    }

    #[test]
    fn what_can_stand_there_is_taken() {
        for text in
            ["server { }", "include /etc/nginx/motion.d/*.conf;", "# \u{e9}\nserver { listen 80; }\r\n"]
        {
            assert_eq!(said(text.as_bytes()), "fits", "{text}");
        }
    }
}
