//! Owns a small real nginx site in a temporary folder, and what a sandbox has
//! to know of it; nothing of the host's own nginx is in it but the program.

use super::binary::{copy_to, write_program};
use motionctl::host::sandbox::{Launcher, Program, Shadow, Spec};
use motionctl::host::trust::Executable;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Debian's uid of `www-data`; only a stranger to root is needed.
pub const STRANGER: u32 = 33;

pub fn launcher() -> Launcher {
    Launcher { exe: env!("CARGO_BIN_EXE_motionctl").into(), ..Launcher::default() }
}

/// A launcher whose child is started by a shell script; `$CHILD` is the binary.
pub fn launcher_through(folder: &Path, script: &str) -> Launcher {
    let child = folder.join("motionctl");
    copy_to(&child);
    let exe = folder.join("start");
    write_program(&exe, format!("#!/bin/sh\nCHILD='{}'\n{script}\n", child.display()));
    Launcher { exe, ..Launcher::default() }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What Debian's nginx writes to without being told.
pub fn debian_shadows() -> Vec<Shadow> {
    let files = ["/var/log/nginx/error.log", "/var/log/nginx/access.log", "/run/nginx.pid"].map(Shadow::file);
    let folders = ["body", "proxy", "fastcgi", "uwsgi", "scgi"];
    files.into_iter().chain(folders.map(|name| Shadow::folder(format!("/var/lib/nginx/{name}")))).collect()
}

pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A program of this machine.
pub fn program<A: Into<String>>(path: &str, args: impl IntoIterator<Item = A>) -> Program {
    let executable = Executable::open(Path::new(path));
    Program::new(&executable.unwrap_or_else(|distrust| panic!("{path}: {distrust}")), args)
}

pub fn shell(script: &str) -> Program {
    program("/bin/sh", ["-c", script])
}

/// A configuration that opens, creates and chowns all that nginx can.
pub struct Site {
    pub folder: TempDir,
    pub spec: Spec,
}

impl Site {
    pub fn new(server: &str) -> Self {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        for name in ["logs", "temp", "temp/body"] {
            fs::create_dir(at(name)).unwrap();
        }
        for name in ["logs/access.log", "logs/error.log", "nginx.pid"] {
            fs::write(at(name), b"").unwrap();
        }
        chown(at("logs/access.log"), Some(STRANGER), Some(STRANGER)).unwrap();
        let root = folder.path().display();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| {
                let name = if *kind == "client_body" { "body" } else { kind };
                format!("  {kind}_temp_path {root}/temp/{name};\n")
            })
            .collect();
        let text = format!(
            "user www-data;\npid {root}/nginx.pid;\nerror_log {root}/logs/error.log;\nevents {{}}\nhttp {{\n{temp}  \
             access_log {root}/logs/access.log;\n  server {{\n    {server}\n  }}\n}}\n"
        );
        fs::write(at("nginx.conf"), text.replace("@", &root.to_string())).unwrap();
        let mut spec = Spec::live();
        spec.shadows =
            ["logs/access.log", "logs/error.log", "nginx.pid"].map(|name| Shadow::file(at(name))).into();
        spec.shadows.extend(
            ["body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| Shadow::folder(at("temp").join(name))),
        );
        spec.shadows.extend(["/var/log/nginx/error.log", "/var/log/nginx/access.log"].map(Shadow::file));
        Self { folder, spec }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn test(&self) -> Program {
        let conf = self.path("nginx.conf").display().to_string();
        program("/usr/sbin/nginx", ["-t", "-c", &conf])
    }
}

/// The processes whose command line contains `word`.
pub fn processes(word: &str) -> Vec<i32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).replace('\0', " ").contains(word).then_some(pid)
    })
    .collect()
}
