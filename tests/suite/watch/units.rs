//! The units, as `make install` and `install-unit` write them.

use super::*;
use crate::support::binary::{Server, motionctl};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const WATCH: [&str; 3] = ["motionctl-watch.service", "motionctl-watch.path", "motionctl-watch.timer"];
const FOLDER: &str = "etc/systemd/system";

#[test]
fn the_units_are_written_with_the_site_s_real_place_and_never_over_another_s() {
    let server = Server::copy("standalone");
    fs::create_dir_all(server.at("etc/nginx/sites-available")).expect("a folder");
    fs::rename(server.at("etc/nginx/conf.d/motion.conf"), server.at("etc/nginx/sites-available/motion"))
        .expect("moving");
    std::os::unix::fs::symlink("../sites-available/motion", server.at("etc/nginx/conf.d/motion.conf"))
        .expect("a link");

    let done = server.json(&["install-unit", "--watch"]);

    assert_eq!(done["outcome"], "applied", "{done:#}");
    for name in WATCH {
        let text = server.read(&format!("{FOLDER}/{name}"));
        assert!(!text.contains("@BINDIR@"), "{text}");
        let mode =
            fs::metadata(server.at(&format!("{FOLDER}/{name}"))).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o7777, 0o644, "{name}");
    }
    let drop_in = server.read(&format!("{FOLDER}/motionctl-watch.path.d/site.conf"));
    assert!(drop_in.ends_with("[Path]\nPathChanged=/etc/nginx/sites-available/motion\n"), "{drop_in}");
    assert!(!server.at(&format!("{FOLDER}/motionctl-watch.service.d")).exists());

    let again = server.json(&["install-unit", "--watch"]);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    server.write(&format!("{FOLDER}/motionctl-watch.timer"), "[Timer]\nOnCalendar=hourly\n");
    let refused = server.json(&["install-unit", "--watch"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    assert_eq!(server.read(&format!("{FOLDER}/motionctl-watch.timer")), "[Timer]\nOnCalendar=hourly\n");
}

#[test]
fn a_site_elsewhere_may_be_written_to() {
    let server = Server::copy("standalone");
    fs::create_dir_all(server.at("usr/local/nginx/motion conf")).expect("a folder");
    fs::rename(server.at("etc/nginx/conf.d/motion.conf"), server.at("usr/local/nginx/motion conf/m.conf"))
        .expect("moving");
    server.write("etc/nginx/conf.d/here.conf", "include \"/usr/local/nginx/motion conf/m.conf\";\n");
    assert_eq!(server.json(&["install-unit", "--watch"])["outcome"], "applied");
    let path = server.read(&format!("{FOLDER}/motionctl-watch.path.d/site.conf"));
    assert!(path.ends_with("PathChanged=/usr/local/nginx/motion conf/m.conf\n"), "{path}");
    let service = server.read(&format!("{FOLDER}/motionctl-watch.service.d/site.conf"));
    assert!(service.ends_with("ReadWritePaths=\"-/usr/local/nginx/motion conf\"\n"), "{service}");
    verify(&server);
}

/// systemd's own checker has nothing against what was written.
fn verify(server: &Server) {
    let units = WATCH.map(|name| server.at(&format!("{FOLDER}/{name}")).display().to_string());
    let Ok(said) = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output() else {
        return;
    };
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    let ours: Vec<_> = text.lines().filter(|line| line.contains("motionctl")).collect();
    assert_eq!(ours, [""; 0], "{text}");
}

#[test]
fn systemd_has_nothing_against_the_units() {
    let server = Server::copy("standalone");
    assert_eq!(server.json(&["install-unit", "--watch"])["outcome"], "applied");
    assert_eq!(server.json(&["install-unit"])["outcome"], "applied");
    verify(&server);
    // The checker would notice: a misspelt setting is one of its lines.
    if Command::new("systemd-analyze").arg("--version").output().is_ok() {
        let name = server.at(&format!("{FOLDER}/motionctl-watch.path"));
        fs::write(&name, "[Path]\nNoSuchSetting=/etc\n").expect("writing");
        let said = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&name)
            .output()
            .expect("it runs");
        assert!(String::from_utf8_lossy(&said.stderr).contains("NoSuchSetting"), "{said:?}");
    }
}

#[test]
fn every_unit_of_the_templates_is_installed_and_runs_a_command_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let makefile = fs::read_to_string(root.join("Makefile")).expect("the Makefile");
    for entry in fs::read_dir(root.join("templates/systemd")).expect("the templates").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(entry.path()).expect("text");
        let stem = name.split('.').next().expect("a stem");
        assert!(makefile.contains(&name) || makefile.contains("templates/systemd/*"), "{name}");
        for line in text.lines().filter_map(|line| line.strip_prefix("ExecStart=@BINDIR@/motionctl ")) {
            let said = motionctl(line.split(' ').chain(["--help"]));
            assert_eq!(said.code, 0, "{line}");
        }
        assert!(text.contains(&format!("Documentation=man:{stem}(1)")), "{name}");
    }
}
