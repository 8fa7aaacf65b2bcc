//! Interfaces and addresses for a private network, over netlink: a machine
//! that runs these tests need not have `ip`.

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{InfoKind, LinkAttribute, LinkInfo, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::net::if_::if_nametoindex;
use std::net::Ipv4Addr;

/// Makes an interface of the first kind that this kernel has; `false` when it has none of them.
pub fn add_interface(name: &str) -> bool {
    [InfoKind::Dummy, InfoKind::Veth, InfoKind::Bridge, InfoKind::Ifb].into_iter().any(|kind| {
        let mut link = LinkMessage::default();
        link.attributes.push(LinkAttribute::IfName(name.to_owned()));
        link.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind)]));
        request(RouteNetlinkMessage::NewLink(link), NLM_F_CREATE | NLM_F_EXCL)
    })
}

/// Gives an interface an address.
pub fn add_address(interface: &str, address: Ipv4Addr, prefix: u8) {
    let message = RouteNetlinkMessage::NewAddress(message(interface, address, prefix));
    assert!(request(message, NLM_F_CREATE | NLM_F_EXCL), "{interface} takes no {address}/{prefix}");
}

/// Takes it away.
pub fn remove_address(interface: &str, address: Ipv4Addr, prefix: u8) {
    let message = RouteNetlinkMessage::DelAddress(message(interface, address, prefix));
    assert!(request(message, 0), "{interface} keeps {address}/{prefix}");
}

fn message(interface: &str, address: Ipv4Addr, prefix: u8) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = prefix;
    message.header.index = if_nametoindex(interface).expect("the interface is there");
    message.attributes.push(AddressAttribute::Local(address.into()));
    message.attributes.push(AddressAttribute::Address(address.into()));
    message
}

/// Whether the kernel did what it was asked.
fn request(message: RouteNetlinkMessage, flags: u16) -> bool {
    let mut socket = Socket::new(NETLINK_ROUTE).expect("a netlink socket");
    socket.bind_auto().expect("a netlink address");
    socket.connect(&SocketAddr::new(0, 0)).expect("the kernel");
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
    packet.finalize();
    let mut buffer = vec![0; packet.buffer_len()];
    packet.serialize(&mut buffer);
    socket.send(&buffer, 0).expect("sent");
    let (answer, _) = socket.recv_from_full().expect("an answer");
    let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer).expect("netlink");
    matches!(answer.payload, NetlinkPayload::Error(error) if error.code.is_none())
}
