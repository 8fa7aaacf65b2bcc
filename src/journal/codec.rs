//! Records as bytes: one line each, `CHECKSUM JSON`.
//!
//! Invariant: a tail that was cut off by a crash is told apart from a record
//! that was changed afterwards; the first is tolerated, the second is an error.
//! Zeros do not say how many records they were: whoever reads the file has to
//! know how much of it was acknowledged.

use super::{Event, Record, Status, next_status};
use crate::values::Hash;
use thiserror::Error;

/// The newest format that is known; all older ones are read. A record carries
/// the oldest format that knows its event, so that a journal without anything
/// new is also read by an older version.
pub const NEWEST: u32 = 2;
/// Hex digits of SHA-256 before each record.
const CHECKSUM_LENGTH: usize = 16;
/// What a disk writes whole or not at all, at the least.
const SECTOR: usize = 512;
/// So many zeros in a row were not changed one by one.
const LOST: usize = 8;

/// A journal that cannot be trusted.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A record in the middle does not match its checksum.
    #[error("record {sequence} does not match its checksum")]
    Damaged {
        /// Which one, counted from 1.
        sequence: u64,
    },
    /// A record is whole but says something that this version cannot read.
    #[error("record {sequence}: {reason}")]
    Unreadable {
        /// Which one, counted from 1.
        sequence: u64,
        reason: String,
    },
    /// Zeros stand where records were that had been acknowledged.
    #[error("record {sequence} was written whole and is lost: zeros stand in its place")]
    Lost {
        /// Which one, counted from 1.
        sequence: u64,
    },
    /// The events do not follow each other.
    #[error("record {sequence}: {reason}")]
    OutOfOrder {
        /// Which one, counted from 1.
        sequence: u64,
        reason: String,
    },
}

/// Everything a journal says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journal {
    /// Every whole record, in order.
    pub records: Vec<Record>,
    /// What they add up to.
    pub status: Status,
    /// How many bytes at the front are whole records.
    pub whole: usize,
    /// How many bytes of a torn record follow them.
    pub torn: usize,
    /// Whether they hold zeros: what was there did not reach the disk, or is lost.
    pub blank: bool,
}

impl Journal {
    /// Reads the bytes of a journal.
    ///
    /// # Errors
    /// When a record other than a torn last one is damaged, unknown or out of order.
    pub fn decode(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut journal = Self::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let sequence = journal.records.len() as u64 + 1;
            let is_last = journal.whole + line.len() == bytes.len();
            match decode_line(line, sequence) {
                Ok(record) => {
                    journal.status = next_status(journal.status, &record.body)
                        .map_err(|error| JournalError::OutOfOrder { sequence, reason: error.to_string() })?;
                    journal.records.push(record);
                    journal.whole += line.len();
                }
                // Only the last line can be the work of a crash: a record is
                // written with its newline in one call and synced.
                Err(JournalError::Damaged { .. }) if is_last && is_torn(line, journal.whole) => {
                    journal.torn = line.len();
                    journal.blank = line.contains(&0);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(journal)
    }

    /// The error of records that had been acknowledged, behind those that are whole.
    #[must_use]
    pub fn lost(&self) -> JournalError {
        JournalError::Lost { sequence: self.records.len() as u64 + 1 }
    }

    /// The bytes of the next record.
    #[must_use]
    pub fn next_record(&self, time: &str, event: Event) -> Record {
        Record {
            version: event.format(),
            sequence: self.records.len() as u64 + 1,
            time: time.to_owned(),
            body: event,
        }
    }
}

/// One record as a line.
#[must_use]
pub fn encode(record: &Record) -> Vec<u8> {
    let json = serde_json::to_string(record).expect("strings and numbers always serialise");
    format!("{} {json}\n", checksum(json.as_bytes())).into_bytes()
}

/// Whether a crash can have left this line, which begins at this place of the file: a part of it that never reached
/// the disk is zeros, or it lacks its end. A byte that somebody changed since is neither: passing that over would take
/// back a record that was acknowledged.
fn is_torn(line: &[u8], start: usize) -> bool {
    if !line.ends_with(b"\n") {
        return !is_whole(&line[..line.len().saturating_sub(1)]);
    }
    let (head, rest) = line.split_at((SECTOR - start % SECTOR).min(line.len()));
    let is_lost = |part: &[u8]| part.iter().all(|byte| *byte == 0);
    is_lost(head) || rest.chunks(SECTOR).any(is_lost) || line.windows(LOST).any(is_lost)
}

/// Whether this is a whole record without its newline: a crash leaves none behind another byte.
fn is_whole(line: &[u8]) -> bool {
    line.split_at_checked(CHECKSUM_LENGTH).is_some_and(|(sum, rest)| {
        rest.strip_prefix(b" ").is_some_and(|json| checksum(json).as_bytes() == sum)
    })
}

fn decode_line(line: &[u8], sequence: u64) -> Result<Record, JournalError> {
    let damaged = JournalError::Damaged { sequence };
    let Some(line) = line.strip_suffix(b"\n") else { return Err(damaged) };
    let Some((sum, rest)) = line.split_at_checked(CHECKSUM_LENGTH) else { return Err(damaged) };
    let Some(json) = rest.strip_prefix(b" ") else { return Err(damaged) };
    if checksum(json).as_bytes() != sum {
        return Err(damaged);
    }
    let unreadable = |reason: String| JournalError::Unreadable { sequence, reason };
    let record: Record = serde_json::from_slice(json).map_err(|error| unreadable(error.to_string()))?;
    if !(1..=NEWEST).contains(&record.version) {
        return Err(unreadable(format!("format {} is not known to this version", record.version)));
    }
    if record.sequence != sequence {
        return Err(unreadable(format!("is numbered {}", record.sequence)));
    }
    Ok(record)
}

fn checksum(bytes: &[u8]) -> String {
    let mut sum = Hash::of(bytes).to_string();
    sum.truncate(CHECKSUM_LENGTH);
    sum
}

#[cfg(test)]
mod tests {
    use super::super::{Deadline, JournalStep, RunKind, RunOutcome, StepVersion};
    use super::*;
    use crate::values::TextPath;

    fn started() -> Event {
        Event::Started {
            run: "20261122T101500Z-7".parse().expect("a run's name"),
            kind: RunKind::Migrate,
            plan: Hash::of(b"a plan"),
            backup: "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name"),
            steps: vec![JournalStep::SetFile {
                path: TextPath::new("/etc/nginx/conf.d/motion.conf").expect("a path"),
                from: StepVersion::Absent,
                to: StepVersion::File(Hash::of(b"new")),
            }],
            actor: "root".into(),
            command: "apply".into(),
        }
    }

    fn bytes(events: &[Event]) -> Vec<u8> {
        let mut journal = Journal::default();
        let mut bytes = Vec::new();
        for event in events {
            let record = journal.next_record("2026-11-22T10:15:00Z", event.clone());
            bytes.extend(encode(&record));
            journal.records.push(record);
        }
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let events = [
            started(),
            Event::Intent { step: 0 },
            Event::Done { step: 0 },
            Event::Proven,
            Event::Finished { outcome: RunOutcome::Applied },
        ];
        let journal = Journal::decode(&bytes(&events)).expect("reads");
        let read: Vec<_> = journal.records.into_iter().map(|record| record.body).collect();
        assert_eq!(read, events);
    }

    #[test]
    fn a_record_has_the_oldest_format_that_knows_its_event() {
        let deadline = Deadline { boot: "b".into(), uptime_millis: 1, wall: "w".into() };
        let events = [started(), Event::ConfirmBy { deadline }, Event::Intent { step: 0 }];
        let journal = Journal::decode(&bytes(&events)).expect("reads");
        let formats: Vec<_> = journal.records.iter().map(|record| record.version).collect();
        assert_eq!(formats, [1, 2, 1]);

        for unknown in [0, NEWEST + 1] {
            let record = Record { version: unknown, ..journal.records[0].clone() };
            let error = Journal::decode(&encode(&record)).expect_err("another format").to_string();
            assert!(error.contains(&format!("format {unknown} is not known")), "{error}");
        }
    }

    #[test]
    fn a_record_with_a_bad_path_hash_or_name_is_refused_when_it_is_read() {
        let whole = String::from_utf8(bytes(&[started()])).expect("text");
        let json = whole[CHECKSUM_LENGTH + 1..].trim_end();
        let (plan, new) = (Hash::of(b"a plan").to_string(), Hash::of(b"new").to_string());
        for (good, bad) in [
            ("/etc/nginx/conf.d/motion.conf", "/etc/../../motion.conf"),
            ("/etc/nginx/conf.d/motion.conf", "motion.conf"),
            (plan.as_str(), "00"),
            (new.as_str(), ""),
            ("20261122T101500Z-0a1b2c3d", "../0a1b2c3d"),
            ("20261122T101500Z-7", "20261122T101500Z-7 --yes"),
        ] {
            let json = json.replace(&format!("\"{good}\""), &format!("\"{bad}\""));
            let line = format!("{} {json}\n", checksum(json.as_bytes()));
            assert_ne!(line, whole, "{good}");
            let refused = Journal::decode(line.as_bytes());
            assert!(matches!(refused, Err(JournalError::Unreadable { .. })), "{bad}: {refused:?}");
        }
    }

    #[test]
    fn every_torn_tail_is_tolerated() {
        let whole = bytes(&[started(), Event::Intent { step: 0 }]);
        let first = bytes(&[started()]).len();
        for cut in first..whole.len() {
            let journal = Journal::decode(&whole[..cut]).expect("reads");
            assert_eq!(
                (journal.records.len(), journal.whole, journal.torn),
                (1, first, cut - first),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_tail_with_sectors_that_were_never_written_is_tolerated() {
        let long = Event::Recovering { reason: "x".repeat(3 * SECTOR), steps: Vec::new() };
        let whole = bytes(&[started(), long]);
        let first = bytes(&[started()]).len();
        let sector = (first / SECTOR + 1) * SECTOR;
        let lost = |range: std::ops::Range<usize>| {
            let mut zeros = whole.clone();
            zeros[range].fill(0);
            zeros
        };
        // In the middle of the record, at its beginning, all of it, and what of it lies behind a place.
        for tail in [
            lost(sector..sector + SECTOR),
            lost(first..sector),
            lost(first..whole.len()),
            lost(sector..whole.len()),
            lost(first + 20..whole.len()),
        ] {
            let journal = Journal::decode(&tail).expect("reads");
            assert_eq!((journal.records.len(), journal.torn), (1, tail.len() - first));
        }
        // In an acknowledged record, or a few bytes of the last one, it is damage.
        for damaged in [lost(10..11), lost(first + 16..first + 17), lost(sector + 1..sector + LOST)] {
            assert!(Journal::decode(&damaged).is_err());
        }
    }

    #[test]
    fn a_byte_that_was_changed_taken_out_or_put_in_is_an_error() {
        let finished = Event::Finished { outcome: RunOutcome::Applied };
        let whole =
            bytes(&[started(), Event::Intent { step: 0 }, Event::Done { step: 0 }, Event::Proven, finished]);
        let last = whole.len() - 1;
        for index in 0..whole.len() {
            let flipped = (0..8).map(|bit| whole[index] ^ 1 << bit);
            for other in flipped.chain([0, b'\n']).filter(|other| *other != whole[index]) {
                let mut changed = whole.clone();
                changed[index] = other;
                assert!(Journal::decode(&changed).is_err(), "byte {index} as {other}");
            }
            let mut shorter = whole.clone();
            shorter.remove(index);
            // Without its last byte a record is one that a crash tore.
            assert_eq!(Journal::decode(&shorter).is_err(), index != last, "without byte {index}");
            for other in [b'\n', 0, b'x'] {
                let mut longer = whole.clone();
                longer.insert(index, other);
                assert!(Journal::decode(&longer).is_err(), "{other} before byte {index}");
            }
        }
    }
}
