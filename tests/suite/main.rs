//! Tests against the real thing: real NGINX, real sockets, the real binary.
//!
//! Invariant: only loopback and private namespaces are used, and only what a
//! test started is signalled.

#![expect(clippy::disallowed_methods, reason = "tests set servers up and look at what became of them")]
#![expect(clippy::unwrap_used, reason = "what a helper cannot do fails its test")]

mod apply;
mod apply_gates;
mod apply_guards;
mod apply_signals;
mod archives;
mod asked;
mod backup;
mod backup_work;
mod base;
mod bounded;
mod bundle;
mod carry;
mod compat;
mod confirm;
mod connections;
mod contract;
mod crash;
mod damage;
mod database;
mod elsewhere;
mod faults;
mod files;
mod fuzz;
mod gate;
mod install_unit;
mod linear;
mod local_away;
mod local_changes;
mod local_live;
mod local_property;
mod local_record;
mod local_union;
mod lock;
mod manifest;
mod masters;
mod new_client;
mod offered;
mod old_kernels;
mod package;
mod past;
mod pipelines;
mod place;
mod plan;
mod planted;
mod privilege;
mod probes;
mod redaction;
mod rehearse;
mod release;
mod reload;
mod report;
mod rollback;
mod root;
mod route_state;
mod routes;
mod sandbox;
mod schema_map;
mod screens;
mod seed;
mod sessions;
mod signed;
mod spreadsheet;
mod story_pipeline;
mod strategies;
mod support;
mod tidy;
mod topology;
mod trust;
mod tryout;
mod watch;
mod who_answers;
mod wire;
mod words;
