//! Reads one HTTP/1.x request: its head, and its body to nowhere.
//!
//! Invariant: a head is bounded by [`HEAD_CAP`] and a body is never kept. What
//! does not parse ends the connection. It must not answer.

use std::io::{self, BufRead, Read};

/// Larger than what NGINX sends (`large_client_header_buffers` is 4 × 8k).
const HEAD_CAP: u64 = 64 << 10;

/// Headers in one head.
const HEADER_CAP: usize = 128;

/// The longest line that gives the size of a chunk, extensions included.
const CHUNK_LINE_CAP: u64 = 4 << 10;

/// What matters of a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: String,
    /// Path and query as sent.
    pub(super) target: String,
    pub(super) persistence: Persistence,
    pub(super) body: BodyLength,
    pub(super) expects_continue: bool,
    /// The key of a request to open a WebSocket.
    pub(super) websocket_key: Option<String>,
}

/// What happens to the connection after the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    KeepAlive,
    Close,
}

/// How long the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    Exactly(u64),
    Chunked,
}

/// The next request; `None` when the client has closed between two.
pub(super) fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(HEAD_CAP);
    loop {
        let start = bytes.len();
        if limited.read_until(b'\n', &mut bytes)? == 0 {
            return if bytes.is_empty() { Ok(None) } else { Err(invalid()) };
        }
        if matches!(&bytes[start..], b"\r\n" | b"\n") && start > 0 {
            return parse(&bytes).map(Some);
        }
    }
}

/// Reads a body to its end.
pub(super) fn drain(reader: &mut impl BufRead, length: BodyLength) -> io::Result<()> {
    match length {
        BodyLength::Exactly(length) => skip(reader, length),
        BodyLength::Chunked => loop {
            let line = read_line(reader)?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(digits, 16).map_err(|_| invalid())?;
            if size == 0 {
                return skip_trailers(reader);
            }
            skip(reader, size)?;
            if !read_line(reader)?.is_empty() {
                return Err(invalid());
            }
        },
    }
}

fn skip(reader: &mut impl BufRead, length: u64) -> io::Result<()> {
    match io::copy(&mut reader.take(length), &mut io::sink())? {
        read if read == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn skip_trailers(reader: &mut impl BufRead) -> io::Result<()> {
    for _ in 0..HEADER_CAP {
        if read_line(reader)?.is_empty() {
            return Ok(());
        }
    }
    Err(invalid())
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(CHUNK_LINE_CAP).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()),
        _ => Err(invalid()),
    }
}

fn parse(bytes: &[u8]) -> io::Result<Head> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_CAP];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) | Err(_) => return Err(invalid()),
    }
    let connection = value(&request, "connection").unwrap_or_default().to_ascii_lowercase();
    let says = |word: &str| connection.split(',').any(|token| token.trim() == word);
    let persistence = match request.version {
        Some(1) if !says("close") => Persistence::KeepAlive,
        Some(0) if says("keep-alive") => Persistence::KeepAlive,
        _ => Persistence::Close,
    };
    let opens = says("upgrade")
        && value(&request, "upgrade").is_some_and(|to| to.trim().eq_ignore_ascii_case("websocket"));
    Ok(Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        persistence,
        body: body_length(&request)?,
        expects_continue: value(&request, "expect").is_some_and(|to| to.eq_ignore_ascii_case("100-continue")),
        websocket_key: if opens { value(&request, "sec-websocket-key") } else { None },
    })
}

fn body_length(request: &httparse::Request<'_, '_>) -> io::Result<BodyLength> {
    if let Some(coding) = value(request, "transfer-encoding") {
        return match coding.trim().eq_ignore_ascii_case("chunked") {
            true => Ok(BodyLength::Chunked),
            false => Err(invalid()),
        };
    }
    match value(request, "content-length") {
        Some(length) => length.trim().parse().map(BodyLength::Exactly).map_err(|_| invalid()),
        None => Ok(BodyLength::Exactly(0)),
    }
}

fn value(request: &httparse::Request<'_, '_>, name: &str) -> Option<String> {
    let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(header.value).into_owned())
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not an HTTP/1.x request")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(mut bytes: &[u8]) -> io::Result<(Option<Head>, Vec<u8>)> {
        let head = read_head(&mut bytes)?;
        if let Some(head) = &head {
            drain(&mut bytes, head.body)?;
        }
        Ok((head, bytes.to_vec()))
    }

    #[test]
    fn bodies_are_drained_to_the_next_request() {
        let check = |head: &str, body: &str| {
            let (_, rest) =
                read(format!("POST /a HTTP/1.1\r\n{head}\r\n\r\n{body}GET /b").as_bytes()).unwrap();
            assert_eq!(rest, b"GET /b", "{head}");
        };
        check("Host: a", "");
        check("Content-Length: 5", "hello");
        check("Transfer-Encoding: chunked", "5;x=y\r\nhello\r\n0\r\n\r\n");
        check("Transfer-Encoding: chunked", "A\r\n0123456789\r\n000\r\nTrailer: x\r\n\r\n");
    }

    #[test]
    fn connections_persist_as_the_version_says() {
        let check = |line: &str, expect| {
            let (head, _) = read(format!("GET / {line}\r\n\r\n").as_bytes()).unwrap();
            assert_eq!(head.unwrap().persistence, expect, "{line}");
        };
        check("HTTP/1.1", Persistence::KeepAlive);
        check("HTTP/1.1\r\nConnection: close", Persistence::Close);
        check("HTTP/1.0", Persistence::Close);
        check("HTTP/1.0\r\nConnection: Keep-Alive", Persistence::KeepAlive);
    }

    #[test]
    fn only_a_whole_handshake_upgrades() {
        let key =
            |lines: &str| read(format!("GET / HTTP/1.1\r\n{lines}\r\n\r\n").as_bytes()).unwrap().0.unwrap();
        let whole = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: abc";
        assert_eq!(key(whole).websocket_key.as_deref(), Some("abc"));
        assert_eq!(
            key("Connection: close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc").websocket_key,
            None
        );
    }

    #[test]
    fn what_does_not_parse_is_refused() {
        assert_eq!(read(b"").unwrap().0, None);
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000));
        let cut = "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc";
        let chunk = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
        for text in ["GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}\r\n\r\n", &long, cut, chunk] {
            assert!(read(text.as_bytes()).is_err(), "{}", &text[..20.min(text.len())]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _read = read(&bytes);
        }
    }
}
