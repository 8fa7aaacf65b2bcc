//! One query in, one reply out (RFC 1035, section 4), as bytes.
//!
//! Invariant: no packet makes this panic, loop or answer more than it was
//! asked. It must not touch a socket.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;
const RECURSION_DESIRED: u8 = 0x01;
const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const RECURSION_AVAILABLE: u8 = 0x80;
const NOT_IMPLEMENTED: u8 = 4;
/// Short, so that no answer outlives the rehearsal in a cache.
const TTL_SECONDS: u32 = 5;
/// RFC 1035, section 2.3.4.
const NAME_CAP: usize = 255;

/// The reply to `query`: an address for A, an empty answer for every other
/// type; `None` for what is not a query with exactly one question.
pub(super) fn reply(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let header = query.get(..HEADER)?;
    if header[2] & RESPONSE != 0 || header[4..6] != [0, 1] {
        return None;
    }
    let (name, end) = name(query)?;
    let question = query.get(HEADER..end + 4)?;
    let kind = u16::from_be_bytes([query[end], query[end + 1]]);
    let class = u16::from_be_bytes([query[end + 2], query[end + 3]]);
    let standard = header[2] & OPCODE == 0;
    let address = (standard && kind == TYPE_A && class == CLASS_IN).then(|| lookup(zone, &name));

    let mut reply = Vec::with_capacity(HEADER + question.len() + 16);
    reply.extend_from_slice(&header[..2]);
    reply.push(RESPONSE | (header[2] & (OPCODE | RECURSION_DESIRED)));
    reply.push(RECURSION_AVAILABLE | if standard { 0 } else { NOT_IMPLEMENTED });
    reply.extend_from_slice(&[0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
    reply.extend_from_slice(question);
    if let Some(address) = address {
        // The name is a pointer to the question's (section 4.1.4).
        reply.extend_from_slice(&[0xc0, HEADER as u8]);
        reply.extend_from_slice(&TYPE_A.to_be_bytes());
        reply.extend_from_slice(&CLASS_IN.to_be_bytes());
        reply.extend_from_slice(&TTL_SECONDS.to_be_bytes());
        reply.extend_from_slice(&4u16.to_be_bytes());
        reply.extend_from_slice(&address.octets());
    }
    Some(reply)
}

fn lookup(zone: &Zone, name: &str) -> Ipv4Addr {
    zone.names.get(name).copied().unwrap_or(zone.default)
}

/// The question's name in lower case and the offset behind it. A question
/// comes first, so it has nothing to point back at: pointers are refused.
fn name(query: &[u8]) -> Option<(String, usize)> {
    let mut at = HEADER;
    let mut name = String::new();
    loop {
        let length = usize::from(*query.get(at)?);
        if length == 0 {
            return Some((name, at + 1));
        }
        let label = query.get(at + 1..at + 1 + length)?;
        if length > 63 || at + 1 + length - HEADER > NAME_CAP {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
        at += 1 + length;
    }
}

/// Which address each name has.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Names in lower case, without the final dot.
    pub names: BTreeMap<String, Ipv4Addr>,
    /// The address of every other name.
    pub default: Ipv4Addr,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn zone() -> Zone {
        let names = BTreeMap::from([("app.example.test".to_owned(), Ipv4Addr::new(10, 9, 9, 9))]);
        Zone { names, default: Ipv4Addr::LOCALHOST }
    }

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut query = vec![0xab, 0xcd, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(label.len() as u8);
            query.extend_from_slice(label.as_bytes());
        }
        query.push(0);
        query.extend_from_slice(&kind.to_be_bytes());
        query.extend_from_slice(&[0, 1]);
        query
    }

    #[test]
    fn addresses_come_from_the_map_and_other_types_are_empty() {
        let check = |name, kind, answers: u8, tail: &[u8]| {
            let asked = query(name, kind);
            let reply = reply(&asked, &zone()).unwrap();
            assert_eq!(reply[..4], [0xab, 0xcd, 0x81, 0x80], "{name}");
            assert_eq!(reply[6..8], [0, answers], "{name} {kind}");
            assert_eq!(reply[HEADER..asked.len()], asked[HEADER..], "the question is repeated");
            assert!(reply.ends_with(tail), "{name} {kind}");
        };
        check("App.Example.TEST", 1, 1, &[0, 4, 10, 9, 9, 9]);
        check("elsewhere.test", 1, 1, &[0, 4, 127, 0, 0, 1]);
        check("app.example.test", 28, 0, &[0, 28, 0, 1]);
        check("_http._tcp.app.example.test", 33, 0, &[0, 33, 0, 1]);
    }

    #[test]
    fn what_is_no_single_question_gets_no_reply() {
        let asked = query("app.example.test", 1);
        let changed = |at: usize, byte| {
            let mut packet = asked.clone();
            packet[at] = byte;
            packet
        };
        assert_eq!(reply(&changed(2, 0x81), &zone()), None, "a reply");
        assert_eq!(reply(&changed(5, 2), &zone()), None, "two questions");
        assert_eq!(reply(&changed(12, 0xc0), &zone()), None, "a pointer");
        assert_eq!(reply(&query(&vec!["abcdefg"; 40].join("."), 1), &zone()), None, "a name over 255 bytes");
        for end in 0..asked.len() {
            assert_eq!(reply(&asked[..end], &zone()), None, "cut at {end}");
        }
        let opcode = reply(&changed(2, 0x28), &zone()).unwrap();
        assert_eq!((opcode[3] & 0x0f, opcode[7]), (NOT_IMPLEMENTED, 0), "an update");
    }

    proptest! {
        #[test]
        fn no_packet_does_harm(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _reply = reply(&packet, &zone());
        }
    }
}
