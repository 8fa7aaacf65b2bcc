//! Motion's server where a test decides when it answers, and what.
//!
//! Invariant: it ends with its value, and waits for nobody who hangs.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A running upstream.
pub struct Upstream {
    stop: Arc<AtomicBool>,
    listener: TcpListener,
    acceptor: Option<JoinHandle<()>>,
}

/// One answer.
pub struct Reply {
    /// Such as `200 OK`.
    pub status: &'static str,
    /// The type, and more lines of the head.
    pub content_type: String,
    /// What follows.
    pub body: String,
}

impl Reply {
    /// A page.
    pub fn html(body: impl Into<String>) -> Self {
        Self { status: "200 OK", content_type: "text/html".to_owned(), body: body.into() }
    }

    /// A script.
    pub fn script() -> Self {
        Self { content_type: "application/javascript".to_owned(), ..Self::html("void 0;") }
    }

    /// Nothing of that name.
    pub fn missing() -> Self {
        Self { status: "404 Not Found", ..Self::html("<pre>Cannot GET</pre>") }
    }

    /// A redirect.
    pub fn to(location: &str) -> Self {
        let content_type = format!("text/html\r\nLocation: {location}");
        Self { status: "302 Found", content_type, ..Self::html("") }
    }
}

impl Upstream {
    /// Answers every request on `listener` with the HTML that `page` gives for its path.
    pub fn start(listener: TcpListener, page: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::replying(listener, move |path| Reply::html(page(path)))
    }

    /// Answers every request on `listener` as `page` says for its path.
    pub fn replying(listener: TcpListener, page: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let page = Arc::new(page);
        let (accepting, stopped) = (listener.try_clone().expect("a second handle"), Arc::clone(&stop));
        let acceptor = thread::spawn(move || {
            while let Ok((stream, _)) = accepting.accept() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let page = Arc::clone(&page);
                thread::spawn(move || answer(stream, &*page));
            }
        });
        Self { stop, listener, acceptor: Some(acceptor) }
    }
}

/// A client that breaks off is the client's business.
fn answer(stream: TcpStream, page: &dyn Fn(&str) -> Reply) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    }
    let Reply { status, content_type, body } = page(&path);
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nConnection: close");
    write!(reader.get_mut(), "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes `accept`, whatever network the socket belongs to.
        let _woken = nix::sys::socket::shutdown(
            std::os::fd::AsRawFd::as_raw_fd(&self.listener),
            nix::sys::socket::Shutdown::Both,
        );
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().expect("the upstream does not panic");
        }
    }
}
