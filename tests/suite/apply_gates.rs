//! Gates that say no on a live server: templates, reloads, routes.
//!
//! Invariant: whatever fails, every byte and attribute is as before, and the
//! old configuration is seen to serve.

use crate::support::bundles::{bundle_with, copy_of_the_bundle};
use crate::support::machine::{Machine, Running, SITE};
use crate::support::said::Said;
use crate::support::tree_state::State;
use crate::support::wait::eventually;
use motionctl::host::http::Scheme;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const HTTPS: &str = "cc.example.test:443";
/// A port that only the changed template listens on.
const NEW_PORT: u16 = 8444;

/// A machine, and what must be there again after a failure.
struct Before {
    machine: Machine,
    configuration: State,
    login: Vec<u8>,
}

impl Before {
    fn new(machine: Machine) -> Self {
        let configuration = machine.configuration().without_folder_times();
        let login = machine.get("/user-ui/login").body;
        Self { machine, configuration, login }
    }

    /// Nothing was written, not even a time of a folder.
    #[track_caller]
    fn assert_untouched(&self, workers: &BTreeSet<i32>) {
        self.assert_restored();
        assert_eq!(self.machine.backups(), [""; 0]);
        assert!(self.machine.journal().is_empty());
        assert_eq!(&self.machine.workers(), workers, "nothing was reloaded");
    }

    /// The files are as before, and so is what is served.
    #[track_caller]
    fn assert_restored(&self) {
        self.configuration.assert_same(&self.machine.configuration().without_folder_times());
        assert_eq!(self.machine.get("/user-ui/login").body, self.login);
        assert_eq!(self.machine.get("/api/").status, 200);
    }

    /// As [`Before::assert_restored`], and the answer and the journal say so.
    #[track_caller]
    fn assert_rolled_back(&self, done: &Said) {
        done.expect(4, "rolled-back");
        self.assert_restored();
        assert_eq!(done.json["reload"]["proven"], true, "{done}");
        let row = done.probe(HTTPS, "/user-ui/login");
        assert_eq!(row["restored"], row["before"], "{done}");
        assert!(done.json["details"]["next"].as_array().is_some_and(|next| !next.is_empty()), "{done}");
        let journal = self.machine.journal();
        assert_eq!(journal.last().expect("records")["outcome"], "failed");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// A whole site that listens on one more port.
fn bundle_on_a_new_port(folder: &Path) -> std::path::PathBuf {
    let listen =
        format!("server {{\n    listen {NEW_PORT};\n    return 204;\n}}\n\nserver {{\n{{% if tls %}}");
    bundle_with(folder, "server.conf", "server {\n{% if tls %}", &listen)
}

#[test]
fn a_template_that_nginx_refuses_touches_nothing() {
    let before = Before::new(Machine::new("standalone"));
    let machine = &before.machine;
    let exact = machine.configuration();
    let workers = machine.workers();
    let bundle = bundle_with(&machine.scratch(), "static.conf", "expires -1;", "expires_not -1;");
    let done = machine.apply(&["--bundle", text(&bundle)]);
    done.expect(65, "invalid");
    assert!(done.error().contains("unknown directive \"expires_not\""), "{done}");
    exact.assert_same(&machine.configuration());
    before.assert_untouched(&workers);
}

#[test]
fn a_port_held_at_plan_time_stops_the_change() {
    let before = Before::new(Machine::new("standalone"));
    let machine = &before.machine;
    let workers = machine.workers();
    let bundle = bundle_on_a_new_port(&machine.scratch());
    let _held = machine.take_port(NEW_PORT);
    let done = machine.apply(&["--strategy", "replace", "--bundle", text(&bundle)]);
    done.expect(3, "refused");
    let finding = done.finding("nginx.port-held").expect("the finding");
    assert!(finding["evidence"][0].as_str().is_some_and(|line| line.contains("8444")), "{done}");
    before.assert_untouched(&workers);
}

/// Starts an apply whose new port is taken between the last check and the reload: the probes before
/// the change go on for a second, and no check of the port follows them. Before them, Motion was asked for the new
/// client twice: through nginx, and by itself.
fn with_the_port_taken_in_between<T>(before: &Before, meanwhile: impl FnOnce(&Running) -> T) -> (Said, T) {
    let machine = &before.machine;
    let bundle = bundle_on_a_new_port(&machine.scratch());
    let seen = machine.requests();
    let running =
        machine.spawn(&["apply", "--yes", "--json", "--strategy", "replace", "--bundle", text(&bundle)]);
    eventually("the probes before the change", || machine.requests() > seen + 2);
    let held = machine.take_port(NEW_PORT);
    let done = meanwhile(&running);
    let output = running.finish();
    drop(held);
    (output, done)
}

fn reload_has_met_the_port(machine: &Machine) -> bool {
    machine.read("/var/log/nginx/error.log").contains(&format!("bind() to 0.0.0.0:{NEW_PORT} failed"))
}

#[test]
fn a_reload_that_cannot_bind_is_rolled_back() {
    let before = Before::new(Machine::new("standalone"));
    let old = before.machine.workers();
    let (done, ()) = with_the_port_taken_in_between(&before, |_| {
        eventually("nginx tries to bind", || reload_has_met_the_port(&before.machine));
        // Installed, signalled, and still the old workers serve the old pages.
        assert!(before.machine.read(SITE).contains("/user-ui/"));
        assert_eq!(before.machine.workers(), old);
        assert_eq!(before.machine.get("/user-ui/login").body, before.login);
    });
    assert!(done.error().contains("not proven") && done.error().contains("8444"), "{done}");
    before.assert_rolled_back(&done);
    // The way is free for another run.
    before.machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_worker_killed_while_the_reload_fails_proves_nothing() {
    let before = Before::new(Machine::new("standalone"));
    let machine = &before.machine;
    let (done, victim) = with_the_port_taken_in_between(&before, |_| {
        eventually("nginx tries to bind", || reload_has_met_the_port(machine));
        let victim = *machine.workers().first().expect("a worker");
        machine.must(&format!("kill -9 {victim}"));
        victim
    });
    assert!(done.error().contains("not proven"), "{done}");
    assert!(
        machine.read("/var/log/nginx/error.log").contains(&format!("process {victim} exited on signal 9"))
    );
    before.assert_rolled_back(&done);
}

#[test]
fn every_worker_killed_while_the_reload_fails_proves_nothing() {
    let before = Before::new(Machine::new("standalone"));
    let machine = &before.machine;
    let (done, ()) = with_the_port_taken_in_between(&before, |_| {
        eventually("nginx tries to bind", || reload_has_met_the_port(machine));
        for victim in machine.workers() {
            machine.must(&format!("kill -9 {victim}"));
        }
    });
    assert!(done.error().contains("not proven"), "{done}");
    before.assert_rolled_back(&done);
}

#[test]
fn traffic_that_logs_crit_does_not_undo_a_good_reload() {
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        let dead =
            "    location /dead/ { proxy_pass http://unix:/run/nobody.sock; }\n\n    # The legacy client.";
        let text = fs::read_to_string(&site).expect("the site").replace("    # The legacy client.", dead);
        fs::write(&site, text).expect("writing");
    });
    let running = machine.spawn(&["apply", "--yes", "--json"]);
    let over = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut sent = 0;
            while !over.load(Ordering::SeqCst) {
                assert_eq!(machine.get("/dead/x").status, 502);
                sent += 1;
            }
            sent
        });
        let done = running.finish();
        over.store(true, Ordering::SeqCst);
        done.expect(0, "applied");
        load.join().expect("the load")
    });
    assert!(sent > 20, "{sent}");
    let log = machine.read("/var/log/nginx/error.log");
    assert!(log.matches("[crit]").count() >= sent, "{log:.2000}");
}

#[test]
fn a_page_that_is_not_the_new_client_is_rolled_back() {
    let before = Before::new(Machine::new("standalone"));
    let folder = before.machine.scratch();
    let wrong = "try_files $uri /user-ui/assets/i18n/en.json;";
    let bundle = bundle_with(&folder, "static.conf", "try_files $uri /user-ui/index.html;", wrong);
    let done = before.machine.apply(&["--bundle", text(&bundle)]);
    assert!(done.error().contains("/user-ui/login"), "{done}");
    assert_eq!(done.probe(HTTPS, "/user-ui/login")["ok"], false, "{done}");
    before.assert_rolled_back(&done);
}

#[test]
fn a_client_whose_scripts_are_missing_is_rolled_back() {
    let before = Before::new(Machine::new("standalone"));
    let machine = &before.machine;
    fs::remove_file(machine.path("/var/opt/motion2/client-new/dist/main.3f2a9c1b.js")).expect("there");
    let done = machine.apply(&[]);
    done.expect(4, "rolled-back");
    before.assert_restored();
    assert!(done.error().contains("main.3f2a9c1b.js"), "{done}");
}

#[test]
fn a_route_that_no_longer_answers_as_before_is_rolled_back() {
    let before = Before::new(Machine::new("standalone"));
    let bundle = copy_of_the_bundle(&before.machine.scratch());
    fs::write(bundle.join("api.conf"), "location = /api/ {\n    return 404;\n}\n").expect("writing");
    let manifest = fs::read_to_string(bundle.join("bundle.toml")).expect("reading");
    let route = "\n[[route]]\nlocation = \"= /api/\"\ntemplate = \"api.conf\"\nclients = [\"static\"]\n";
    fs::write(bundle.join("bundle.toml"), format!("{manifest}{route}nginx = \"1.14.0\"\n")).expect("writing");
    let done = before.machine.apply(&["--bundle", text(&bundle)]);
    let row = done.probe(HTTPS, "/api/");
    assert_eq!(
        (row["before"].as_i64(), row["after"].as_i64(), row["restored"].as_i64()),
        (Some(200), Some(404), Some(200)),
        "{done}"
    );
    assert_eq!(done.probe(HTTPS, "/user-ui/login")["ok"], true, "{done}");
    before.assert_rolled_back(&done);
}

#[test]
fn without_a_sandbox_nginx_judges_before_the_reload() {
    let before = Before::new(Machine::new("standalone"));
    let machine = &before.machine;
    let bundle = bundle_with(&machine.scratch(), "static.conf", "expires -1;", "expires_not -1;");
    // Root without the right to unshare, in a chroot that forbids user namespaces: so are some containers.
    machine.must("mkdir /run/all && mount --rbind / /run/all");
    let run = |arguments: &[&str]| {
        let limits = ["/run/all", "setpriv", "--bounding-set=-sys_admin"];
        let program = [env!("CARGO_BIN_EXE_motionctl"), "--json"];
        machine.command("chroot", &[&limits, &program[..], arguments].concat(), |_| ()).finish()
    };
    run(&["apply", "--yes"]).expect(3, "refused");
    let done = run(&["apply", "--yes", "--no-sandbox", "--bundle", text(&bundle)]);
    assert!(done.error().contains("expires_not"), "{done}");
    before.assert_restored();
    assert_eq!(done.code, 4, "{done}");
    let done = run(&["apply", "--yes", "--no-sandbox"]);
    done.expect(0, "applied");
    assert_eq!(done.finding("host.no-sandbox").expect("the finding")["level"], "warn");
}

#[test]
fn the_failed_route_is_named_for_people_too() {
    let before = Before::new(Machine::new("standalone"));
    let folder = before.machine.scratch();
    // That it names a page which is not there is seen on the wire alone.
    let page = "try_files $uri /user-ui/index.html;";
    let bundle = bundle_with(&folder, "static.conf", page, "try_files $uri /user-ui/nowhere.html;");
    let done = before.machine.motionctl(&["apply", "--yes", "--bundle", text(&bundle)]);
    assert_eq!(done.code, 4, "{done}");
    for line in ["failed and rolled back", "the new client answers 404", "motionctl status", "nginx -t"] {
        assert!(done.stdout.contains(line), "no {line:?} in {done}");
    }
    assert_eq!(before.machine.ask(Scheme::Http, 80, "/").status, 301);
}

/// Applies with these `[[probe]]` settings.
fn apply_with(machine: &Machine, settings: &str) -> Said {
    let file = machine.scratch().join("config.toml");
    fs::write(&file, settings).expect("settings");
    machine.apply(&["--config", text(&file)])
}

#[test]
fn what_the_operator_says_of_a_route_must_be_so_after_the_change() {
    let url = "https://cc.example.test/user-ui/login";
    let machine = Machine::new("standalone");
    let done = apply_with(&machine, &format!("[[probe]]\nurl = \"{url}\"\ncontains = \"/user-ui/\"\n"));
    done.expect(0, "applied");
    let asked = |row: &&serde_json::Value| row["uri"] == "/user-ui/login" && row["server"] == HTTPS;
    assert_eq!(done.json["probes"].as_array().expect("rows").iter().filter(asked).count(), 2, "{done}");

    for wrong in ["status = 418", "contains = \"no-such-word\""] {
        let before = Before::new(Machine::new("standalone"));
        let done = apply_with(&before.machine, &format!("[[probe]]\nurl = \"{url}\"\n{wrong}\n"));
        before.assert_restored();
        done.expect(4, "rolled-back");
        assert!(!done.to_string().contains("no-such-word"), "the text may be a secret: {done}");
    }
}

#[test]
fn a_stated_probe_that_nothing_here_answers_is_refused_before_anything_happens() {
    let before = Before::new(Machine::new("standalone"));
    let workers = before.machine.workers();
    for (url, word) in [
        ("https://cc.example.test:9999/", "listens for it"),
        ("ftp://cc.example.test/", "neither http:// nor https://"),
        ("https://user:hunter2@cc.example.test/", "password"),
    ] {
        let done = apply_with(&before.machine, &format!("[[probe]]\nurl = \"{url}\"\n"));
        done.expect(65, "invalid");
        assert!(done.error().contains(word), "{done}");
        assert!(!done.to_string().contains("hunter2"), "{done}");
    }
    before.assert_untouched(&workers);
}
