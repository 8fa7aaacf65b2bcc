//! Addresses that may move between servers.
//!
//! Invariant: a second address is a sign, not a proof: nothing on an interface
//! says who moves it. Addresses that the kernel or a lease gave do not count.

use super::view::{Seen, View};
use crate::host::addresses::{AddressOrigin, InterfaceAddress};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Interfaces with more than one address that somebody set.
pub fn floating(view: &View) -> Seen {
    let mut seen = Seen::default();
    if let Some(addresses) = seen.take(&view.addresses) {
        seen.evidence.extend(several(addresses));
        return seen;
    }
    for (interface, addresses) in &view.configured {
        let v4: Vec<_> =
            addresses.iter().filter(|address| address.is_ipv4()).map(ToString::to_string).collect();
        if v4.len() > 1 {
            seen.found(format!("{interface} is given {}", v4.join(" and ")));
        }
    }
    seen
}

fn several(addresses: &[InterfaceAddress]) -> Vec<String> {
    let mut by_interface: BTreeMap<&str, Vec<&InterfaceAddress>> = BTreeMap::new();
    for one in addresses.iter().filter(|one| one.origin == AddressOrigin::Set && is_public(one)) {
        let interface = one.interface.split(':').next().unwrap_or(&one.interface);
        by_interface.entry(interface).or_default().push(one);
    }
    let mut found = Vec::new();
    for (interface, addresses) in by_interface {
        let list = |wanted: fn(&&&InterfaceAddress) -> bool| {
            let shown = addresses.iter().filter(wanted).map(|one| format!("{}/{}", one.address, one.prefix));
            shown.collect::<Vec<_>>()
        };
        let (v4, v6) = (list(|one| one.address.is_ipv4()), list(|one| one.address.is_ipv6()));
        // The kernel answers for an address on `lo` wherever it arrives: behind a director.
        let most = usize::from(interface != "lo");
        if v4.len() > most {
            found.push(format!("{interface} has {}", v4.join(" and ")));
        }
        // A server may have several IPv6 networks; a single address that was added is a /128.
        let single = addresses.iter().any(|one| one.address.is_ipv6() && one.prefix == 128);
        if single && v6.len() > most {
            found.push(format!("{interface} has {}", v6.join(" and ")));
        }
    }
    found
}

/// Neither of this host nor of this wire alone.
fn is_public(one: &InterfaceAddress) -> bool {
    match one.address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(addresses: &[(&str, &str, u32, AddressOrigin)], expect: &[&str]) {
        let addresses: Vec<_> = addresses
            .iter()
            .map(|(interface, address, prefix, origin)| InterfaceAddress {
                interface: (*interface).to_owned(),
                address: address.parse().unwrap(),
                prefix: *prefix,
                origin: *origin,
            })
            .collect();
        assert_eq!(several(&addresses), expect);
    }

    #[test]
    fn a_second_address_is_told_from_a_usual_one() {
        use AddressOrigin::{Set, Temporary};
        check(
            &[
                ("lo", "127.0.0.1", 8, Set),
                ("lo", "::1", 128, Set),
                ("eth0", "192.0.2.10", 24, Set),
                ("docker0", "172.17.0.1", 16, Set),
                ("eth0", "fe80::1", 64, Set),
                ("eth0", "2001:db8::5", 64, Set),
                ("eth0", "2001:db8:1::5", 64, Set),
                ("eth0", "2001:db8::77", 128, Temporary),
            ],
            &[],
        );
        check(
            &[("eth0", "192.0.2.10", 24, Set), ("eth0:1", "192.0.2.100", 32, Set)],
            &["eth0 has 192.0.2.10/24 and 192.0.2.100/32"],
        );
        check(&[("lo", "192.0.2.100", 32, Set)], &["lo has 192.0.2.100/32"]);
        check(
            &[("eth0", "2001:db8::5", 64, Set), ("eth0", "2001:db8::100", 128, Set)],
            &["eth0 has 2001:db8::5/64 and 2001:db8::100/128"],
        );
    }
}
