//! What commands answer that must not be the real ones: services, packages, downloads, the machine itself.
//!
//! Invariant: pure; what is decided here is told first and then done by who called. An answer is what the real command
//! would have said had all gone well, so that the script goes on as it would on the server.

mod decision;
mod fetch;
mod packages;
mod services;
mod words;

pub use decision::{Act, Around, Decision, Destination, Fetch, How, Told};
use decision::{real, recorded, refused};

/// Commands of one kind.
struct Family {
    names: &'static [&'static str],
    decide: fn(&str, &[String], &dyn Around) -> Decision,
}

const FAMILIES: &[Family] = &[
    Family { names: &["systemctl"], decide: services::systemctl },
    Family { names: &["service", "invoke-rc.d", "rc-service"], decide: services::service },
    Family { names: &["nginx", "openresty", "tengine", "angie"], decide: services::nginx },
    Family { names: &["killall", "pkill"], decide: services::by_name },
    Family { names: &["sudo"], decide: services::sudo },
    Family { names: packages::NAMES, decide: packages::decide },
    Family { names: &["curl"], decide: fetch::curl },
    Family { names: &["wget"], decide: fetch::wget },
    Family { names: DONE, decide: recorded },
    Family { names: CANNOT, decide: cannot },
    Family { names: DATABASES, decide: database },
    Family { names: REMOTE, decide: remote },
];

/// Written down and said to have worked: the machine as a whole.
const DONE: &[&str] = &[
    "firewall-cmd", "halt", "hostnamectl", "initctl", "ip6tables", "ip6tables-restore", "ipset", "iptables",
    "iptables-restore", "localectl", "nft", "poweroff", "reboot", "restorecon", "semanage", "setenforce",
    "setsebool", "shutdown", "start-stop-daemon", "systemd-run", "telinit", "timedatectl", "ufw",
];
/// Refused by the walls in any case; told, so that it is known.
const CANNOT: &[&str] = &[
    "docker", "gdb", "insmod", "losetup", "modprobe", "mount", "nsenter", "podman", "rmmod", "strace",
    "swapoff", "swapon", "sysctl", "umount", "unshare",
];
const DATABASES: &[&str] =
    &["mariadb", "mariadb-dump", "mongo", "mongosh", "mysql", "mysqladmin", "mysqldump", "psql", "redis-cli"];
const REMOTE: &[&str] = &["ftp", "git", "nc", "ncat", "rsync", "scp", "sftp", "ssh", "telnet"];

/// What a copied tree's server has, whatever this machine has.
const USUAL: &[&str] = &["curl", "nginx", "service", "systemctl", "wget"];

/// Every command that has a stand-in.
#[must_use]
pub fn names() -> Vec<String> {
    FAMILIES.iter().flat_map(|family| family.names).map(|name| (*name).to_owned()).collect()
}

/// Those that stand also where this machine has no such command, of a tree.
#[must_use]
pub fn usual() -> Vec<String> {
    USUAL.iter().map(|name| (*name).to_owned()).collect()
}

/// What the stand-in of a command does; `None` for a command that has none.
#[must_use]
pub fn decide(command: &str, arguments: &[String], around: &dyn Around) -> Option<Decision> {
    let family = FAMILIES.iter().find(|family| family.names.contains(&command))?;
    Some((family.decide)(command, arguments, around))
}

fn cannot(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let asks_only =
        arguments.iter().all(|word| ["--help", "--version", "-V", "-h", "-l"].contains(&word.as_str()));
    match command {
        "sysctl" if arguments.iter().any(|word| word.contains('=') || word == "-w" || is_load(word)) => {
            recorded(command, arguments, around)
        }
        "sysctl" => real(command, arguments, around),
        "docker" | "podman" => {
            refused(command, arguments, 1, "Cannot connect to the daemon: there is none in a private copy")
        }
        _ if asks_only && !["docker", "podman"].contains(&command) => real(command, arguments, around),
        "mount" | "umount" => refused(command, arguments, 32, "permission denied"),
        _ => refused(command, arguments, 1, "Operation not permitted"),
    }
}

fn is_load(word: &str) -> bool {
    ["-p", "--load", "--system"].iter().any(|flag| word.starts_with(flag))
}

fn database(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    if arguments.iter().any(|word| ["--version", "-V", "--help"].contains(&word.as_str())) {
        return real(command, arguments, around);
    }
    refused(command, arguments, 1, "Can't connect: no database is in reach of a private copy")
}

fn remote(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let verb = words::first(arguments, &["-C", "-c"]);
    let far = match command {
        "git" => verb.is_some_and(|verb| ["clone", "fetch", "ls-remote", "pull", "push"].contains(&verb)),
        "rsync" => arguments.iter().any(|word| !word.starts_with('-') && word.contains(':')),
        _ => !arguments.iter().all(|word| ["-V", "--version", "-h", "--help"].contains(&word.as_str())),
    };
    if !far {
        return real(command, arguments, around);
    }
    let code = if command == "git" { 128 } else { 255 };
    refused(command, arguments, code, "Could not resolve hostname: a private copy has no network")
}

#[cfg(test)]
mod tests {
    use super::decision::told;
    use super::*;
    use std::collections::BTreeSet;

    /// A copy with these paths and files.
    pub(super) struct Copy {
        pub(super) there: &'static [&'static str],
        pub(super) files: &'static [&'static str],
    }

    impl Around for Copy {
        fn exists(&self, path: &str) -> bool {
            self.there.contains(&path)
        }
        fn has_real(&self, _: &str) -> bool {
            true
        }
        fn is_tree(&self) -> bool {
            false
        }
        fn file(&self, names: &[String]) -> Option<String> {
            names.iter().find(|name| self.files.contains(&name.as_str())).cloned()
        }
    }

    pub(super) fn asked(line: &str, copy: &Copy) -> Decision {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        decide(&words[0], &words[1..], copy).unwrap_or_else(|| panic!("{line}: no stand-in"))
    }

    pub(super) const EMPTY: Copy = Copy { there: &[], files: &[] };

    #[test]
    fn a_command_line_of_any_length_fits_into_a_message() {
        let words = vec!["\u{1b}".repeat(5_000); 5_000];
        let mut long = told("curl", &words, How::Run, &"n".repeat(9_000));
        long.fetch = Some(Fetch { url: "u".repeat(1 << 20), ..Fetch::default() });
        let message = serde_json::to_string(&long.shortened()).unwrap();
        assert!(message.len() < 48 << 10, "{}", message.len());
        let short = told("curl", &["x".to_owned()], How::Run, "n");
        assert_eq!(short.clone().shortened(), short);
    }

    #[test]
    fn no_command_is_in_two_families() {
        let names = names();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        assert!(usual().iter().all(|name| names.contains(name)));
    }

    #[test]
    fn what_the_walls_refuse_is_told_with_the_code_of_the_real_command() {
        let check = |line: &str, wanted: i32| {
            let Decision { told, act } = asked(line, &EMPTY);
            assert_eq!(told[0].how, How::Refused, "{line}");
            assert!(matches!(act, Act::Say { code, .. } if code == wanted), "{line}: {act:?}");
        };
        check("mount -t tmpfs x /mnt", 32);
        check("modprobe overlay", 1);
        check("git clone https://example.test/x.git", 128);
        check("mysql -uroot -e x", 1);
        check("docker ps", 1);
        let reads = asked("sysctl net.core.somaxconn", &EMPTY);
        assert!(reads.told.is_empty() && matches!(reads.act, Act::Real { .. }));
        assert_eq!(asked("sysctl -w net.core.somaxconn=1", &EMPTY).told[0].how, How::Recorded);
        assert!(asked("git -C /srv init", &EMPTY).told.is_empty());
    }
}
