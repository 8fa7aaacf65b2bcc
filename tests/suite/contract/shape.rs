//! What every answer has besides the shape that its schema says.
//!
//! Invariant: a document that failed says why, and no other does.

use serde_json::Value;

/// Panics unless the document is this command's, and says why where the command failed. Its keys were looked at when it
/// was read.
pub fn check(document: &Value, command: &str) {
    assert_eq!(document["tool"], "motionctl");
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["format"], 1);
    assert_eq!(document["command"], command);
    let has_failed = document["exit_code"].as_u64() >= Some(3)
        || document["outcome"] == "failed"
        || document["outcome"] == "cancelled";
    assert_eq!(document["error"].is_null(), !has_failed, "{document:#}");
}
