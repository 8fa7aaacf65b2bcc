//! A reload is proven by what real workers do, and never by less.

mod lines;

use crate::support::nginx::{Nginx, Place, get, signal};
use motionctl::host::Root;
use motionctl::host::process::{self, Census, Master, Owners};
use motionctl::outcome::ErrorLogVerdict;
use motionctl::values::RootPath;
use motionctl::verify::{Lines, MainLog, ReloadProof, ReloadRequest, Unproven, UnprovenReload, reload};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

fn master(nginx: &Nginx) -> Master {
    let found = process::census(None).expect("/proc").masters;
    let ours = found.into_iter().find(|master| master.id.pid == nginx.master_pid());
    ours.expect("our nginx is a master")
}

fn main_log(nginx: &Nginx) -> MainLog {
    MainLog::File(RootPath::new(nginx.place.error_log()).expect("absolute"))
}

fn prove(nginx: &Nginx, logs: &[MainLog], seconds: u64) -> Result<ReloadProof, Box<UnprovenReload>> {
    judged(nginx, logs, seconds, Lines::Fail)
}

fn judged(
    nginx: &Nginx,
    logs: &[MainLog],
    seconds: u64,
    lines: Lines,
) -> Result<ReloadProof, Box<UnprovenReload>> {
    let (root, master) = (Root::live(), master(nginx).id);
    let timeout = Duration::from_secs(seconds);
    reload(&ReloadRequest { root: &root, master, logs, timeout, hurry: &AtomicBool::new(false), lines })
}

/// Answers `body`; `/dead` is proxied to a socket that does not exist, which nginx logs as `[crit]`.
fn site(place: &Place, body: &str) -> String {
    format!(
        "server {{ listen {}; location / {{ return 200 {body}; }} location /dead {{ proxy_pass http://unix:{}/dead.sock; }} }}",
        place.listen(0),
        place.dir().display()
    )
}

fn conf(body: &'static str) -> impl Fn(&Place) -> String {
    move |place| place.main(2) + &place.http(&site(place, body))
}

#[test]
fn a_good_reload_under_traffic_is_proven_and_clean() {
    let nginx = Nginx::start(conf("old"));
    let old = nginx.workers();
    nginx.rewrite(conf("new"));
    let (stop, sent) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(nginx.get("/dead").status, 502);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        let proof = prove(&nginx, &[main_log(&nginx)], 20);
        let answers: Vec<String> = (0..50).map(|_| nginx.get("/").text()).collect();
        stop.store(true, Ordering::Relaxed);
        let proof = proof.unwrap_or_else(|error| panic!("{error}: {:?}", error.lines));
        assert!(answers.iter().all(|answer| answer == "new"), "an old worker answered after the proof");
        assert!(proof.section.proven);
        assert_eq!(proof.section.error_log, ErrorLogVerdict::Clean);
        // On a busy machine a generation may pass unseen; then it is old, too, and the next one is watched.
        let before = &proof.section.old_workers;
        assert!(old.iter().all(|pid| before.contains(pid)), "{before:?}");
        assert_eq!(proof.section.new_workers.len(), 2);
        assert!(proof.section.new_workers.iter().all(|pid| !before.contains(pid)));
        assert!(proof.retired > proof.signalled);
    });
    assert!(sent.into_inner() > 0);
    let log = nginx.error_log();
    assert!(log.contains("[crit]") && log.contains("dead.sock"), "traffic logged nothing: {log}");
}

#[test]
fn a_log_that_is_no_file_is_not_looked_at() {
    let nginx = Nginx::start(conf("old"));
    let proof = prove(&nginx, &[MainLog::Elsewhere], 20).expect("proven");
    assert_eq!(proof.section.error_log, ErrorLogVerdict::NotLookedAt);
}

#[test]
fn a_worker_with_a_slow_client_lingers_and_retires_nonetheless() {
    let nginx = Nginx::start(|place| {
        std::fs::write(place.dir().join("html/slow"), vec![b'x'; 1 << 20]).expect("a page");
        let root = place.dir().join("html");
        let server =
            format!("server {{ listen {}; root {}; limit_rate 1k; }}", place.listen(0), root.display());
        place.main(1) + &place.http(&server)
    });
    let mut client = TcpStream::connect(nginx.place.socket(0)).expect("connects");
    write!(client, "GET /slow HTTP/1.0\r\n\r\n").expect("sends");
    client.read_exact(&mut [0; 64]).expect("the answer begins");
    let proof = prove(&nginx, &[main_log(&nginx)], 20).expect("proven");
    assert_eq!(proof.lingering, proof.section.old_workers);
}

#[test]
fn a_configuration_that_does_not_load_is_refused_at_once() {
    let nginx = Nginx::start(conf("old"));
    nginx.rewrite(|place| conf("new")(place) + "no_such_directive;");
    let started = Instant::now();
    let error = prove(&nginx, &[main_log(&nginx)], 20).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::Refused), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "waited for the deadline");
    assert!(error.lines.iter().any(|line| line.contains("no_such_directive")), "{:?}", error.lines);
    assert!(!error.section.proven);
    assert_eq!(nginx.get("/").text(), "old");
}

/// A configuration with one more `listen`, on a port that this process holds.
fn bind_conflict() -> (Nginx, TcpListener) {
    let nginx = Nginx::start(conf("old"));
    let held = TcpListener::bind(nginx.place.socket(1)).expect("the port is free");
    nginx.rewrite(|place| {
        let more = format!("server {{ listen {}; }}", place.listen(1));
        place.main(2) + &place.http(&(site(place, "new") + &more))
    });
    (nginx, held)
}

#[test]
fn a_port_taken_by_another_process_is_not_proven() {
    let (nginx, _held) = bind_conflict();
    let old = nginx.workers();
    let error = prove(&nginx, &[main_log(&nginx)], 20).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::Refused), "{error}");
    assert!(error.lines.iter().any(|line| line.contains("still could not bind()")), "{:?}", error.lines);
    assert_eq!(error.section.error_log, ErrorLogVerdict::Errors);
    assert_eq!(nginx.workers(), old);
    assert_eq!(nginx.get("/").text(), "old");
}

#[test]
fn a_port_that_is_freed_in_time_is_proven() {
    let (nginx, held) = bind_conflict();
    let proof = std::thread::scope(|scope| {
        scope.spawn(|| {
            nginx.wait_for("the first attempt", |nginx| nginx.error_log().contains("bind() to"));
            drop(held);
        });
        prove(&nginx, &[main_log(&nginx)], 20)
    });
    assert_eq!(proof.expect("proven").section.error_log, ErrorLogVerdict::Clean);
    assert_eq!(nginx.get("/").text(), "new");
}

#[test]
fn workers_killed_during_a_failed_reload_prove_nothing() {
    for logs_are_read in [true, false] {
        let (nginx, _held) = bind_conflict();
        let logs = if logs_are_read { main_log(&nginx) } else { MainLog::Elsewhere };
        let old = nginx.workers();
        let error = std::thread::scope(|scope| {
            scope.spawn(|| {
                nginx.wait_for("the signal to arrive", |nginx| nginx.error_log().contains("bind() to"));
                old.iter().for_each(|&pid| signal(pid, "KILL"));
            });
            prove(&nginx, &[logs], 6).expect_err("not proven")
        });
        assert!(!error.section.proven);
        nginx.wait_for("respawned workers", |nginx| nginx.workers().len() == 2);
        assert!(nginx.workers().is_disjoint(&old), "the workers were not replaced");
        assert_eq!(nginx.get("/").text(), "old");
    }
}

#[test]
fn a_worker_killed_during_a_good_reload_does_not_hide_it() {
    let nginx = Nginx::start(conf("old"));
    let victim = *nginx.workers().first().expect("a worker");
    nginx.rewrite(conf("new"));
    let proof = std::thread::scope(|scope| {
        scope.spawn(|| {
            nginx.wait_for("the new generation", |nginx| nginx.workers().len() > 2);
            signal(victim, "KILL");
        });
        prove(&nginx, &[main_log(&nginx)], 20)
    });
    let proof = proof.unwrap_or_else(|error| panic!("{error}: {:?}", error.lines));
    assert!(proof.section.proven);
    assert_eq!(nginx.get("/").text(), "new");
}

#[test]
fn errors_of_the_new_workers_fail_a_proven_generation() {
    // A worker that cannot change to its user's group logs and ends; the log decides here.
    let nginx = Nginx::start(|place| place.main(1) + &place.http(&site(place, "old")));
    nginx.rewrite(|place| {
        let main = place.main(1) + "working_directory /nonexistent/folder;\n";
        main + &place.http(&site(place, "new"))
    });
    let error = prove(&nginx, &[main_log(&nginx)], 20).expect_err("not proven");
    assert!(!error.section.proven);
    assert!(error.lines.iter().any(|line| line.contains("/nonexistent/folder")), "{:?}", error.lines);
}

#[test]
fn a_master_that_is_gone_is_not_signalled() {
    let nginx = Nginx::start(conf("old"));
    let (root, master, log) = (Root::live(), master(&nginx), main_log(&nginx));
    drop(nginx);
    let (logs, hurry) = ([log], AtomicBool::new(false));
    let timeout = Duration::from_secs(5);
    let lines = Lines::Fail;
    let request =
        ReloadRequest { root: &root, master: master.id, logs: &logs, timeout, hurry: &hurry, lines };
    let error = reload(&request).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::MasterGone), "{error}");
    assert!(error.signalled.is_none());
}

#[test]
fn a_master_that_ends_meanwhile_is_noticed() {
    let nginx = Nginx::start(conf("old"));
    nginx.rewrite(|place| conf("new")(place) + "broken");
    let pid = nginx.master_pid();
    let error = std::thread::scope(|scope| {
        scope.spawn(|| {
            nginx.wait_for("the signal to arrive", |nginx| nginx.error_log().contains("[emerg]"));
            signal(pid, "TERM");
        });
        prove(&nginx, &[MainLog::Elsewhere], 15).expect_err("not proven")
    });
    assert!(matches!(error.reason, Unproven::MasterGone), "{error}");
}

#[test]
fn whoever_wants_to_stop_waits_no_longer_than_the_master_may_need() {
    let (nginx, _held) = bind_conflict();
    let (root, master, hurry) = (Root::live(), master(&nginx), AtomicBool::new(true));
    let started = Instant::now();
    // The log does not say that waiting is in vain.
    let logs = [MainLog::Elsewhere];
    let timeout = Duration::from_secs(600);
    let lines = Lines::AreShown;
    let request =
        ReloadRequest { root: &root, master: master.id, logs: &logs, timeout, hurry: &hurry, lines };
    let error = reload(&request).expect_err("not proven");
    assert!(matches!(error.reason, Unproven::OldWorkersServe(_)), "{error}");
    // Longer than nginx tries to bind, so that a second signal does not meet the first.
    let took = started.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(120), "{took:?}");
}

#[test]
fn masters_are_found_with_what_they_were_started_with() {
    let nginx = Nginx::start(conf("old"));
    let found = master(&nginx);
    assert_eq!(found.arguments.conf.as_deref(), Some(nginx.place.conf().as_os_str()));
    assert_eq!(found.arguments.prefix.as_deref(), Some(nginx.place.dir().as_os_str()));
    assert_eq!(found.arguments.global.as_deref(), Some("daemon off;".as_ref()));
    assert!(found.program.executable.name().ends_with("nginx") && !found.program.replaced, "{found:?}");
    let serving: Vec<i32> = found.serving().map(|worker| worker.id.pid).collect();
    assert_eq!(serving, nginx.workers().into_iter().collect::<Vec<_>>());

    let worker = *nginx.workers().first().expect("a worker");
    let Census { masters, strangers, .. } = process::census(None).expect("/proc");
    let titled = masters.iter().map(|master| master.id).chain(strangers.iter().map(|other| other.id));
    assert!(titled.into_iter().all(|id| id.pid != worker), "a worker is no master");
    let mut reused = found.id;
    reused.start_time += 1;
    let error = process::signal(reused, nix::sys::signal::Signal::SIGTERM).expect_err("another process");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(process::is_alive(found.id));
}

#[test]
fn listeners_are_named_with_their_master() {
    let nginx = Nginx::start(conf("old"));
    let socket = nginx.place.socket(0);
    let listeners = process::listeners(|port| port == socket.port()).expect("/proc/net");
    let ours = listeners.iter().find(|listener| listener.address == socket).expect("our listener");
    let Owners::Known(owners) = &ours.owners else { panic!("root sees every owner") };
    assert!(owners.iter().any(|owner| owner.id.pid == nginx.master_pid()), "{owners:?}");
    assert!(owners.iter().any(|owner| owner.parent == nginx.master_pid()), "{owners:?}");
    assert_eq!(get(socket, "localhost", "/").expect("answers").status, 200);
}
