//! Any text, read for all that it may hold.
//!
//! Invariant: what was hidden once is hidden when the text is read again, and nothing more.

use super::pair;
use super::text::{Kind, plain};

/// The text without its secrets.
pub fn shown(text: &str, kind: Kind) -> String {
    plain(&pair::shown(text), kind)
}

/// A text as it may be shown, where that differs from how it is written.
pub fn written(raw: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let raw = String::from_utf8_lossy(raw);
    let shown = shown(&raw, kind);
    (shown != raw).then(|| shown.into_bytes())
}
