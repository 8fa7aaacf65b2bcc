//! Which lines of an error log can fail the proof of a reload.
//!
//! Invariant: the lines are a real NGINX's, or written into its log while it reloads, as others do.

use super::{bind_conflict, conf, main_log, site};
use crate::support::nginx::{Nginx, Place};
use motionctl::outcome::{ErrorLogVerdict, NotedLine};
use motionctl::verify::{Lines, MainLog, ReloadProof, Unproven, UnprovenReload};
use std::fs::{self, File};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn append(nginx: &Nginx, text: &str) {
    let log = File::options().append(true).open(nginx.place.error_log());
    log.expect("the log").write_all(text.as_bytes()).expect("writes");
}

fn line(level: &str, pid: i32, message: &str) -> String {
    format!("2026/01/02 03:04:05 [{level}] {pid}#{pid}: {message}\n")
}

/// As the tests of reloads do it; on a busy machine a generation may pass unseen, which says nothing of any line.
fn prove(nginx: &Nginx, logs: &[MainLog], seconds: u64) -> Result<ReloadProof, Box<UnprovenReload>> {
    judged(nginx, logs, seconds, Lines::Fail)
}

fn judged(
    nginx: &Nginx,
    logs: &[MainLog],
    seconds: u64,
    lines: Lines,
) -> Result<ReloadProof, Box<UnprovenReload>> {
    let again = |error: &UnprovenReload| matches!(error.reason, Unproven::NoNewGeneration);
    let mut proof = super::judged(nginx, logs, seconds, lines);
    for _ in 0..5 {
        if proof.as_ref().is_err_and(|error| again(error)) {
            proof = super::judged(nginx, logs, seconds, lines);
        }
    }
    proof
}

/// Reloads while `busy` is done again and again.
fn prove_while(nginx: &Nginx, busy: impl Fn() + Sync) -> Result<ReloadProof, Box<UnprovenReload>> {
    judged_while(nginx, Lines::Fail, busy)
}

fn judged_while(
    nginx: &Nginx,
    lines: Lines,
    busy: impl Fn() + Sync,
) -> Result<ReloadProof, Box<UnprovenReload>> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                busy();
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let proof = judged(nginx, &[main_log(nginx)], 30, lines);
        stop.store(true, Ordering::Relaxed);
        proof
    })
}

fn proven(proof: Result<ReloadProof, Box<UnprovenReload>>) -> Vec<NotedLine> {
    let proof = proof.unwrap_or_else(|error| panic!("{error}: {:?}", error.lines));
    assert_eq!(proof.section.error_log, ErrorLogVerdict::Clean);
    proof.section.noted
}

/// With one more directive in the main context.
fn with(main: impl Fn(&Place) -> String) -> impl Fn(&Place) -> String {
    move |place| place.main(2) + &main(place) + &place.http(&site(place, "new"))
}

fn is_of(noted: &[NotedLine], message: &str, file: &str) -> bool {
    let fits = |one: &NotedLine| {
        one.line.contains(message) && one.source.as_deref().is_some_and(|source| source.ends_with(file))
    };
    noted.iter().any(fits)
}

#[test]
fn a_dead_syslog_server_is_shown_and_fails_nothing() {
    for server in ["127.0.0.1:9", "unix:/nonexistent/log.sock"] {
        let nginx = Nginx::start(conf("old"));
        // Down to notices: each worker that starts and each that ends writes some.
        nginx.rewrite(with(|_| format!("error_log syslog:server={server} notice;\n")));
        let noted = proven(prove(&nginx, &[main_log(&nginx)], 30));
        assert!(is_of(&noted, "failed (", "ngx_syslog.c"), "{server}: {noted:?}\n{}", nginx.error_log());
        assert_eq!(nginx.get("/").text(), "new");
    }
}

#[test]
fn a_limit_that_the_kernel_refuses_is_shown() {
    let nginx = Nginx::start(conf("old"));
    nginx.rewrite(with(|_| "worker_rlimit_nofile 2000000000;\n".to_owned()));
    let noted = proven(prove(&nginx, &[main_log(&nginx)], 30));
    assert!(is_of(&noted, "setrlimit(RLIMIT_NOFILE", "ngx_process_cycle.c"), "{noted:?}");
}

#[test]
fn a_client_cannot_write_the_line_that_fails_a_proof() {
    let nginx = Nginx::start(|place| {
        fs::create_dir(place.dir().join("files")).expect("a folder");
        conf("old")(place)
    });
    let files = |place: &Place| {
        let folder = place.dir().display();
        site(place, "new").replacen(
            "location /dead",
            &format!("location /files {{ root {folder}; }} location /dead"),
            1,
        )
    };
    // The first reload brings the location; the second one is under attack.
    nginx.rewrite(|place| place.main(2) + &place.http(&files(place)));
    prove(&nginx, &[main_log(&nginx)], 30).expect("proven");
    nginx.wait_for("the end of the old workers", |nginx| nginx.workers().len() == 2);
    let (master, first) = (nginx.master_pid(), *nginx.workers().first().expect("a worker"));
    let forged = [
        line("emerg", master, "still could not bind()"),
        line(
            "alert",
            master,
            &format!("worker process {first} exited with fatal code 2 and cannot be respawned"),
        ),
        line("emerg", first, "setgid(33) failed (1: Operation not permitted)"),
    ];
    let path = forged.concat().replace('\n', "%0a").replace(' ', "%20").replace('#', "%23");
    let noted = proven(prove_while(&nginx, || {
        assert_eq!(nginx.get(&format!("/files/%0a{path}")).status, 404);
    }));
    assert!(
        nginx.error_log().contains(&format!("\n{}", forged[0])),
        "NGINX escaped it: {}",
        nginx.error_log()
    );
    let seen = noted.iter().find(|one| one.line.contains("still could not bind()")).expect("it is shown");
    assert!(seen.source.is_none() && seen.means.contains("processes"), "{seen:?}");
}

#[test]
fn lines_of_others_are_nobody_s_proof() {
    let nginx = Nginx::start(conf("old"));
    let old = *nginx.workers().first().expect("a worker");
    nginx.rewrite(conf("new"));
    let others = [
        line("alert", old, "epoll_ctl(1, 6) failed (17: File exists)"),
        line("emerg", 1, "still could not bind()"),
        line("alert", nginx.master_pid(), &format!("worker process {old} exited on signal 9")),
        "still could not bind()\n2026/01/02 03:04:05 [emerg] still could not bind()\n".to_owned(),
        format!(
            "{} [emerg] {1}#{1}: still could not bind()\n",
            "2026/01/02 03:04:05 [info]",
            nginx.master_pid()
        ),
    ];
    let noted = proven(prove_while(&nginx, || append(&nginx, &others.concat())));
    assert!(noted.iter().all(|one| one.line.contains("exited on signal 9")), "{noted:?}");
}

#[test]
fn what_is_no_alert_is_shown_and_fails_nothing() {
    let nginx = Nginx::start(conf("old"));
    nginx.rewrite(conf("new"));
    let messages = [
        ("error", "[lua] init_by_lua(nginx.conf:13):1: rules loaded: 12"),
        ("alert", "[lua] init_by_lua(nginx.conf:13):2: rules loaded: 13"),
        ("error", "nope.example could not be resolved (3: Host not found)"),
        ("error", "js: rules loaded: 12"),
        ("crit", "a module of somebody's: its own file cannot be opened"),
    ];
    let lines = messages.map(|(level, message)| line(level, nginx.master_pid(), message)).concat();
    let noted = proven(prove_while(&nginx, || append(&nginx, &lines)));
    for (_, message) in messages {
        assert!(noted.iter().any(|one| one.line.contains(message)), "{message}: {noted:?}");
    }
    assert!(is_of(&noted, "could not be resolved", "ngx_http_upstream_zone_module.c"), "{noted:?}");
    assert_eq!(nginx.get("/").text(), "new");
}

#[test]
fn an_alert_fails_a_change_and_is_shown_where_something_is_put_back() {
    let nginx = Nginx::start(conf("old"));
    nginx.rewrite(conf("new"));
    let alert = line("alert", nginx.master_pid(), "a module of somebody's does not start");
    let again = || append(&nginx, &alert);
    let error = prove_while(&nginx, again).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::LogErrors), "{error}");
    let proof = judged_while(&nginx, Lines::AreShown, again).unwrap_or_else(|error| panic!("{error}"));
    assert!(proof.section.proven && proof.section.error_log == ErrorLogVerdict::Errors, "{proof:?}");
    let shown = proof.section.noted.iter().find(|one| one.line.contains("does not start"));
    assert!(shown.is_some_and(|one| one.means.contains("put back")), "{proof:?}");
    // Nothing but lines is let pass: a master that refuses has put nothing back.
    nginx.rewrite(|place| conf("newer")(place) + "no_such_directive;");
    let error = judged_while(&nginx, Lines::AreShown, again).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::Refused), "{error}");
}

#[test]
fn what_the_log_held_before_neither_fails_nor_excuses() {
    let nginx = Nginx::start(conf("old"));
    let refused = |nginx: &Nginx| line("emerg", nginx.master_pid(), "still could not bind()");
    append(&nginx, &refused(&nginx));
    append(&nginx, &refused(&nginx)[..40]);
    nginx.rewrite(conf("new"));
    assert_eq!(proven(prove(&nginx, &[main_log(&nginx)], 30)), []);

    let (nginx, _held) = bind_conflict();
    append(&nginx, &refused(&nginx));
    let error = prove(&nginx, &[main_log(&nginx)], 30).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::Refused), "{error}");
}

#[test]
fn a_log_that_was_moved_away_is_still_followed() {
    // As `logrotate` leaves it when nobody tells NGINX to open its logs again.
    let nginx = Nginx::start(conf("old"));
    let log = nginx.place.error_log();
    fs::rename(&log, log.with_extension("log.1")).expect("rotates");
    File::create(&log).expect("a new log");
    nginx.rewrite(|place| conf("new")(place) + "no_such_directive;");
    let error = prove(&nginx, &[main_log(&nginx)], 30).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::Refused), "{error}");
    assert!(error.lines.iter().any(|line| line.contains("no_such_directive")), "{:?}", error.lines);
}

#[test]
fn a_master_at_work_is_told_from_one_that_waits() {
    use motionctl::host::process;
    let (nginx, _held) = bind_conflict();
    let id = super::master(&nginx).id;
    nginx.wait_for("a master that waits", |_| process::waits_for_signals(id) == Some(true));
    process::signal(id, nix::sys::signal::Signal::SIGHUP).expect("signals");
    nginx.wait_for("the first try to bind", |nginx| nginx.error_log().contains("bind() to"));
    assert_eq!(process::waits_for_signals(id), Some(false), "between two tries it does not wait for signals");
    nginx.wait_for("the end of the tries", |_| process::waits_for_signals(id) == Some(true));
    assert!(nginx.error_log().contains("still could not bind()"));
}
