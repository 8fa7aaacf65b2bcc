//! What is known of the entries of a list.
//!
//! Invariant: data, which a tree keeps of the lists that include it.

/// What the entries of a block are, or of the files that it includes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Only of a map: whether its entries are compared.
    pub is_map: bool,
    /// The secret that its entries are compared with.
    pub tested: Option<String>,
    /// The variable that they give a value, where it is called as secrets are.
    pub result: Option<String>,
}

impl List {
    /// Whether anything of an entry is a secret.
    pub fn is_secret(&self) -> bool {
        self.tested.is_some() || self.result.is_some()
    }

    /// What several blocks say that include one file.
    pub fn join(&mut self, other: &Self) {
        self.is_map |= other.is_map;
        self.tested = self.tested.take().or_else(|| other.tested.clone());
        self.result = self.result.take().or_else(|| other.result.clone());
    }
}
