//! The addresses of this machine's interfaces.
//!
//! Invariant: only this network namespace is seen. Nothing is configured here.

use nix::ifaddrs::getifaddrs;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr};

/// `IFA_F_PERMANENT` of `/proc/net/if_inet6`: neither leased nor made up by the kernel.
const PERMANENT: u32 = 0x80;

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InterfaceAddress {
    /// The interface, or its alias such as `eth0:1`.
    pub interface: String,
    pub address: IpAddr,
    /// How many bits name the network.
    pub prefix: u32,
    /// How it got there.
    pub origin: AddressOrigin,
}

/// How an interface got an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressOrigin {
    /// Somebody set it; for IPv4 the kernel does not tell this from a lease.
    Set,
    /// The kernel or a lease gave it for a time.
    Temporary,
}

/// Every address, IPv4 before IPv6, each in the kernel's order.
///
/// # Errors
/// When the kernel does not say.
pub fn addresses() -> io::Result<Vec<InterfaceAddress>> {
    let mut found = Vec::new();
    for entry in getifaddrs()? {
        let v4 = |address: Option<nix::sys::socket::SockaddrStorage>| Some(address?.as_sockaddr_in()?.ip());
        let Some(address) = v4(entry.address) else { continue };
        found.push(InterfaceAddress {
            interface: entry.interface_name,
            address: address.into(),
            prefix: v4(entry.netmask).map_or(32, |mask| mask.to_bits().count_ones()),
            origin: AddressOrigin::Set,
        });
    }
    match fs::read_to_string("/proc/net/if_inet6") {
        Ok(text) => found.extend(text.lines().filter_map(parse_v6)),
        // A kernel without IPv6 has no such table.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(found)
}

/// `fe80…01 02 40 20 80 eth0`: address, index, prefix, scope, flags, name, all hexadecimal
/// (`net/ipv6/addrconf.c`, `if6_seq_show`).
fn parse_v6(line: &str) -> Option<InterfaceAddress> {
    let mut fields = line.split_whitespace();
    let address = u128::from_str_radix(fields.next()?, 16).ok()?;
    let prefix = u32::from_str_radix(fields.nth(1)?, 16).ok()?;
    let flags = u32::from_str_radix(fields.nth(1)?, 16).ok()?;
    let origin = if flags & PERMANENT == 0 { AddressOrigin::Temporary } else { AddressOrigin::Set };
    let interface = fields.next()?.to_owned();
    Some(InterfaceAddress { interface, address: Ipv6Addr::from_bits(address).into(), prefix, origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_table_is_read() {
        let line = "20010db8000000000000000000000010 02 80 00 80     eth0";
        let found = parse_v6(line).unwrap();
        assert_eq!((found.address.to_string().as_str(), found.prefix), ("2001:db8::10", 128));
        assert_eq!((found.interface.as_str(), found.origin), ("eth0", AddressOrigin::Set));
        let leased = parse_v6("20010db8000000000000000000000010 02 40 00 00 eth0").unwrap();
        assert_eq!(leased.origin, AddressOrigin::Temporary);
        assert!(parse_v6("").is_none() && parse_v6("zz 02 40 00 00 eth0").is_none());
    }

    #[test]
    fn this_machine_has_a_loopback() {
        let found = addresses().unwrap();
        assert!(found.iter().any(|one| one.address.is_loopback()), "{found:?}");
    }
}
