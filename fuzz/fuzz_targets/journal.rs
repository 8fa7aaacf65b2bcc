//! Any bytes as a journal, and any records with checksums that fit.
//!
//! Invariant: what is read comes back when it is written again, every beginning of a journal is the journal of
//! fewer events, and a byte that was changed is noticed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::journal::{Journal, Status, encode, next_status};
use motionctl::values::Hash;

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (place, change, bytes) = input;
    if let Ok(journal) = Journal::decode(bytes) {
        assert_eq!(journal.whole + journal.torn, bytes.len());
    }
    // The checksum of each line is computed here: no fuzzer guesses one.
    let bytes: Vec<u8> = bytes.split(|byte| *byte == b'\n').flat_map(line).collect();
    let Ok(journal) = Journal::decode(&bytes) else { return };
    let records: Vec<Vec<u8>> = journal.records.iter().map(encode).collect();
    let written = records.concat();
    let again = Journal::decode(&written).expect("what is written is read");
    assert_eq!(again.records, journal.records);
    assert_eq!(again.status, journal.status);
    assert_eq!((again.whole, again.torn), (written.len(), 0));
    its_status_is_what_the_events_add_up_to(&again);
    a_beginning_is_a_journal(&written, &records, usize::from(place));
    a_change_is_noticed(&again, &written, usize::from(place), change);
});

fn line(json: &[u8]) -> Vec<u8> {
    let mut sum = Hash::of(json).to_string();
    sum.truncate(16);
    [sum.as_bytes(), b" ", json, b"\n"].concat()
}

fn its_status_is_what_the_events_add_up_to(journal: &Journal) {
    let mut status = Status::default();
    for record in &journal.records {
        status = next_status(status, &record.body).expect("the reader took it");
    }
    assert_eq!(status, journal.status);
}

fn a_beginning_is_a_journal(written: &[u8], records: &[Vec<u8>], place: usize) {
    let end = place % (written.len() + 1);
    let cut = Journal::decode(&written[..end]).expect("a torn end is tolerated");
    let mut whole = 0;
    let expected = records.iter().take_while(|record| {
        whole += record.len();
        whole <= end
    });
    assert_eq!(cut.records.len(), expected.count());
    assert_eq!(cut.whole + cut.torn, end);
}

fn a_change_is_noticed(journal: &Journal, written: &[u8], place: usize, change: u8) {
    if written.is_empty() || change == 0 {
        return;
    }
    let mut changed = written.to_vec();
    changed[place % written.len()] ^= change;
    if let Ok(other) = Journal::decode(&changed) {
        // Only of the last record can it look like the work of a crash, and then that is what is said.
        assert!(other.torn > 0, "a changed byte is passed over");
        assert_eq!(other.records, journal.records[..other.records.len()]);
        assert_eq!(other.records.len() + 1, journal.records.len());
    }
}
