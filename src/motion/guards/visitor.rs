//! What turns a visitor away who asks for a page, and who would be let in.
//!
//! Invariant: decided by the rules as they stand, in their order; of a client whose address is not known only what holds
//! for everybody is said. Whether somebody knows a password is never asked.

use super::Guards;
use nginx_config::{Config, Node};
use std::net::{IpAddr, Ipv4Addr};

/// What lets no request of a client through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptOut {
    /// Which guard, for people.
    pub by: String,
    /// How somebody would get in; `None` where that is not known.
    pub pass: Option<Pass>,
}

/// What it takes to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// An address to ask from; `None` where any will do.
    pub from: Option<IpAddr>,
    /// The file with the passwords of which one is needed, as written.
    pub password_file: Option<String>,
}

/// The directives that decide who gets in, as they hold at one place.
#[derive(Debug, Default)]
pub struct Rules {
    /// `allow` and `deny`, in their order.
    pub addresses: Vec<Node>,
    pub password: Option<Node>,
    pub password_file: Option<Node>,
    pub satisfy: Option<Node>,
}

impl Rules {
    /// Those among the guards of a way.
    pub(super) fn of(guards: &Guards) -> Self {
        let all = |name: &str| guards.get(name).map_or_else(Vec::new, |guard| guard.directives.clone());
        let last = |name: &str| all(name).pop();
        Self {
            addresses: all("allow and deny"),
            password: last("auth_basic"),
            password_file: last("auth_basic_user_file"),
            satisfy: last("satisfy"),
        }
    }

    /// What turns a client away that comes from `own`; one without an address comes by a unix socket.
    #[must_use]
    pub fn keep_out(&self, config: &Config, own: Option<IpAddr>) -> Option<KeptOut> {
        let word = |node: Node| config.directive(node).args.first().map(|word| word.text().into_owned());
        let rules: Vec<Rule> = self.addresses.iter().filter_map(|node| Rule::of(config, *node)).collect();
        let refused =
            rules.iter().find(|rule| rule.speaks_of(own)).filter(|rule| rule.access == Access::Deny);
        let password = self.password.filter(|node| word(*node).is_some_and(|realm| realm != "off"));
        let any = self.satisfy.and_then(word).is_some_and(|which| which == "any");
        // What only a request names is no file that is known.
        let file = self.password_file.and_then(word).filter(|file| !file.contains('$'));
        let with_password = |from| file.clone().map(|file| Pass { from, password_file: Some(file) });
        if let Some(rule) = refused {
            let from = rules.iter().filter_map(|rule| rule.example(own)).find(|&address| {
                let first = rules.iter().find(|rule| rule.speaks_of(Some(address)));
                first.is_some_and(|rule| rule.access == Access::Allow)
            });
            let pass = match (from, password) {
                (Some(_), Some(_)) if !any => with_password(from),
                (Some(_), _) => Some(Pass { from, password_file: None }),
                (None, Some(_)) if any => with_password(None),
                (None, _) => None,
            };
            let by =
                format!("this machine is not let in (deny {} at {})", rule.text, config.place(rule.node));
            return Some(KeptOut { by, pass });
        }
        // With `satisfy any` an address that is let in needs no password.
        let let_in = any && !rules.is_empty();
        let place = config.place(password.filter(|_| !let_in)?);
        let by = format!("it asks for a password (auth_basic at {place})");
        Some(KeptOut { by, pass: with_password(None) })
    }
}

/// The address that this machine's requests to one of its own come from: within the loopback network the first.
#[must_use]
pub fn own_address(asked: IpAddr) -> IpAddr {
    if asked.is_ipv4() && asked.is_loopback() { Ipv4Addr::LOCALHOST.into() } else { asked }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Allow,
    Deny,
}

/// One `allow` or `deny`.
#[derive(Debug)]
struct Rule {
    node: Node,
    access: Access,
    text: String,
}

impl Rule {
    fn of(config: &Config, node: Node) -> Option<Self> {
        let directive = config.directive(node);
        let access = if directive.is("allow") { Access::Allow } else { Access::Deny };
        let text = directive.args.first()?.text().into_owned();
        Some(Self { node, access, text })
    }

    /// Whether it decides about a client; one without an address came by a unix socket.
    fn speaks_of(&self, client: Option<IpAddr>) -> bool {
        match (self.text.as_str(), client) {
            ("all", _) | ("unix:", None) => true,
            (text, Some(client)) => {
                network(text).is_some_and(|(network, bits)| masked(client, bits) == masked(network, bits))
            }
            (_, None) => false,
        }
    }

    /// An address that it speaks of, of the kind that is asked for.
    fn example(&self, like: Option<IpAddr>) -> Option<IpAddr> {
        let (network, bits) = network(&self.text)?;
        let whole = if network.is_ipv4() { 32 } else { 128 };
        if like?.is_ipv4() != network.is_ipv4() {
            return None;
        }
        Some(match masked(network, bits) {
            // The first host of a network: its own address is nobody's.
            IpAddr::V4(ip) if bits < whole => IpAddr::V4((ip.to_bits() | 1).into()),
            IpAddr::V6(ip) if bits < whole => IpAddr::V6((ip.to_bits() | 1).into()),
            ip => ip,
        })
    }
}

/// `192.0.2.0/24` or a single address.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(whole), |bits| bits.parse().ok())?;
    (bits <= whole).then_some((address, bits))
}

fn masked(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V4((ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & mask).into())
        }
    }
}
