//! Splices: ranges of a source and what takes their place.
//!
//! Invariant: splices are sorted and never overlap; everything outside of
//! their ranges stays byte for byte. They know nothing of the grammar.

use std::ops::Range;

/// Bytes of a source and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The bytes that go; empty for an insertion.
    pub range: Range<usize>,
    /// The bytes that come.
    pub text: Vec<u8>,
}

/// Two edits want the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two edits overlap at byte {offset}")]
pub struct Overlap {
    /// Where the second of them starts.
    pub offset: usize,
}

/// `source` with the splices applied, which must be sorted and lie within it.
///
/// # Errors
/// Where they overlap, are out of order or end behind the source.
pub fn splice(source: &[u8], splices: &[Splice]) -> Result<Vec<u8>, Overlap> {
    let mut result =
        Vec::with_capacity(source.len() + splices.iter().map(|one| one.text.len()).sum::<usize>());
    let mut at = 0;
    for Splice { range, text } in splices {
        let kept =
            source.get(at..range.start).filter(|_| range.start <= range.end && range.end <= source.len());
        result.extend_from_slice(kept.ok_or(Overlap { offset: range.start })?);
        result.extend_from_slice(text);
        at = range.end;
    }
    result.extend_from_slice(&source[at..]);
    Ok(result)
}

/// Sorts splices by place; insertions at one place keep their order, and
/// removals that touch the same bytes become one.
pub(super) fn arrange(mut splices: Vec<Splice>) -> Result<Vec<Splice>, Overlap> {
    splices.sort_by_key(|one| (one.range.start, !one.range.is_empty()));
    let mut apart: Vec<Splice> = Vec::with_capacity(splices.len());
    for next in splices {
        match apart.last_mut() {
            Some(last) if next.range.start < last.range.end => {
                if next.range.is_empty() || !next.text.is_empty() || !last.text.is_empty() {
                    return Err(Overlap { offset: next.range.start });
                }
                last.range.end = last.range.end.max(next.range.end);
            }
            _ => apart.push(next),
        }
    }
    Ok(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(range: Range<usize>, text: &str) -> Splice {
        Splice { range, text: text.into() }
    }

    #[test]
    fn splices_keep_what_they_do_not_name() {
        let splices =
            arrange(vec![one(4..6, ""), one(0..1, "A"), one(4..4, "x"), one(4..4, "y"), one(4..6, "")]);
        let splices = splices.expect("apart");
        assert_eq!(splice(b"abcdefg", &splices).as_deref(), Ok(&b"Abcdxyg"[..]));
    }

    #[test]
    fn overlaps_are_refused() {
        assert_eq!(arrange(vec![one(2..5, "x"), one(1..3, "")]), Err(Overlap { offset: 2 }));
        assert_eq!(arrange(vec![one(2..5, "x"), one(3..3, "y")]), Err(Overlap { offset: 3 }));
        assert_eq!(splice(b"abc", &[one(2..4, "")]), Err(Overlap { offset: 2 }));
        assert_eq!(splice(b"abc", &[one(2..3, ""), one(1..2, "")]), Err(Overlap { offset: 1 }));
    }
}
