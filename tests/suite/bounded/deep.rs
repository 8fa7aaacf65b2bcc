//! Blocks in blocks, and very many of everything, through the whole of `check`.
//!
//! Invariant: memory is measured by the kernel, as the most that the process itself ever held.

use crate::support::binary::{Server, binary};
use crate::support::peak::highest_kib;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What a command takes that looks at little; a debug build.
const PLAIN_KIB: i64 = 60 << 10;

/// The exit code and the most memory, in KiB, of a command for this server that must end.
pub fn peak(server: &Server, arguments: &[&str]) -> (i32, i64) {
    peak_of(&server.arguments(arguments))
}

/// The same of any command.
pub fn peak_of(arguments: &[String]) -> (i32, i64) {
    let mut command = binary();
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let (started, mut most) = (Instant::now(), 0);
    loop {
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            let code = ended.code().unwrap_or_else(|| panic!("{arguments:?}: {ended}"));
            return (code, i64::try_from(most).expect("less than all memory"));
        }
        // The highest so far; once the process has ended it is not told any more.
        most = most.max(highest_kib(child.id()).unwrap_or_default());
        if started.elapsed() > Duration::from_secs(400) {
            child.kill().expect("it can be ended");
            panic!("{arguments:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn nested(server: &Server, levels: usize) {
    let mut text = "server { listen 8099; server_name deep.test;\n".to_owned();
    text.push_str(&"location /a {\n".repeat(levels));
    text.push_str("return 200;");
    text.push_str(&"}\n".repeat(levels + 1));
    server.write("etc/nginx/conf.d/deep.conf", text);
}

#[test]
fn a_hundred_thousand_levels_cost_no_stack_and_little_memory() {
    let server = Server::copy("standalone");
    let mut took = Vec::new();
    for levels in [25_000, 100_000] {
        nested(&server, levels);
        let (code, kib) = peak(&server, &["check", "--accept", "topology.unknown"]);
        // NGINX itself reads blocks by calling itself, and has no stack for so many.
        assert_eq!(code, 65, "{levels} levels");
        took.push(kib);
    }
    // Square memory would be sixteen times as much for four times the levels.
    assert!(took[1] - PLAIN_KIB < 6 * (took[0] - PLAIN_KIB).max(10 << 10), "{took:?}");
    assert!(took[1] < 600 << 10, "{took:?}");
}

#[test]
fn so_many_levels_as_nginx_takes_are_checked() {
    let server = Server::copy("standalone");
    nested(&server, 1000);
    let (code, _) = peak(&server, &["check", "--accept", "topology.unknown"]);
    assert_eq!(code, 0);
}
