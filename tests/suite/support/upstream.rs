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

impl Upstream {
    /// Answers every request on `listener` with the HTML that `page` gives for its path.
    pub fn start(listener: TcpListener, page: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
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
fn answer(stream: TcpStream, page: &dyn Fn(&str) -> String) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    }
    let body = page(&path);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
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
