//! What several modules of the suite share. `docs/testing.md` says more about each.
//!
//! | take | for |
//! |---|---|
//! | [`binary::Server`] | the binary with `--root` on a copy of a fixture; the cheapest that runs a whole command |
//! | [`machine::Machine`] | the binary on `/` of a server of its own: a running NGINX, a reload, probes |
//! | [`systemd::Systemd`] | a service manager for a `Machine`; the test plays the timers |
//! | [`real_systemd::RealSystemd`] | a real one as the first process: what it does with timers, reloads, reboots |
//! | [`web_socket::WebSocket`] | an open connection that keeps an old worker of a `Machine` |
//! | [`site::Site`] | the sandbox: programs in it, and what is left outside |
//! | [`tree::Tree`] | reading and replacing files below a root, with the lock taken |
//! | [`port::Taken`], [`port::unused`] | a port that another program holds, and one where nobody listens |
//! | [`nginx::Nginx`] | what an NGINX answers to a configuration that the test writes |
//! | [`wire_nginx::Nginx`] | probes: addresses, TLS, what is on the wire during a reload |
//! | [`database_server::DatabaseServer`], [`database_server::Schema`] | a database server, shared, and a schema of the test's own on it |
//! | [`browser::Browser`] | a headless Chromium: what a page shows, asks for and complains of |
//! | [`terminal::on_terminal`] | what a command leaves on the screen of a terminal of some width |
//! | [`signer::Signer`] | somebody who signs bundles with the real `minisign` |
//! | [`said::Said`] | what a command said: exit code, output, the document of `--json` |
//! | [`wait::eventually`] | something that comes by itself |
//! | [`tree_state::state`], [`tree_state::untouched`] | whether a folder is as it was; whether nobody wrote to it |
//! | [`schema`] | whether a JSON document has the keys that it may have; every document of [`said::Said`] is asked |
//! | [`only_on`] | whether the run's database server is of the kind that a test is about |
//! | [`newest`] | the newest NGINX of Debian's suites, beside the one that is installed |
//! | [`old_kernel::Refusal`] | a command to which this kernel is an older one, or a container's |
//! | [`depth`] | how many cases of a matrix or of generated input a run has |
//!
//! Invariant: whatever is started here ends with the value that stands for it.
//! It must not assert anything about the product.

pub mod binary;
pub mod browser;
pub mod bundles;
pub mod database_server;
pub mod depth;
pub mod fleet;
pub mod machine;
pub mod mount;
pub mod newest;
pub mod nginx;
pub mod old_kernel;
pub mod only_on;
pub mod paused;
pub mod peak;
pub mod port;
pub mod real_systemd;
pub mod said;
pub mod schema;
pub mod signer;
pub mod site;
pub mod systemd;
pub mod terminal;
pub mod tls;
pub mod tree;
pub mod tree_state;
pub mod upstream;
pub mod wait;
pub mod web_socket;
pub mod wire_address;
pub mod wire_nginx;
