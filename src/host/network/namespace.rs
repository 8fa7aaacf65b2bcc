//! Owns the set-up of a private network namespace; invariant: it speaks to the
//! kernel only about the namespace of the calling process, and must not be
//! called in the host's own (`sandbox` calls it after `unshare`).

use anyhow::{Context, Result, bail};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader,
    NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;
use nix::libc;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

/// `lo` is the first interface of every network namespace (`net/core/dev.c`).
const LOOPBACK: u32 = 1;

/// A request of rtnetlink(7). The crate that knows all of them is larger than everything else of the rehearsal.
struct Request {
    kind: u16,
    /// As the kernel has it in memory.
    body: Vec<u8>,
}

impl NetlinkSerializable for Request {
    fn message_type(&self) -> u16 {
        self.kind
    }

    fn buffer_len(&self) -> usize {
        self.body.len()
    }

    fn serialize(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.body);
    }
}

/// What is no acknowledgement: the kernel sends none for these requests.
impl NetlinkDeserializable for Request {
    type Error = Infallible;

    fn deserialize(header: &NetlinkHeader, body: &[u8]) -> Result<Self, Infallible> {
        Ok(Self { kind: header.message_type, body: body.to_vec() })
    }
}

/// Brings the loopback interface up, so that 127.0.0.1 and ::1 answer.
///
/// # Errors
/// When the kernel refuses (no `CAP_NET_ADMIN` over this network namespace).
pub fn loopback_up() -> Result<()> {
    let up = u32::try_from(libc::IFF_UP).expect("a flag");
    let mut body = vec![0; 4];
    // `struct ifinfomsg`: no family and no type; then the index, the flags, and which of them are to be changed.
    body.extend([LOOPBACK, up, up].map(u32::to_ne_bytes).concat());
    request(Request { kind: libc::RTM_SETLINK, body }, 0).context("bringing `lo` up")
}

/// Makes every IPv4 and IPv6 address an address of this machine ("AnyIP"): it
/// can be listened on and is reached without leaving the loopback interface.
///
/// A kernel without IPv6 is not an error.
///
/// # Errors
/// When the kernel refuses the route for IPv4.
pub fn make_every_address_local() -> Result<()> {
    local_route(libc::AF_INET).context("routing every IPv4 address to `lo`")?;
    match local_route(libc::AF_INET6) {
        Err(cause) if !lacks_ipv6(&cause) => Err(cause).context("routing every IPv6 address to `lo`"),
        _ => {
            // bind() on IPv6 asks the interfaces, not the routes (`inet6_bind`).
            write_setting("net/ipv6/ip_nonlocal_bind", "1").or_else(|cause| missing_is_fine(&cause))
        }
    }
}

/// Lets a process without capabilities listen on ports below 1024.
///
/// # Errors
/// When the kernel does not know the setting (before 4.11) or refuses it.
pub fn open_low_ports() -> Result<()> {
    match write_setting("net/ipv4/ip_unprivileged_port_start", "0") {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            bail!("before Linux 4.11 only root's own programs may listen on the ports below 1024")
        }
        set => set.context("opening the ports below 1024"),
    }
}

fn local_route(family: libc::c_int) -> Result<()> {
    let family = u8::try_from(family).expect("a family");
    // `struct rtmsg`: the lengths of both addresses are 0, which is every address; no type of service, no flags.
    let (table, protocol) = (libc::RT_TABLE_LOCAL, libc::RTPROT_BOOT);
    let mut body = vec![family, 0, 0, 0, table, protocol, libc::RT_SCOPE_HOST, libc::RTN_LOCAL, 0, 0, 0, 0];
    // Its attribute, with its length: by which interface.
    body.extend([8_u16, libc::RTA_OIF].map(u16::to_ne_bytes).concat());
    body.extend(LOOPBACK.to_ne_bytes());
    request(Request { kind: libc::RTM_NEWROUTE, body }, NLM_F_CREATE | NLM_F_REPLACE)
}

fn lacks_ipv6(cause: &anyhow::Error) -> bool {
    let known = [Errno::EAFNOSUPPORT, Errno::EOPNOTSUPP, Errno::EPERM, Errno::ENODEV, Errno::EACCES];
    cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error).is_some_and(|number| {
        known.contains(&Errno::from_raw(number)) && !Path::new("/proc/sys/net/ipv6").exists()
    }) || ipv6_is_off()
}

/// `sysctl net.ipv6.conf.all.disable_ipv6=1` is inherited by new namespaces.
fn ipv6_is_off() -> bool {
    fs::read_to_string("/proc/sys/net/ipv6/conf/lo/disable_ipv6").is_ok_and(|text| text.trim() == "1")
}

fn missing_is_fine(cause: &std::io::Error) -> Result<()> {
    if cause.kind() == std::io::ErrorKind::NotFound {
        return Ok(());
    }
    bail!("setting net.ipv6.ip_nonlocal_bind: {cause}")
}

fn write_setting(name: &str, value: &str) -> std::io::Result<()> {
    fs::write(Path::new("/proc/sys").join(name), value)
}

/// Sends one request and waits for the kernel's acknowledgement.
fn request(message: Request, extra_flags: u16) -> Result<()> {
    let mut socket = Socket::new(NETLINK_ROUTE).context("opening a netlink socket")?;
    socket.bind_auto().context("binding a netlink socket")?;
    socket.connect(&SocketAddr::new(0, 0)).context("connecting a netlink socket")?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_ACK | extra_flags;
    let mut packet = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    packet.finalize();
    let mut buffer = vec![0; packet.buffer_len()];
    packet.serialize(&mut buffer);
    socket.send(&buffer, 0).context("sending a netlink request")?;
    let (answer, _) = socket.recv_from_full().context("reading the kernel's answer")?;
    let answer = NetlinkMessage::<Request>::deserialize(&answer)
        .map_err(|cause| anyhow::anyhow!("decoding the kernel's answer: {cause}"))?;
    match answer.payload {
        NetlinkPayload::Error(error) if error.code.is_some() => Err(error.to_io().into()),
        NetlinkPayload::Error(_) => Ok(()),
        other => {
            bail!("the kernel answered a netlink request with a message of type {}", other.message_type())
        }
    }
}
