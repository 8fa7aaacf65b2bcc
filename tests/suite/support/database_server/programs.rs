//! Which database server the tests run on: this machine's MariaDB, or one that `packaging/unpack.sh` unpacked.
//!
//! Invariant: the variable alone decides, once for the whole run; a folder that has no server is never taken for the
//! wish to use another one.

use super::DatabaseServer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names the folder of an unpacked server; the Makefile sets it for the second run of the seeding tests.
const VARIABLE: &str = "MOTIONCTL_TEST_DATABASE";

/// What differs between servers for a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    MariaDb,
    MySql,
}

impl Kind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        }
    }
}

/// The programs of one server.
pub struct Programs {
    /// What kind of server it is.
    pub kind: Kind,
    /// Its version, such as `(10, 11)`.
    pub version: (u32, u32),
    /// The server itself.
    server: PathBuf,
    /// What an unpacked one takes for `/usr`.
    base: Option<PathBuf>,
}

/// The programs of the server that this run is about.
pub fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| match std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        Some(folder) => Programs::unpacked(Path::new(&folder)),
        None => Programs::of_this_machine(),
    })
}

impl Programs {
    fn of_this_machine() -> Self {
        let paths =
            ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd", "/usr/sbin/mysqld", "/usr/libexec/mysqld"];
        let server = first_of(paths.map(PathBuf::from));
        let server = server.expect("mariadbd is installed; packaging/setup.sh test installs it");
        Self::asked(server, None)
    }

    fn unpacked(folder: &Path) -> Self {
        let base = folder.join("usr");
        let server = first_of(["mariadbd", "mysqld"].map(|name| base.join("sbin").join(name)));
        let server = server.unwrap_or_else(|| {
            let reason = fs::read_to_string(folder.join("reason")).unwrap_or_default();
            panic!("{VARIABLE}: {} has no server. {}", folder.display(), reason.trim())
        });
        Self::asked(server, Some(base))
    }

    /// What the program says of itself, such as `mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))`.
    fn asked(server: PathBuf, base: Option<PathBuf>) -> Self {
        let output = Command::new(&server).args(["--no-defaults", "--version"]).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words = text.split_once("Ver ").map_or("", |(_, rest)| rest);
        let mut numbers = words.split(|letter: char| !letter.is_ascii_digit()).map(str::parse);
        let mut number = || numbers.next().and_then(Result::ok);
        let version = number().zip(number()).unwrap_or_else(|| panic!("no version in {text:?}"));
        let kind = if text.contains("MariaDB") { Kind::MariaDb } else { Kind::MySql };
        Self { kind, version, server, base }
    }

    /// Whether it lies in a folder with libraries of its own, so that it loads nothing of this machine's.
    pub fn is_unpacked(&self) -> bool {
        self.base.is_some()
    }

    /// What a person calls it.
    pub fn name(&self) -> String {
        let (major, minor) = self.version;
        format!("{} {major}.{minor}", self.kind.name())
    }

    /// What the server is started with, before everything else.
    pub fn command(&self) -> Vec<String> {
        let mut words = vec![self.server.display().to_string()];
        words.extend(["--no-defaults", "--user=mysql"].map(str::to_owned));
        words.extend(self.base.iter().map(|base| format!("--basedir={}", base.display())));
        words
    }

    /// The addresses that it can listen on; an older MariaDB takes one. MySQL of our time takes several.
    pub fn addresses(&self) -> &'static [&'static str] {
        const BOTH: &[&str] = &[DatabaseServer::HOST, DatabaseServer::OTHER_HOST];
        let takes_one = self.kind == Kind::MariaDb && self.version < (10, 11);
        if takes_one { &BOTH[..1] } else { BOTH }
    }

    /// Small, and quick rather than safe: the data does not outlive the test.
    pub fn habits(&self) -> &'static [&'static str] {
        match (self.kind, self.version) {
            (Kind::MariaDb, _) => &["--innodb-log-file-size=4M"],
            // Its X protocol has one port for all servers, a binary log costs a write for each statement, and it
            // looks for a folder of Debian's.
            (Kind::MySql, (8.., _)) => &[
                "--mysqlx=OFF",
                "--skip-log-bin",
                "--secure-file-priv=NULL",
                "--innodb-redo-log-capacity=16M",
            ],
            (Kind::MySql, _) => &[],
        }
    }

    /// Makes the data folder of a new server, in which root has no password.
    pub fn install(&self, data: &Path) {
        let mut command = match (self.kind, &self.base) {
            (Kind::MariaDb, base) => {
                let folder = base.iter().map(|base| base.join("bin/mariadb-install-db"));
                let script = first_of(folder).unwrap_or_else(|| PathBuf::from("mariadb-install-db"));
                let mut command = Command::new(script);
                // A machine need not know its own name.
                command.args(["--no-defaults", "--user=mysql", "--skip-test-db", "--force"]);
                command.args(["--auth-root-authentication-method=socket", "--innodb-log-file-size=4M"]);
                command.args(base.iter().map(|base| format!("--basedir={}", base.display())));
                command
            }
            (Kind::MySql, _) => {
                let words = self.command();
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]).args(["--initialize-insecure", "--innodb-redo-log-capacity=16M"]);
                command
            }
        };
        command.args(["--innodb-flush-method=nosync", &format!("--datadir={}", data.display())]);
        // As in `hold`: a server cleans up where its temporary tables lie, whose ever they are.
        command.env("TMPDIR", data.parent().expect("a folder around it"));
        let output = command.output().expect("the server's programs; packaging/setup.sh test installs them");
        let text = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
        // Two copies of one data folder would be one server to replication.
        let _ = fs::remove_file(data.join("auto.cnf"));
    }
}

fn first_of(paths: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    paths.into_iter().find(|path| path.exists())
}
