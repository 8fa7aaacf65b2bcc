//! Probes and answers that the tests of this room share.

use super::model::{Answer, Expected, Gate, Kind, Probe, ProbeResult};
use crate::facts::{Counted, LimitFacts, LimitKind};
use crate::host::http::{Address, Scheme, Sender, Target};
use crate::motion::page::Page;
use crate::values::Hash;

/// A probe of one page.
pub(super) fn probe(gate: Gate) -> Probe {
    let address = Address::Tcp("127.0.0.1:443".parse().expect("an address"));
    let target = Target {
        address,
        scheme: Scheme::Https,
        server_name: "cc.example.test".into(),
        port: 443,
        sender: Sender::default(),
    };
    Probe {
        server: "cc.example.test:443".into(),
        target,
        uri: "/x".into(),
        kind: Kind::Get,
        gate,
        expected: Expected::Perhaps(Vec::new()),
        limits: Vec::new(),
    }
}

/// A page that answers so.
pub(super) fn answer(status: u16) -> Answer {
    let media_type = "text/html".to_owned();
    let sha256 = Some(Hash::of(b"a page"));
    Answer {
        status,
        media_type,
        location: String::new(),
        sha256,
        timeless: true,
        page: Page::Other,
        fault: None,
        loaded: Vec::new(),
    }
}

/// A limit that answers so, and lets one request through every so many milliseconds.
pub(super) fn limit(status: u16, interval: Option<u64>) -> LimitFacts {
    LimitFacts {
        kind: LimitKind::Requests,
        zone: "a".to_owned(),
        most: "5r/s".to_owned(),
        interval: interval.map(std::time::Duration::from_millis),
        status,
        counts: Counted::EachAddress,
        place: "/n:1:1".to_owned(),
    }
}

/// What was seen of it.
pub(super) fn said(status: u16) -> ProbeResult {
    ProbeResult::Answer(answer(status))
}
