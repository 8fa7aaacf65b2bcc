//! What is said of another file where it is not known whose a difference is: differences from a guess, and what is
//! offered and not taken.
//!
//! Invariant: as of all sections, field names are public contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that another file has otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    /// What taking it would do: `add`, `change`, `remove`, or `order` of what stands there; or `unclear`.
    pub kind: OfferKind,
    /// Block path, such as `server cc.example.test:443 / location /api/`.
    pub path: String,
    /// The directive's name; of a block its heading.
    pub directive: String,
    /// What is there, redacted: the arguments of a line, the text of a block; absent where it would be new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What would be there; absent where it would be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// What `--take` names it by.
    pub take: String,
}

/// What taking something would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OfferKind {
    /// It is new here.
    Add,
    /// It has another value here.
    Change,
    /// The same directives stand in another order here.
    Order,
    /// Only the file here has it.
    Remove,
    /// It cannot be told which block it is here: `old` says which it could be.
    Unclear,
}
