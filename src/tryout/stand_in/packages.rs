//! Package managers: questions are really asked, changes are written down.
//!
//! Invariant: as of all stand-ins. A verb that is not known is a change.

use super::decision::{Around, Decision, real, recorded};
use super::words;

pub(super) const NAMES: &[&str] = &[
    "add-apt-repository", "apk", "apt", "apt-get", "aptitude", "dnf", "dpkg", "easy_install", "flatpak",
    "gem", "microdnf", "npm", "npx", "pacman", "pip", "pip3", "pm2", "pnpm", "rpm", "snap", "yarn", "yum",
    "zypper",
];

/// What only asks, by the first word that is no option.
const QUESTIONS: &[(&[&str], &[&str])] = &[
    (&["apt", "apt-get", "aptitude"], &["changelog", "indextargets", "list", "policy", "search", "show"]),
    (&["dnf", "microdnf", "yum", "zypper"], &["info", "list", "repolist", "search", "provides", "repoquery"]),
    (&["npm", "pnpm", "yarn"], &["bin", "config", "get", "list", "ls", "prefix", "root", "version", "why"]),
    (&["pip", "pip3"], &["check", "config", "freeze", "list", "show"]),
    (&["gem"], &["env", "environment", "list", "which"]),
    (&["apk"], &["info", "list", "policy", "search"]),
];
/// What only asks, whatever else is there.
const ASKING: &[&str] =
    &["--dry-run", "--help", "--just-print", "--simulate", "--version", "-V", "--no-act", "--recon"];

/// Letters and words by which `dpkg` and `rpm` change something.
const DPKG: &[&str] = &[
    "-i", "-P", "-r", "--add-architecture", "--clear-selections", "--configure", "--install", "--purge",
    "--remove", "--remove-architecture", "--set-selections", "--triggers-only", "--unpack", "--update-avail",
];

pub(super) fn decide(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let asks = match command {
        "dpkg" => !words::has(arguments, DPKG),
        "rpm" => !changes_by_rpm(arguments),
        "pacman" => arguments.first().is_some_and(|word| word.starts_with("-Q") || word.starts_with("-T")),
        _ => {
            let verb = words::first(arguments, &["-o", "-c", "-t", "--prefix", "-C"]);
            let known = QUESTIONS.iter().filter(|(names, _)| names.contains(&command));
            words::has(arguments, ASKING)
                || verb.is_some_and(|verb| known.clone().any(|(_, verbs)| verbs.contains(&verb)))
                || (verb.is_none() && arguments.iter().any(|word| word == "-v"))
        }
    };
    if asks { real(command, arguments, around) } else { recorded(command, arguments, around) }
}

/// `-qi` asks and `-ivh` installs: the first mode in a cluster of letters decides.
fn changes_by_rpm(arguments: &[String]) -> bool {
    let long = [
        "--install", "--upgrade", "--freshen", "--erase", "--import", "--reinstall", "--initdb",
        "--rebuilddb",
    ];
    let by_letter =
        arguments.iter().filter(|word| word.starts_with('-') && !word.starts_with("--")).any(|word| {
            word.chars().find(|one| "qVKiUFe".contains(*one)).is_some_and(|mode| "iUFe".contains(mode))
        });
    let asks = arguments.iter().any(|word| word.starts_with("-q") || word == "--query");
    !asks && (by_letter || words::has(arguments, &long))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{EMPTY, asked};
    use super::super::{Act, How};

    #[test]
    fn questions_are_asked_and_changes_are_written_down() {
        let changes = |line: &str| {
            let decision = asked(line, &EMPTY);
            let recorded = decision.told.iter().any(|told| told.how == How::Recorded);
            assert_eq!(recorded, !matches!(decision.act, Act::Real { .. }), "{line}");
            recorded
        };
        for line in [
            "apt-get update",
            "apt-get -y -o Dpkg::Use-Pty=0 install nginx",
            "apt install -y x",
            "dpkg -i x.deb",
            "rpm -Uvh x.rpm",
            "rpm --import key",
            "yum -y install x",
            "npm install --prefix /opt x",
            "pip3 install x",
            "snap install x",
            "npm",
        ] {
            assert!(changes(line), "{line}");
        }
        for line in [
            "apt-get --simulate install x",
            "apt list --installed",
            "dpkg -s nginx",
            "dpkg --print-architecture",
            "rpm -qi nginx",
            "rpm -q --whatprovides x",
            "npm -v",
            "pip3 --version",
            "yum list installed",
        ] {
            assert!(!changes(line), "{line}");
        }
    }
}
