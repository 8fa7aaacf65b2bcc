//! The newest NGINX of Debian's suites, which `packaging/setup.sh test` unpacks.
//!
//! Invariant: it is missing only for a reason that is said; nobody passes a test on it by not having it.

use std::fs;
use std::path::Path;

/// The folder that `packaging/setup.sh` names, too.
const FOLDER: &str = "/var/cache/motionctl-tests/nginx";

/// Its program; `None`, and said, where this machine cannot have it.
pub fn newest_nginx(test: &str) -> Option<String> {
    let program = format!("{FOLDER}/usr/sbin/nginx");
    if Path::new(&program).exists() {
        return Some(program);
    }
    let reason = fs::read_to_string(format!("{FOLDER}/reason"));
    let reason = reason.expect("`packaging/setup.sh test` has unpacked it, or says why it cannot");
    super::depth::report(&format!("{test}: SKIPPED, {}", reason.trim()), "");
    None
}
