//! A server of its own: private mounts, processes, network and host name, with
//! a fixture's files in their real places, where the real binary works on `/`.
//!
//! Invariant: nothing inside is seen from outside, and everything inside dies
//! with the value, also when the test process itself is killed.

use super::port::Taken;
use super::said::{Said, answer};
use super::tree_state::{State, state};
use super::wait::{PATIENCE, eventually};
use motionctl::host::http::{Address, Client, Response, Reuse, Scheme, Sender, Target};
use motionctl::host::namespace;
use motionctl::host::process::{self, Census, ProcessId, Worker};
use motionctl::journal::{Journal, Record};
use motionctl::rehearse::standin::{Role, StandIn};
use motionctl::verify::certificate::Certificate;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::marker::PhantomData;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;
use tempfile::TempDir;

/// Motion's file in most fixtures.
pub const SITE: &str = "/etc/nginx/conf.d/motion.conf";

/// The name that every fixture's server has.
pub const NAME: &str = "cc.example.test";

/// What Debian's package makes below `/var/lib/nginx`.
const TEMPORARY: [&str; 5] = ["body", "proxy", "fastcgi", "uwsgi", "scgi"];

/// Folders of `/var` that a machine has to itself.
const VAR: [&str; 4] = ["backups", "lib", "log", "opt"];

/// Settings and what is kept for the next update.
const SETTINGS: &str = "/etc/motionctl";

/// A private machine.
pub struct Machine {
    /// Motion's server, where this fixture has it; ends before the network does.
    node: Option<StandIn>,
    /// Its standard input is the life line: the first process inside ends with it.
    holder: Child,
    spaces: Vec<(CloneFlags, File)>,
    folder: TempDir,
}

/// A master inside, with its children.
#[derive(Debug)]
pub struct Master {
    /// Which process.
    pub id: ProcessId,
    /// Its children.
    pub workers: Vec<Worker>,
}

impl Master {
    /// The children that accept connections.
    pub fn serving(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.role == process::Role::Serving)
    }
}

/// A command under way inside; dropped, it is killed. The machine's end would
/// wait for ever for a child of ours that nobody reaps.
pub struct Running<'m> {
    child: Option<Child>,
    machine: PhantomData<&'m Machine>,
}

impl Machine {
    /// A machine with a fixture's files, Motion's stand-in and a running nginx.
    pub fn new(fixture: &str) -> Self {
        Self::edited(fixture, |_| ())
    }

    /// A machine after one apply, and the backup of before.
    pub fn migrated() -> (Self, String) {
        let machine = Self::new("standalone");
        let done = machine.apply(&[]);
        done.expect(0, "applied");
        let id = done.json["backup"]["id"].as_str().expect("a name").to_owned();
        (machine, id)
    }

    /// As [`Machine::new`], with `/etc/nginx` changed before nginx starts.
    pub fn edited(fixture: &str, edit: impl FnOnce(&Path)) -> Self {
        let machine = Self::stopped(fixture, edit);
        machine.start_nginx();
        machine
    }

    /// As [`Machine::edited`], but nginx does not run.
    pub fn stopped(fixture: &str, edit: impl FnOnce(&Path)) -> Self {
        let mut machine = Self::without_motion(fixture, edit);
        let address = "127.0.0.1:9000".parse().expect("an address");
        machine.node = Some(machine.inside(|| StandIn::http(address, Role::Motion).expect("a stand-in")));
        machine
    }

    /// As [`Machine::stopped`], with nobody behind nginx.
    pub fn without_motion(fixture: &str, edit: impl FnOnce(&Path)) -> Self {
        let folder = set_up(fixture);
        edit(&folder.path().join("nginx"));
        let mut holder = Command::new("unshare")
            .args(["--mount", "--pid", "--net", "--uts", "--fork", "--mount-proc", "--kill-child"])
            .args(["/bin/sh", "-c", "echo up; while read -r _; do :; done"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("util-linux is installed");
        let mut line = String::new();
        let stdout = holder.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("reading from the machine");
        assert_eq!(line, "up\n", "the private machine did not start");
        let space = |kind, name: &str| {
            let file = File::open(format!("/proc/{}/ns/{name}", holder.id()));
            (kind, file.expect("its namespaces can be entered"))
        };
        let spaces = vec![
            space(CloneFlags::CLONE_NEWNS, "mnt"),
            space(CloneFlags::CLONE_NEWNET, "net"),
            space(CloneFlags::CLONE_NEWUTS, "uts"),
            space(CloneFlags::CLONE_NEWPID, "pid_for_children"),
        ];
        let machine = Self { node: None, holder, spaces, folder };
        machine.inside(|| machine.mount_all());
        machine
    }

    fn mount_all(&self) {
        let bind = |name: &str, target: &str| {
            let source = self.folder.path().join(name);
            mount(Some(&source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
                .unwrap_or_else(|error| panic!("binding {target}: {error}"));
        };
        bind("nginx", "/etc/nginx");
        // An empty folder of the host's, where it has none, is all that this leaves: a mount needs a place.
        fs::create_dir_all(SETTINGS).expect("a folder");
        bind("motionctl", SETTINGS);
        // The folder itself may lie below one of these.
        for name in VAR {
            bind(&format!("var/{name}"), &format!("/var/{name}"));
        }
        let options = Some("mode=755");
        mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), options).expect("root may mount");
        namespace::loopback_up().expect("its own network");
        nix::unistd::sethostname("motion-under-test").expect("its own name");
    }

    /// Starts nginx as its package would, and waits until it serves.
    pub fn start_nginx(&self) {
        let said = self.command("nginx", &[], |_| ()).finish();
        assert_eq!(said.code, 0, "nginx does not start: {}", said.stderr);
        self.wait_for_workers();
    }

    /// Waits until as many workers serve as the main file asks for.
    pub fn wait_for_workers(&self) {
        let main = self.read("/etc/nginx/nginx.conf");
        let count =
            main.split("worker_processes ").nth(1).and_then(|rest| rest.split(';').next()?.parse().ok());
        let count: usize = count.expect("a fixture says how many workers it has");
        eventually("every worker serves", || self.workers().len() == count);
    }

    /// Has nginx read its files again, as a script does, and waits until only workers of the new generation accept
    /// connections: before that any answer may be the old configuration's.
    pub fn reload(&self) {
        let old = self.workers();
        assert!(!old.is_empty(), "nginx does not run");
        self.must("nginx -s reload");
        eventually("the new workers serve alone", || {
            let serving = self.workers();
            !serving.is_empty() && serving.is_disjoint(&old)
        });
        self.wait_for_workers();
    }

    /// Does something with the machine's files, network and name.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.enter(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWUTS, work)
    }

    /// Namespaces belong to threads, so a thread of its own enters them.
    fn enter<T: Send>(&self, wanted: CloneFlags, work: impl FnOnce() -> T + Send) -> T {
        let inside = || {
            unshare(CloneFlags::CLONE_FS).expect("a working folder of its own");
            for (kind, space) in self.spaces.iter().filter(|(kind, _)| wanted.contains(*kind)) {
                setns(space, *kind).expect("root may enter");
            }
            work()
        };
        thread::scope(|scope| scope.spawn(inside).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Starts a command inside; `configure` may change what is usual.
    pub fn command(
        &self,
        program: &str,
        arguments: &[&str],
        configure: impl FnOnce(&mut Command) + Send,
    ) -> Running<'_> {
        let everything = CloneFlags::all();
        let child = self.enter(everything, || {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.env_remove("SSH_CONNECTION").env_remove("SUDO_USER");
            configure(&mut command);
            command.spawn().expect("the program is installed")
        });
        Running { child: Some(child), machine: PhantomData }
    }

    /// Runs a line of shell inside.
    pub fn shell(&self, line: &str) -> Said {
        self.command("/bin/sh", &["-c", line], |_| ()).finish()
    }

    /// As [`Machine::shell`], for a line that has to succeed; what it printed.
    #[track_caller]
    pub fn must(&self, line: &str) -> String {
        self.shell(line).ended_well(line)
    }

    /// Runs motionctl on the live `/` to its end.
    pub fn motionctl(&self, arguments: &[&str]) -> Said {
        self.spawn(arguments).finish()
    }

    /// The same with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Said {
        self.motionctl(&[arguments, &["--json"]].concat())
    }

    /// Starts motionctl on the live `/`.
    pub fn spawn(&self, arguments: &[&str]) -> Running<'_> {
        self.command(env!("CARGO_BIN_EXE_motionctl"), arguments, |_| ())
    }

    /// Starts motionctl, and returns when it has stopped itself at a numbered kill point of a name.
    pub fn stopped_at(&self, arguments: &[&str], (place, time): (&str, usize)) -> Running<'_> {
        let log = self.scratch().join("places");
        let running = self.command(env!("CARGO_BIN_EXE_motionctl"), arguments, |command| {
            command.env("MOTIONCTL_KILL_POINT_LOG", &log).env("MOTIONCTL_KILL_POINT_PLACE", place);
            command.env("MOTIONCTL_KILL_POINT_AT", time.to_string());
            command.env("MOTIONCTL_KILL_POINT_SIGNAL", "SIGSTOP");
        });
        running.wait_until_stopped();
        running
    }

    /// Applies the migration with `--json` and these arguments.
    pub fn apply(&self, more: &[&str]) -> Said {
        self.motionctl(&[&["apply", "--yes", "--json"], more].concat())
    }

    /// Asks nginx for `https://cc.example.test/…`.
    pub fn get(&self, uri: &str) -> Response {
        self.ask(Scheme::Https, 443, uri)
    }

    /// Whether the page at the new client's login is the new client's.
    pub fn serves_the_new_client(&self) -> bool {
        String::from_utf8_lossy(&self.get("/user-ui/login").body).contains("<base href=\"/user-ui/\">")
    }

    /// Asks nginx on a port of the loopback.
    pub fn ask(&self, scheme: Scheme, port: u16, uri: &str) -> Response {
        let address = Address::Tcp(([127, 0, 0, 1], port).into());
        let target =
            Target { address, scheme, server_name: NAME.to_owned(), port, sender: Sender::default() };
        let asked = self.inside(|| Client::new(&target, Reuse::Never).get(uri, Instant::now() + PATIENCE));
        asked.unwrap_or_else(|error| panic!("GET {uri} on {port}: {error}"))
    }

    /// Takes a port of every address, as another program would.
    pub fn take_port(&self, port: u16) -> Taken {
        self.inside(|| Taken::everywhere(port))
    }

    /// How many requests reached Motion's stand-in.
    pub fn requests(&self) -> u64 {
        self.node.as_ref().expect("it has one").requests()
    }

    /// The masters, by their pids inside. From here they live in another pid namespace, so nobody among them is
    /// believed, only counted.
    pub fn masters(&self) -> Vec<Master> {
        let master = |id| Master { id, workers: process::workers(id).expect("reading /proc") };
        self.inside(|| {
            let Census { masters, strangers, .. } = process::census(None).expect("reading /proc");
            let ids = masters.iter().map(|master| master.id).chain(strangers.iter().map(|other| other.id));
            ids.map(master).collect()
        })
    }

    /// The one master's pid inside.
    pub fn master_pid(&self) -> i32 {
        let masters = self.masters();
        assert_eq!(masters.len(), 1, "{masters:?}");
        masters[0].id.pid
    }

    /// The workers that accept connections, by their pids inside.
    pub fn workers(&self) -> BTreeSet<i32> {
        let masters = self.masters();
        masters.iter().flat_map(Master::serving).map(|worker| worker.id.pid).collect()
    }

    /// Where a path of the machine lies outside; below `/etc/nginx`, `/etc/motionctl` and the folders of `/var`.
    pub fn path(&self, inside: &str) -> PathBuf {
        let below = inside.replacen("/etc/nginx", "/nginx", 1).replacen(SETTINGS, "/motionctl", 1);
        assert!(below != inside || VAR.iter().any(|name| inside.starts_with(&format!("/var/{name}"))));
        self.folder.path().join(below.trim_start_matches('/'))
    }

    /// What a file of the machine holds.
    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|error| panic!("reading {inside}: {error}"))
    }

    /// Changes a file of the machine, as an editor does.
    pub fn edit(&self, inside: &str, change: impl FnOnce(String) -> String) {
        fs::write(self.path(inside), change(self.read(inside))).expect("writing");
    }

    /// Everything that can be seen of nginx's configuration.
    pub fn configuration(&self) -> State {
        state(&self.path("/etc/nginx"))
    }

    /// The names of the backups, oldest first.
    pub fn backups(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("/var/backups/motionctl")) else { return Vec::new() };
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    /// The journal's events; none where there is no journal.
    pub fn journal(&self) -> Vec<serde_json::Value> {
        let bytes = fs::read(self.path("/var/lib/motionctl/journal")).unwrap_or_default();
        let journal = Journal::decode(&bytes).expect("a journal that can be trusted");
        let event = |record: &Record| serde_json::to_value(&record.body).expect("JSON");
        journal.records.iter().map(event).collect()
    }

    /// The machine's folder outside, for files of the operator.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.node = None;
        drop(self.holder.stdin.take());
        let ended = self.holder.wait();
        if !std::thread::panicking() {
            ended.expect("the machine ends");
        }
    }
}

impl Running<'_> {
    /// Sends a signal to it.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Waits until it has stopped itself, as it was told to; panics when it ends instead.
    pub fn wait_until_stopped(&self) {
        let stat = format!("/proc/{}/stat", self.pid());
        eventually("it stops", || {
            let state = fs::read_to_string(&stat).expect("it runs");
            let state = state.rsplit(") ").next().and_then(|rest| rest.chars().next());
            assert_ne!(state, Some('Z'), "it ended before it came there");
            state == Some('T')
        });
    }

    /// Its pid, outside.
    pub fn pid(&self) -> Pid {
        let child = self.child.as_ref().expect("not waited for yet");
        Pid::from_raw(i32::try_from(child.id()).expect("a pid fits"))
    }

    /// Closes the pipes that its answer goes to.
    pub fn close_output(&mut self) {
        let child = self.child.as_mut().expect("not waited for yet");
        (child.stdout, child.stderr) = (None, None);
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Said {
        let child = self.child.take().expect("not waited for yet");
        let done = child.wait_with_output().expect("waiting");
        answer(&done)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Ended already, perhaps: burying it is what counts.
            let _killed = child.kill();
            let _ended = child.wait();
        }
    }
}

/// A fixture's files, the folders that Debian has, and a fresh certificate.
fn set_up(fixture: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix("motionctl-machine-").tempdir().expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("its mode");
    let at = |name: &str| folder.path().join(name);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    for name in VAR.map(|name| format!("var/{name}")) {
        fs::create_dir_all(at(&name)).expect("a folder");
    }
    for name in TEMPORARY {
        fs::create_dir_all(at("var/lib/nginx").join(name)).expect("a folder");
    }
    for name in ["var/log/nginx", "motionctl", "scratch"] {
        fs::create_dir_all(at(name)).expect("a folder");
    }
    copy(&fixture.join("etc/nginx"), &at("nginx"));
    copy(&fixture.join("var/opt/motion2"), &at("var/opt/motion2"));
    let certificate = Certificate::for_names(&[NAME]).expect("a certificate");
    fs::create_dir(at("nginx/tls")).expect("a folder");
    fs::write(at("nginx/tls/motion.crt"), certificate.cert_pem).expect("writing");
    fs::write(at("nginx/tls/motion.key"), certificate.key_pem).expect("writing");
    fs::set_permissions(at("nginx/tls/motion.key"), Permissions::from_mode(0o600)).expect("its mode");
    folder
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").args([from, to]).status().expect("coreutils are installed");
    assert!(status.success(), "copying {}", from.display());
}

#[test]
fn a_machine_answers_and_leaves_nothing() {
    use super::site::processes;
    let before = fs::read_to_string("/proc/self/mountinfo").expect("reading");
    let machine = Machine::new("standalone");
    assert_eq!(machine.get("/login").status, 200);
    let name = machine.shell("hostname || cat /proc/sys/kernel/hostname").stdout;
    assert_eq!(name.trim(), "motion-under-test");
    let folder = machine.folder.path().to_owned();
    let sleep = format!("sleep {}.7", 200_000_000 + std::process::id());
    let _orphaned = machine.shell(&format!("setsid {sleep} >&- 2>&- &"));
    eventually("it sleeps", || !processes(&sleep).is_empty());
    drop(machine);
    assert!(!folder.exists());
    assert_eq!(processes(&sleep), [0; 0]);
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").expect("reading"), before);
}
