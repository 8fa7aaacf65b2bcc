//! Where something stands in a manifest.
//!
//! Invariant: places are in the order of the files, which only a `Source` can tell apart.

/// Where something stands in a manifest. The default is the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Line, from 1; 0 where the file as a whole is meant. Of several files that are one manifest the lines are counted
    /// on, so that places are in the order of the files: only a `Source` knows which line of which file it is.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// What marks a line as one of the site's file: no file has so many.
    const OF_SITE: u32 = 1 << 31;

    /// The same place in the site's file.
    pub(super) fn of_site(self) -> Self {
        Self { line: self.line | Self::OF_SITE, ..self }
    }

    /// Whether it is in the site's file.
    #[must_use]
    pub fn is_of_site(self) -> bool {
        self.line & Self::OF_SITE != 0
    }

    /// The line without the mark of a site's file. See `Source::in_words` for how messages name it.
    #[must_use]
    pub fn line_in_file(self) -> u32 {
        self.line & !Self::OF_SITE
    }
}
