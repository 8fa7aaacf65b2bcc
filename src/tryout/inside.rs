//! The inner side: runs the script behind its walls, and sends out what it did.

use super::protocol::{Answer, Payload};
use crate::host::contain;
use crate::host::sandbox::ChildContext;

/// Whether a payload is one of ours.
#[must_use]
pub fn is_ours(payload: &serde_json::Value) -> bool {
    payload.get("try").is_some()
}

/// Runs the order inside the sandbox; the exit code says only whether the answer could be sent.
pub fn inside(payload: serde_json::Value, context: &ChildContext) -> i32 {
    let answer: Answer = match serde_json::from_value::<Payload>(payload) {
        Ok(Payload { r#try: order }) => contain::run(context, &order).map_err(|error| format!("{error:#}")),
        Err(error) => Err(format!("reading the order: {error}")),
    };
    let sent = serde_json::to_vec(&answer).map(|bytes| context.send(&bytes));
    i32::from(!matches!(sent, Ok(Ok(()))))
}
