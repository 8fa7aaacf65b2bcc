//! Error lines after which NGINX goes on: it writes them also when it has taken a configuration.
//!
//! Invariant: a line is in this table because NGINX's source goes on after it, never because a log
//! held such a line before. None of them makes up for what the processes do not show.

/// What NGINX writes, and where.
pub(super) struct Row {
    message: Message,
    /// What it means, for people.
    pub(super) means: &'static str,
    /// The function and the file of the source, NGINX's (1.22.1, where no other version is named) or a module's.
    pub(super) source: &'static str,
}

enum Message {
    Begins(&'static str),
    /// Holds this, which a log handler puts behind the message.
    Holds(&'static str),
    /// Begins like the first and ends like the second.
    Between(&'static str, &'static str),
}

impl Message {
    fn is_of(&self, text: &str) -> bool {
        match self {
            Self::Begins(start) => text.starts_with(start),
            Self::Holds(part) => text.contains(part),
            Self::Between(start, end) => text.starts_with(start) && text.ends_with(end),
        }
    }
}

const fn row(message: Message, means: &'static str, source: &'static str) -> Row {
    Row { message, means, source }
}

use Message::{Begins, Between, Holds};

const SYSLOG: &str = "a syslog server does not take NGINX's lines";
const NAMES: &str = "a name server answers wrongly";
const FULL: &str = "a shared zone is full";
const LIMITS: &str = "a worker serves without a limit, priority or option that was asked for";
const CODE: &str = "the configuration's own code writes it";
const CHILD: &str = "a worker ended while the master spoke to it";

/// Lines about a connection (`*N`) are not here: they are nobody's proof.
const ROWS: &[Row] = &[
    // Without a handler up to 1.23.3, so the words are those of any datagram that the cycle sends.
    row(Begins("send() failed ("), SYSLOG, "ngx_unix_send by ngx_syslog_send, core/ngx_syslog.c"),
    row(Begins("connect() failed ("), SYSLOG, "ngx_syslog_init_peer, core/ngx_syslog.c"),
    row(Holds(" while logging to syslog, server: "), SYSLOG, "ngx_syslog_log_error, core/ngx_syslog.c"),
    row(
        Holds(" while requesting certificate status, responder: "),
        "an OCSP responder does not answer as it must",
        "ngx_ssl_ocsp_log_error, event/ngx_event_openssl_stapling.c",
    ),
    row(Holds(" while resolving, resolver: "), NAMES, "ngx_resolver_log_error, core/ngx_resolver.c"),
    // 1.27.3 and newer: `server NAME resolve`.
    row(
        Holds(" could not be resolved ("),
        NAMES,
        "ngx_http_upstream_zone_resolve_handler, http/modules/ngx_http_upstream_zone_module.c",
    ),
    row(Begins("[lua] "), CODE, "ngx_http_lua_log_wrapper, src/ngx_http_lua_log.c"),
    row(Begins("DNS error ("), NAMES, "ngx_resolver_process_response, core/ngx_resolver.c"),
    row(Begins("short DNS response"), NAMES, "ngx_resolver_process_response, core/ngx_resolver.c"),
    row(Begins("invalid UDP DNS response "), NAMES, "ngx_resolver_process_response, core/ngx_resolver.c"),
    row(Begins("invalid TCP DNS response "), NAMES, "ngx_resolver_process_response, core/ngx_resolver.c"),
    row(Begins("unknown query "), NAMES, "ngx_resolver_process_response, core/ngx_resolver.c"),
    row(Begins("unexpected DNS response for "), NAMES, "ngx_resolver_process_a, core/ngx_resolver.c"),
    row(Begins("wrong ident "), NAMES, "ngx_resolver_process_a, core/ngx_resolver.c"),
    row(Begins("unexpected RR "), NAMES, "ngx_resolver_process_a, core/ngx_resolver.c"),
    row(Begins("no A or CNAME types in DNS response"), NAMES, "ngx_resolver_process_a, core/ngx_resolver.c"),
    row(Begins("no SRV type in DNS response"), NAMES, "ngx_resolver_process_srv, core/ngx_resolver.c"),
    row(Begins("no PTR type in DNS response"), NAMES, "ngx_resolver_process_ptr, core/ngx_resolver.c"),
    row(Between("could not cancel ", " resolving"), NAMES, "ngx_resolve_name_done, core/ngx_resolver.c"),
    row(Begins("ngx_slab_alloc() failed: no memory"), FULL, "ngx_slab_error, core/ngx_slab.c"),
    row(
        Begins("could not allocate node in "),
        FULL,
        "ngx_http_limit_req_lookup, http/modules/ngx_http_limit_req_module.c",
    ),
    row(Begins("could not allocate new session in "), FULL, "ngx_ssl_new_session, event/ngx_event_openssl.c"),
    row(
        Begins("could not allocate new entry in "),
        FULL,
        "ngx_ssl_ocsp_cache_store, event/ngx_event_openssl_stapling.c",
    ),
    row(
        Begins("accept4() failed ("),
        "a client was not accepted",
        "ngx_event_accept, event/ngx_event_accept.c",
    ),
    row(
        Begins("accept() failed ("),
        "a client was not accepted",
        "ngx_event_accept, event/ngx_event_accept.c",
    ),
    row(Begins("setpriority("), LIMITS, "ngx_worker_process_init, os/unix/ngx_process_cycle.c"),
    row(Begins("setrlimit(RLIMIT_"), LIMITS, "ngx_worker_process_init, os/unix/ngx_process_cycle.c"),
    row(Begins("prctl(PR_SET_DUMPABLE) "), LIMITS, "ngx_worker_process_init, os/unix/ngx_process_cycle.c"),
    row(Begins("sched_setaffinity() failed"), LIMITS, "ngx_setaffinity, os/unix/ngx_setaffinity.c"),
    row(Holds(" failed, ignored ("), LIMITS, "ngx_configure_listening_sockets, core/ngx_connection.c"),
    row(
        Between("kill(", "(3: No such process)"),
        CHILD,
        "ngx_signal_worker_processes, os/unix/ngx_process_cycle.c",
    ),
    row(Begins("sendmsg() failed ("), CHILD, "ngx_write_channel, os/unix/ngx_channel.c"),
    row(Begins("recvmsg() failed ("), CHILD, "ngx_read_channel, os/unix/ngx_channel.c"),
    row(
        Begins("the changing binary signal is ignored: "),
        "somebody else asked for an upgrade of the binary",
        "ngx_signal_handler, os/unix/ngx_process.c",
    ),
];

/// The row of a message after which NGINX goes on; `None` for any other.
pub(super) fn find(message: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.message.is_of(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_after_which_nginx_goes_on_are_known() {
        for (line, file) in [
            ("send() failed (111: Connection refused)", "ngx_syslog.c"),
            ("connect() failed (2: No such file or directory)", "ngx_syslog.c"),
            ("send() to syslog failed while logging to syslog, server: unix:/dev/log", "ngx_syslog.c"),
            (
                "connect() failed (113: No route to host) while requesting certificate status, responder: o.example, peer: 192.0.2.1:80, certificate: \"/c.pem\"",
                "",
            ),
            (
                "r3.example could not be resolved (2: Server failure) while requesting certificate status, responder: r3.example",
                "ngx_event_openssl_stapling.c",
            ),
            (
                "recv() failed (111: Connection refused) while resolving, resolver: 192.0.2.53:53",
                "ngx_resolver.c",
            ),
            ("unexpected DNS response for m.example", "ngx_resolver.c"),
            ("m.example could not be resolved (3: Host not found)", "ngx_http_upstream_zone_module.c"),
            ("[lua] init_by_lua(nginx.conf:13):1: rules loaded: 12", "ngx_http_lua_log.c"),
            ("ngx_slab_alloc() failed: no memory in cache keys zone \"m\"", "ngx_slab.c"),
            (
                "could not allocate new session in SSL session shared cache \"s\" while SSL handshaking",
                "ngx_event_openssl.c",
            ),
            ("accept4() failed (24: Too many open files)", "ngx_event_accept.c"),
            ("setrlimit(RLIMIT_NOFILE, 99999999) failed (1: Operation not permitted)", "ngx_process_cycle.c"),
            (
                "setsockopt(TCP_FASTOPEN, 5) 0.0.0.0:80 failed, ignored (92: Protocol not available)",
                "ngx_connection.c",
            ),
            ("kill(12, 1) failed (3: No such process)", "ngx_process_cycle.c"),
        ] {
            assert!(find(line).is_some_and(|row| row.source.ends_with(file)), "{line}");
        }
    }

    #[test]
    fn lines_that_say_what_does_not_work_are_not() {
        for line in [
            "chdir(\"/nonexistent\") failed (2: No such file or directory)",
            "worker process 12 exited on signal 11",
            "worker process 12 exited with fatal code 2 and cannot be respawned",
            "init_worker_by_lua error: init_worker_by_lua:1: boom",
            "fork() failed while spawning \"worker process\" (11: Resource temporarily unavailable)",
            "kill(12, 1) failed (1: Operation not permitted)",
            "still could not bind()",
            "epoll_ctl(1, 6) failed (17: File exists)",
            "setgid(33) failed (1: Operation not permitted)",
            "host not found in upstream \"a while resolving\" in /etc/nginx/nginx.conf:3",
            "x failed, ignored",
        ] {
            assert!(find(line).is_none(), "{line}");
        }
    }

    #[test]
    fn every_row_names_function_and_file() {
        for row in ROWS {
            let (function, file) = row.source.split_once(", ").expect("a function and a file");
            assert!(
                function.starts_with("ngx_") && file.ends_with(".c") && file.contains('/'),
                "{}",
                row.source
            );
        }
    }
}
