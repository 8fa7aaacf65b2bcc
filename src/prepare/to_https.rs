//! What to ask where a change sends people to HTTPS: the redirect where they were served, and the new
//! client where they arrive.
//!
//! Invariant: a redirect is only taken as expected where the plan named it.

use crate::host::http::{Address, Scheme, Target};
use crate::plan::ToHttps;
use crate::verify::probe::ProbePlan;
use crate::verify::{Gate, Kind, Probe};
use nginx_config::routes::{Endpoint, NOBODYS};

/// Turns the routes that are asked without TLS to what the plan says of them.
pub(super) fn follow(plan: &mut ProbePlan, ways: &[ToHttps]) {
    let mut arrivals = Vec::new();
    for way in ways {
        let Endpoint::Tcp(_, port) = way.at else { continue };
        let asks_there = |row: &&mut Probe| {
            let name = &row.target.server_name;
            let is_asked = match &way.host {
                Some(host) => name == host,
                None => name.is_empty() || name == NOBODYS,
            };
            is_asked
                && row.server == way.server
                && row.target.scheme == Scheme::Http
                && row.target.port == port
        };
        for row in plan.rows.iter_mut().filter(asks_there) {
            match row.gate {
                Gate::NewClient | Gate::NewClientOpened | Gate::NewClientRedirect => {
                    arrivals.extend(behind(row, way.port));
                    row.gate = Gate::ToHttps;
                }
                Gate::AsBefore => row.gate = Gate::ToHttps,
                Gate::ToHttps | Gate::Stated(..) | Gate::Informational => {}
            }
        }
    }
    plan.rows.extend(arrivals);
}

/// The same route where the redirect leads.
fn behind(row: &Probe, port: u16) -> Option<Probe> {
    let Address::Tcp(address) = &row.target.address else { return None };
    let mut address = *address;
    address.set_port(port);
    let target = Target { address: Address::Tcp(address), scheme: Scheme::Https, port, ..row.target.clone() };
    let name = row.server.rsplit_once(':').map_or(row.server.as_str(), |(name, _)| name);
    (row.kind == Kind::Get).then(|| Probe { server: format!("{name}:{port}"), target, ..row.clone() })
}
