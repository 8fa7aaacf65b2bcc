//! Home-made scripts, tried on a private machine with a running NGINX: nothing outside changes, and each is told.

mod limits;
mod own;
mod plan;
mod secrets;
mod tree;
mod walls;

use crate::support::machine::Machine;
use crate::support::said::Said;
use crate::support::tree_state::{State, state};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Of the server, where a script of a vendor writes; the rest of it is the machine's own.
const SHARED: [&str; 4] = ["/etc", "/usr/local/bin", "/usr/local/sbin", "/var/spool"];
const OWN: [&str; 6] = ["/etc/nginx", "/run", "/var/backups", "/var/lib", "/var/log", "/var/opt"];
/// Our record of what a script did, and our lock.
const RECORDS: &str = "/var/lib/motionctl";

/// Everything that must stay as it is.
#[derive(PartialEq, Eq)]
struct Outside {
    files: Vec<(&'static str, State)>,
    mounts: String,
    processes: BTreeSet<String>,
    sockets: BTreeSet<String>,
}

impl Outside {
    fn of(machine: &Machine) -> Self {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let processes =
            machine.shell("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2>/dev/null");
        let processes = lines(&processes.stdout);
        // Columns that count, such as timers, change by themselves; and a connection that ended waits for a while.
        let sockets = machine.shell(
            "cd /proc/self/net; awk '$4 == \"0A\" { print $2, $4 }' tcp tcp6; awk '{ print $8 }' unix",
        );
        Self {
            files: machine
                .inside(|| SHARED.iter().chain(&OWN).map(|folder| (*folder, look(folder))).collect()),
            mounts: machine.shell("cat /proc/self/mountinfo").stdout,
            processes: processes.into_iter().filter(|line| !line.contains("/proc/[0-9]")).collect(),
            sockets: lines(&sockets.stdout),
        }
    }

    #[track_caller]
    fn assert_same(&self, later: &Self) {
        for ((folder, before), (_, after)) in self.files.iter().zip(&later.files) {
            let differences = before.differences(after);
            assert!(differences.is_empty(), "{folder} is not as before:\n{differences}");
        }
        assert_eq!(self.mounts, later.mounts);
        assert_eq!(self.processes, later.processes);
        assert_eq!(self.sockets, later.sockets);
    }
}

fn look(folder: &str) -> State {
    let seen = state(Path::new(folder));
    // The shared `/etc` has the machine's own NGINX in it, which is looked at by itself, and what other tests make there.
    let left_out: &[&str] = match folder {
        "/etc" => &["angie", "motionctl", "nginx", "openresty", "tengine"],
        "/var/lib" => &["motionctl"],
        // A plan asks NGINX for the new client's page, which it writes down there.
        "/var/log" => &["nginx/access.log"],
        _ => &[],
    };
    seen.without(left_out).without_folder_times()
}

/// Writes a script into the machine, and returns its path.
fn script(machine: &Machine, text: &str) -> PathBuf {
    let path = machine.scratch().join("install.sh");
    fs::write(&path, text).expect("writing");
    path
}

/// Tries a script with `--json`, and asserts that nothing outside changed.
#[track_caller]
fn try_on(machine: &Machine, text: &str, more: &[&str]) -> Said {
    let path = script(machine, text).display().to_string();
    let before = Outside::of(machine);
    let output = machine.motionctl(&[&["try", "--json", &path], more].concat());
    before.assert_same(&Outside::of(machine));
    assert!(output.json.is_object(), "{output}");
    output
}

/// As [`try_on`], of a machine of its own; the script ends with 0.
#[track_caller]
fn tried(text: &str, more: &[&str]) -> Value {
    let output = try_on(&Machine::new("standalone"), text, more);
    output.expect(0, "ok");
    output.json["details"]["try"].clone()
}

/// The change of this path.
#[track_caller]
fn change<'a>(tried: &'a Value, path: &str) -> &'a Value {
    let mut all = tried["changes"].as_array().expect("a list").iter();
    all.find(|change| change["path"] == path).unwrap_or_else(|| panic!("no change of {path}: {tried:#}"))
}

fn asked(tried: &Value) -> Vec<&str> {
    let rows = tried["asked"].as_array().expect("a list").iter();
    rows.map(|row| row["command"].as_str().expect("text")).collect()
}

fn said(tried: &Value) -> String {
    let lines = tried["output"].as_array().expect("a list").iter();
    lines.map(|line| format!("{}\n", line.as_str().expect("text"))).collect()
}

#[test]
fn what_it_fetches_with_a_password_is_told_without_it() {
    let output = try_on(
        &Machine::new("standalone"),
        "#!/bin/bash\n\
         curl -u installer:hunter2 https://get.example.test/client.tgz?token=hunter3 -o /opt/client.tgz; echo code $?\n\
         curl -fsS -H 'Authorization: Bearer hunter4aaaa' https://get.example.test/motion.conf; echo code $?\n\
         wget -q https://bot:hunter5@get.example.test/x; echo code $?\n\
         test ! -e /opt/client.tgz\n",
        &[],
    );
    output.expect(0, "ok");
    let tried = &output.json["details"]["try"];
    let rows = tried["fetches"].as_array().expect("a list");
    assert_eq!(rows.len(), 3, "{tried:#}");
    assert_eq!(rows[0]["url"], "https://get.example.test/client.tgz?token=[redacted]");
    assert_eq!(rows[2]["url"], "https://get.example.test/x");
    let flags = |name: &str| rows.iter().map(|row| row[name] == true).collect::<Vec<_>>();
    assert_eq!(flags("credentials"), [true, true, true]);
    assert_eq!(flags("unchecked"), [true, false, false]);
    assert!(
        said(tried).contains("code 6\n")
            && said(tried).contains("code 22\n")
            && said(tried).contains("code 4\n")
    );
    assert!(!output.stdout.contains("hunter"), "{output}");
    assert!(output.json["details"]["next"].to_string().contains("--files"), "{output}");
}

#[test]
fn what_is_handed_out_by_its_name_arrives() {
    let machine = Machine::new("standalone");
    let files = machine.scratch().join("files");
    fs::create_dir_all(files.join("get.example.test/v3")).expect("a folder");
    fs::write(files.join("get.example.test/v3/client.tgz"), "a client\n").expect("writing");
    fs::write(files.join("step2.sh"), "echo second step; touch /opt/second\n").expect("writing");
    let output = try_on(
        &machine,
        "set -e\ncurl -fsSLo /opt/client.tgz https://get.example.test/v3/client.tgz\ncat /opt/client.tgz\n\
         curl -s https://u:p@other.example.test/step2.sh | bash\n",
        &["--files", &files.display().to_string()],
    );
    output.expect(0, "ok");
    let tried = &output.json["details"]["try"];
    assert_eq!(said(tried), "a client\nsecond step\n");
    assert_eq!(tried["fetches"][0]["served"], "get.example.test/v3/client.tgz");
    assert_eq!(change(tried, "/opt/second")["change"], "created");
}

#[test]
fn a_reload_is_told_and_not_made() {
    let machine = Machine::new("standalone");
    let (master, workers) = (machine.master_pid(), machine.workers());
    let output = try_on(
        &machine,
        "nginx -t || exit 9\nsystemctl reload nginx && nginx -s reload && service nginx restart && /usr/sbin/nginx -s stop\n\
         systemctl is-active --quiet nginx",
        &[],
    );
    output.expect(0, "ok");
    let tried = &output.json["details"]["try"];
    let wanted =
        ["nginx -t", "systemctl reload nginx", "nginx -s reload", "service nginx restart", "nginx -s stop"];
    assert_eq!(asked(tried)[..5], wanted, "{tried:#}");
    assert_eq!(tried["asked"][0]["how"], "run");
    assert!(said(tried).contains("test is successful"), "{}", said(tried));
    assert_eq!((machine.master_pid(), machine.workers()), (master, workers));
}

#[test]
fn a_package_is_asked_for_and_not_installed() {
    let tried = tried(
        "set -e\nexport DEBIAN_FRONTEND=noninteractive\napt-get update\napt-get install -y motion-client=3.1\n\
         /usr/bin/dpkg -i /opt/x.deb\ndpkg --version | grep -q Debian\n",
        &[],
    );
    assert_eq!(
        asked(&tried),
        ["apt-get update", "apt-get install -y motion-client=3.1", "dpkg -i /opt/x.deb"]
    );
    assert!(tried["asked"][1]["how"] == "recorded");
}

#[test]
fn cron_sudoers_units_and_users_are_told_by_what_they_are() {
    let tried = tried(
        "set -e\necho '* * * * * root /opt/sync --password=hunter2' > /etc/cron.d/motion-sync\n\
         mkdir -p /etc/sudoers.d\n(umask 227; echo 'motion ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/motion)\n\
         useradd --system --no-create-home motionctl-test-user\n\
         printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/motion-sync.service\n\
         systemctl daemon-reload\nsystemctl enable --now motion-sync.service\n",
        &[],
    );
    let area = |path: &str| change(&tried, path)["area"].as_str().unwrap_or_default().to_owned();
    assert_eq!(area("/etc/cron.d/motion-sync"), "cron");
    assert_eq!(area("/etc/sudoers.d/motion"), "sudoers");
    assert!(
        change(&tried, "/etc/sudoers.d/motion")["note"].as_str().unwrap().contains("0440 0:0"),
        "{tried:#}"
    );
    assert_eq!(area("/etc/systemd/system/motion-sync.service"), "unit");
    let passwd = change(&tried, "/etc/passwd")["diff"].as_str().unwrap().to_owned();
    assert!(passwd.contains("+motionctl-test-user:x:"), "{passwd}");
    assert!(change(&tried, "/etc/shadow")["diff"].is_null(), "a secret file is shown");
    assert!(!tried.to_string().contains("hunter2"), "{tried:#}");
    assert!(asked(&tried).contains(&"systemctl enable --now motion-sync.service"));
}

#[test]
fn a_daemon_is_told_and_ends_with_the_copy() {
    let mark = format!("sleep 4{}", std::process::id());
    let tried =
        tried(&format!("setsid {mark} >/dev/null 2>&1 &\nnohup sh -c '{mark}; true' &\necho done"), &[]);
    let left = tried["left_running"].to_string();
    assert!(left.contains(&mark), "{tried:#}");
    assert_eq!(crate::support::site::processes(&mark), [0; 0]);
    assert!(said(&tried).contains("done"));
}

#[test]
fn a_file_edited_in_its_place_is_told_by_its_difference() {
    let tried = tried(
        "sed -i 's/20m/64m/' /etc/nginx/conf.d/motion.conf && chmod 640 /etc/nginx/nginx.conf && touch /etc/hosts",
        &[],
    );
    let changed = change(&tried, "/etc/nginx/conf.d/motion.conf");
    assert_eq!((changed["change"].as_str(), changed["area"].as_str()), (Some("changed"), Some("nginx")));
    let diff = changed["diff"].as_str().unwrap();
    assert!(diff.contains("-    client_max_body_size 20m;\n+    client_max_body_size 64m;"), "{diff}");
    assert_eq!(change(&tried, "/etc/nginx/nginx.conf")["change"], "attributes");
    assert!(!tried["changes"].to_string().contains("/etc/hosts"), "a time alone is no change: {tried:#}");
    assert_eq!(tried["candidate"]["path"], "/etc/nginx/conf.d/motion.conf");
}

#[test]
fn moves_links_and_folders_made_again_are_told() {
    let tried = tried(
        "set -e\ncd /etc/nginx\nmv conf.d/motion.conf conf.d/motion.conf.bak-$(date +%Y%m%d%H%M%S)\n\
         ln -s /opt/motion.conf conf.d/motion.conf\nrm -r tls\nmkdir tls\necho x > tls/new\nmkfifo /opt/pipe\n\
         rm mime.types\n",
        &[],
    );
    let link = change(&tried, "/etc/nginx/conf.d/motion.conf");
    assert!(
        link["what"] == "link" && link["note"].as_str().unwrap().contains("→ /opt/motion.conf"),
        "{link}"
    );
    assert_eq!(change(&tried, "/etc/nginx/tls/motion.key")["change"], "removed");
    assert!(change(&tried, "/etc/nginx/tls/motion.key")["diff"].is_null());
    assert_eq!(change(&tried, "/etc/nginx/tls/new")["change"], "created");
    assert_eq!(change(&tried, "/etc/nginx/mime.types")["change"], "removed");
    assert_eq!(change(&tried, "/opt/pipe")["what"], "pipe");
    let names: Vec<_> =
        tried["changes"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert!(names.iter().any(|name| name.contains("motion.conf.bak-")), "{names:?}");
}

#[test]
fn the_next_edition_is_told_by_what_it_does_besides() {
    let machine = Machine::new("standalone");
    let first =
        "echo 1 > /etc/motion-version; systemctl reload nginx; echo > /root/log-$(date +%Y%m%d%H%M%S)\n";
    assert!(try_on(&machine, first, &[]).json["details"]["try"]["edition"].is_null());
    let same = try_on(&machine, first, &[]);
    assert!(same.json["details"]["try"]["edition"].is_null(), "{same}");
    let second = "echo 2 > /etc/motion-version; echo > /root/log-$(date +%Y%m%d%H%M%S)\n\
                  echo x > /etc/cron.d/motion; curl https://h.example.test/x || true\n";
    let next = try_on(&machine, second, &[]);
    let edition = &next.json["details"]["try"]["edition"];
    let list = |name: &str| {
        edition[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list("new"), ["fetches https://h.example.test/x", "writes /etc/cron.d/motion"], "{edition:#}");
    assert_eq!(list("gone"), ["asks: systemctl reload nginx"]);
    assert_eq!(list("otherwise"), ["writes /etc/motion-version"]);
    let text = machine.motionctl(&["try", &script(&machine, first).display().to_string()]).stdout;
    assert!(text.contains("Since the edition") && text.contains("no more"), "{text}");
    assert!(machine.inside(|| Path::new(RECORDS).join("tries").exists()));
}

#[test]
fn what_is_no_script_is_not_run() {
    let machine = Machine::new("standalone");
    for (text, word) in [
        ("", "empty"),
        ("<!DOCTYPE html>\n<title>404</title>", "web page"),
        ("#!/no/such/shell\n", "no/such"),
    ] {
        let path = script(&machine, text).display().to_string();
        let output = machine.motionctl(&["try", "--json", &path]);
        output.expect(65, "invalid");
        assert!(output.error().contains(word), "{output}");
    }
    machine.motionctl(&["try", "--json", "/no/such/script"]).expect(69, "unavailable");
}
