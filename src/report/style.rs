//! Colour, detail, width and characters of the human text.

use super::Glyphs;

/// Whether the text carries colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    On,
    Off,
}

/// How much the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only the verdict, stops and failures.
    Quiet,
    /// What a person needs to decide.
    Normal,
    /// Evidence of everything, too.
    Verbose,
    /// And the errors that a failure comes from, one by one.
    Everything,
}

/// The width of a text that nobody wraps, so that a line is found whole: what goes through a pipe or into a file.
pub const ENDLESS: usize = usize::MAX;
/// A longer line of words is hard to follow with the eye; tables and diffs take what there is.
const READABLE: usize = 120;

/// How the human text looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub colour: Colour,
    pub detail: Detail,
    /// How many columns a line may have; [`ENDLESS`] where nothing is wrapped.
    pub width: usize,
    /// Which characters it may have.
    pub glyphs: Glyphs,
}

/// In which colour something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As the terminal has it.
    Plain,
    Dim,
    /// It went well, or was added.
    Good,
    /// It needs a look.
    Warn,
    /// It went wrong, or was removed.
    Bad,
}

impl Style {
    /// Neither colour nor more than a person needs, for lines of this width.
    #[must_use]
    pub fn plain(width: usize) -> Self {
        Self { colour: Colour::Off, detail: Detail::Normal, width, glyphs: Glyphs::Unicode }
    }

    /// The same for what stands so many columns further in.
    #[must_use]
    pub fn inside(self, columns: usize) -> Self {
        let width = if self.width == ENDLESS { ENDLESS } else { self.width.saturating_sub(columns) };
        Self { width, ..self }
    }

    /// The same for sentences.
    #[must_use]
    pub fn for_reading(self) -> Self {
        let width = if self.width == ENDLESS { ENDLESS } else { self.width.min(READABLE) };
        Self { width, ..self }
    }

    /// The text in its colour.
    #[must_use]
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Dim => self.dim(text),
            Tone::Good => self.good(text),
            Tone::Warn => self.warn(text),
            Tone::Bad => self.bad(text),
        }
    }

    /// Bold text.
    #[must_use]
    pub fn bold(&self, text: &str) -> String {
        self.paint(text, console::Style::new().bold())
    }

    /// Text that steps back.
    #[must_use]
    pub fn dim(&self, text: &str) -> String {
        self.paint(text, console::Style::new().dim())
    }

    /// What went well, or was added.
    #[must_use]
    pub fn good(&self, text: &str) -> String {
        self.paint(text, console::Style::new().green())
    }

    /// What needs a look.
    #[must_use]
    pub fn warn(&self, text: &str) -> String {
        self.paint(text, console::Style::new().yellow())
    }

    /// What went wrong, or was removed.
    #[must_use]
    pub fn bad(&self, text: &str) -> String {
        self.paint(text, console::Style::new().red())
    }

    /// A heading inside a diff.
    #[must_use]
    pub fn hunk(&self, text: &str) -> String {
        self.paint(text, console::Style::new().cyan())
    }

    fn paint(&self, text: &str, style: console::Style) -> String {
        style.force_styling(self.colour == Colour::On).apply_to(text).to_string()
    }
}
