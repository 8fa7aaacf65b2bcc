//! Which cargo `packaging/with-rust.sh` takes, and that neither the check before an installation nor `make install` needs
//! more than that.
//!
//! Invariant: the cargo of this machine is never run; those that are found are scripts of the test.

use super::{answer, ours, script};
use crate::support::binary::write_program;
use nix::unistd::{Uid, User, chown};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const SYSTEM: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// A checkout, a PATH and a home of which only what a test puts there can be found.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Self { folder };
        for name in ["with-rust.sh", "setup.sh"] {
            let text = fs::read(ours("packaging").join(name)).expect("a file of ours");
            write_program(place.at("checkout/packaging").join(name), text);
        }
        fs::copy(ours("Cargo.toml"), place.at("checkout/Cargo.toml")).expect("a copy");
        fs::set_permissions(place.folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("others may look");
        // A machine may have a cargo of its own beside the programs that the scripts need.
        place.cargo("path", "sh: cargo: not found >&2; exit 127");
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A cargo that says `version`, in PATH (`path`) or in somebody's home.
    fn version(&self, home: &str, version: &str) {
        self.cargo(home, &format!("echo 'cargo {version} (0123456789 2026-01-01)'"));
    }

    fn cargo(&self, home: &str, text: &str) {
        let folder = if home == "path" { self.at("path") } else { self.at(home).join(".cargo/bin") };
        script(
            &folder.join("cargo"),
            &format!("if [ \"$1\" = --version ]; then {text}; else echo took {home}; fi"),
        );
    }

    fn run(&self, program: &str, arguments: &[&str], sudo: Option<&str>) -> (i32, String) {
        let mut command = Command::new(self.at("checkout").join(program));
        command.args(arguments).env_clear().env("HOME", self.at("home"));
        command.env("PATH", format!("{}:{SYSTEM}", self.at("path").display()));
        command.envs(sudo.map(|user| ("SUDO_USER", user)));
        answer(&command.output().expect("it runs"))
    }

    fn taken(&self, sudo: Option<&str>) -> (i32, String) {
        self.run("packaging/with-rust.sh", &["cargo", "build"], sudo)
    }

    /// An ordinary user whose home lies in here.
    fn user(&self) -> User {
        let user = User::from_name("nobody").expect("users can be read").expect("every system has nobody");
        script(
            &self.at("path/getent"),
            &format!("echo \"nobody:x:{}:{}::{}:/bin/sh\"", user.uid, user.gid, self.at("theirs").display()),
        );
        user
    }

    fn give_checkout_to(&self, user: &User) {
        for name in ["checkout", "checkout/packaging"] {
            chown(&self.at(name), Some(user.uid), Some(user.gid)).expect("root may");
        }
    }
}

#[test]
fn the_cargo_in_path_is_taken_when_it_is_new_enough() {
    for (version, code) in
        [("1.88.0", 0), ("1.100.0", 0), ("1.90.0-nightly", 0), ("1.87.9", 69), ("1.9.0", 69), ("0.72.1", 69)]
    {
        let place = Place::new();
        place.version("path", version);
        let (found, said) = place.taken(None);
        assert_eq!(found, code, "{version}: {said}");
        assert!(said.contains(if code == 0 { "took path" } else { version }), "{said}");
    }
}

#[test]
fn an_old_cargo_in_path_does_not_hide_that_of_rustup() {
    let place = Place::new();
    place.version("path", "1.63.0");
    place.version("home", "1.95.0");
    assert_eq!(place.taken(None), (0, "took home\n".to_owned()));
}

#[test]
fn a_rustup_without_a_toolchain_is_no_cargo() {
    let place = Place::new();
    place.cargo("home", "echo 'error: rustup could not choose a version of cargo to run' >&2; exit 1");
    let (code, said) = place.taken(None);
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("could not choose a version"), "{said}");
    assert!(said.contains("https://rustup.rs") && said.contains("docs/install.md"), "{said}");
}

#[test]
fn what_the_command_ends_with_is_the_end() {
    let place = Place::new();
    place.version("path", "1.95.0");
    assert_eq!(place.run("packaging/with-rust.sh", &["sh", "-c", "exit 7"], None).0, 7);
}

#[test]
fn under_sudo_a_checkout_is_built_by_the_user_whose_it_is() {
    assert!(Uid::effective().is_root(), "the tests run as root");
    let place = Place::new();
    let user = place.user();
    place.give_checkout_to(&user);
    place.version("theirs", "1.95.0");
    assert_eq!(place.taken(Some("nobody")), (0, "took theirs\n".to_owned()));
    let who = place.run("packaging/with-rust.sh", &["sh", "-c", "id -un; echo $HOME"], Some("nobody"));
    assert_eq!(who, (0, format!("nobody\n{}\n", place.at("theirs").display())));
}

#[test]
fn under_sudo_another_checkout_is_built_by_root_with_the_users_toolchain() {
    let place = Place::new();
    place.user();
    place.version("theirs", "1.95.0");
    let who = place.run("packaging/with-rust.sh", &["sh", "-c", "id -un; echo $RUSTUP_HOME"], Some("nobody"));
    assert_eq!(who, (0, format!("root\n{}/.rustup\n", place.at("theirs").display())));
    // Root's own comes first.
    place.version("path", "1.95.0");
    assert_eq!(place.taken(Some("nobody")), (0, "took path\n".to_owned()));
}

#[test]
fn nothing_is_installed_where_rust_is_missing_or_too_old() {
    for version in ["1.63.0", "nonsense"] {
        let place = Place::new();
        place.version("path", version);
        for program in ["apt-get", "dnf", "python3"] {
            script(&place.at("path").join(program), &format!("touch {}", place.at("called").display()));
        }
        let (code, said) = place.run("packaging/setup.sh", &["demo"], None);
        assert_eq!(code, 69, "{said}");
        assert!(said.contains(version), "{said}");
        assert!(!place.at("called").exists(), "{said}");
    }
}

/// `make install` on a machine where no cargo runs.
fn install(place: &Place, binary: &Path) -> (i32, String) {
    place.cargo("path", &format!("touch {}", place.at("called").display()));
    let output = Command::new("make")
        .args(["--no-print-directory", "install", "PREFIX=/usr"])
        .arg(format!("BIN={}", binary.display()))
        .arg(format!("DESTDIR={}", place.at("system").display()))
        .current_dir(ours(""))
        .env("PATH", format!("{}:{SYSTEM}", place.at("path").display()))
        .output()
        .expect("make is there");
    answer(&output)
}

#[test]
fn what_was_built_is_installed_without_cargo() {
    let place = Place::new();
    let (code, said) = install(&place, Path::new(env!("CARGO_BIN_EXE_motionctl")));
    assert_eq!(code, 0, "{said}");
    for file in [
        "usr/bin/motionctl",
        "usr/lib/systemd/system/motionctl-recover.service",
        "usr/share/man/man1/motionctl.1",
        "usr/share/bash-completion/completions/motionctl",
    ] {
        assert!(fs::metadata(place.at("system").join(file)).expect(file).len() > 0, "{file}");
    }
    assert!(!place.at("called").exists(), "cargo was run");
}

#[test]
fn nothing_is_installed_that_was_not_built() {
    let place = Place::new();
    let (code, said) = install(&place, &place.at("nothing"));
    assert_ne!(code, 0, "{said}");
    assert!(said.contains("run `make build` first, as yourself"), "{said}");
    assert!(!place.at("system").exists());
}

#[test]
fn the_demo_says_first_what_it_will_do_and_last_what_comes_next() {
    let output =
        Command::new("make").args(["-n", "demo"]).current_dir(ours("")).output().expect("make is there");
    let (code, said) = answer(&output);
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("make[")).collect();
    let at = |what: &str| {
        lines.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {said}"))
    };
    assert!(
        lines[0].contains("minutes") && at("this machine is not touched") < at("setup.sh demo"),
        "{said}"
    );
    assert!(at("setup.sh demo") < at("cargo build") && at("cargo build") < at("rehearse --root"), "{said}");
    assert!(lines.last().expect("lines").contains("motionctl check"), "{said}");
    // A profile of its own: what somebody waits for is not optimised as what is handed on.
    assert!(lines[at("cargo build")].contains("--profile demo"), "{said}");
}
