//! Every form that an old copy may have, and archives that mean harm.

use super::{carry, has, list, old_text, with_new_text};
use crate::support::binary::Server;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A folder with the old configuration as `/etc/nginx` was: the site's file, one beside it, and what it includes.
fn old_tree(server: &Server) {
    let zone = "limit_req_zone $binary_remote_addr zone=hooks:1m rate=5r/s;\n";
    let bridge = "    location /bridge/ { proxy_pass http://bridge/; limit_req zone=hooks burst=5; }\n";
    let site = old_text().replace(zone, "").replace(bridge, "    include snippets/bridge.conf;\n");
    assert!(site.contains("include snippets/bridge.conf"));
    server.write("old/etc/nginx/conf.d/motion.conf", site);
    server
        .write("old/etc/nginx/conf.d/other.conf", "server { listen 81; server_name other.example.test; }\n");
    server.write("old/etc/nginx/snippets/bridge.conf", bridge);
    server.write(
        "old/etc/nginx/nginx.conf",
        format!("events {{}}\nhttp {{\n{zone}include conf.d/*.conf;\n}}\n"),
    );
    server.write("old/etc/nginx/tls/motion.key", "not read");
}

fn pack(server: &Server, program: &str, arguments: &[&str], folder: &str) {
    let done = Command::new(program).args(arguments).current_dir(server.at(folder)).status();
    assert!(done.expect("it is installed").success(), "{program} {arguments:?}");
}

#[test]
fn a_folder_or_an_archive_brings_what_its_file_includes_and_uses() {
    let server = with_new_text();
    old_tree(&server);
    let at = |name: &str| server.at(name).display().to_string();
    pack(&server, "tar", &["czf", &at("a.tgz"), "."], "old");
    pack(&server, "tar", &["cf", &at("b.tar"), "nginx"], "old/etc");
    pack(&server, "tar", &["czf", &at("c.tar.gz"), "conf.d", "snippets", "nginx.conf"], "old/etc/nginx");
    pack(&server, "python3", &["-m", "zipfile", "-c", &at("d.zip"), "etc"], "old");
    for old in ["old", "old/etc/nginx", "a.tgz", "b.tar", "c.tar.gz", "d.zip"] {
        let planned = server.json(&["plan", "--carry", &at(old)]);
        assert_eq!(planned["exit_code"], 0, "{old}: {planned:#}");
        let rows = planned["plan"]["diff"]["unified"].to_string();
        for part in ["location /bridge/", "zone=hooks:1m", "upstream bridge"] {
            assert!(rows.contains(part), "{old}: {part} in {rows}");
        }
        assert!(!rows.contains("include snippets") && !rows.contains("other.example.test"), "{old}: {rows}");
    }
    let applied = server.json(&["apply", "--yes", "--carry", &at("a.tgz")]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let again = server.json(&["apply", "--yes", "--carry", &at("a.tgz")]);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
}

#[test]
fn an_old_file_is_found_whatever_its_name_ends_with() {
    for name in
        ["motion.conf.rpmsave", "motion.conf.dpkg-old", "motion.conf.bak", "etc/nginx/conf.d/motion.conf~"]
    {
        let server = with_new_text();
        server.write(name, old_text());
        let planned = server.json(&["plan", "--carry", &server.at(name).display().to_string()]);
        assert!(has(&list(&planned, "carried"), "location /bridge/"), "{name}: {planned:#}");
    }
    // In a folder, too, where the site's own name is not.
    let server = with_new_text();
    server.write("backup/motion.conf.rpmsave", old_text());
    server.write("backup/notes.txt", "not nginx {");
    let planned = server.json(&["plan", "--carry", &server.at("backup").display().to_string()]);
    assert!(has(&list(&planned, "carried"), "location /bridge/"), "{planned:#}");
}

#[test]
fn several_that_could_be_it_are_refused_by_name() {
    let server = with_new_text();
    server.write("two/a/motion.conf", old_text());
    server.write("two/b/motion.conf", old_text().replace("100m", "200m"));
    let refused = server.json(&["plan", "--carry", &server.at("two").display().to_string()]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    let said = refused["error"].to_string();
    assert!(said.contains("a/motion.conf") && said.contains("b/motion.conf"), "{said}");
    // The same file twice is one.
    server.write("two/b/motion.conf", old_text());
    assert_eq!(server.json(&["plan", "--carry", &server.at("two").display().to_string()])["exit_code"], 0);
}

#[test]
fn what_is_no_old_copy_is_bad_input() {
    let server = with_new_text();
    server.write("empty/readme.txt", "nothing");
    server.write("page.conf", "<html>404</html>");
    server.write("broken.conf", "server { listen 80;");
    server.write("other.conf", "location / { }");
    for name in ["empty", "page.conf", "broken.conf", "other.conf"] {
        let refused = server.json(&["plan", "--carry", &server.at(name).display().to_string()]);
        assert_eq!(refused["exit_code"], 65, "{name}: {refused:#}");
    }
    let gone = server.json(&["plan", "--carry", &server.at("nowhere").display().to_string()]);
    assert_eq!(gone["exit_code"], 69, "{gone:#}");
}

/// A hostile archive, made by a few lines of Python.
fn hostile(server: &Server, name: &str, script: &str) -> String {
    let path = server.at(name);
    let prelude = "import io, os, sys, tarfile, gzip, zipfile\nout = sys.argv[1]\n\
                   def add(t, name, data=b'', kind=tarfile.REGTYPE, link=''):\n    \
                   i = tarfile.TarInfo(name); i.size = len(data); i.type = kind; i.linkname = link\n    \
                   t.addfile(i, io.BytesIO(data))\n";
    let done = Command::new("python3").arg("-c").arg(prelude.to_owned() + script).arg(&path).status();
    assert!(done.expect("python is installed").success(), "{name}");
    path.display().to_string()
}

#[test]
fn hostile_archives_are_refused_and_write_nothing() {
    let server = with_new_text();
    let text = old_text();
    fs::write(server.at("text"), &text).expect("writing");
    let source = server.at("text").display().to_string();
    let climbing = "t = tarfile.open(out, 'w')\nadd(t, '../../../../tmp/motionctl-climbed/conf.d/motion.conf', b'server {}')\nt.close()";
    let cases = [
        ("climb.tar", climbing.to_owned()),
        (
            "climb.zip",
            "z = zipfile.ZipFile(out, 'w')\nz.writestr('../conf.d/motion.conf', 'server {}')\nz.close()".to_owned(),
        ),
        (
            "link.tar",
            "t = tarfile.open(out, 'w')\nadd(t, 'etc/nginx/conf.d/motion.conf', kind=tarfile.SYMTYPE, link='/etc/passwd')\nt.close()"
                .to_owned(),
        ),
        (
            "hard.tar",
            format!("t = tarfile.open(out, 'w')\nadd(t, 'etc/nginx/conf.d/motion.conf', kind=tarfile.LNKTYPE, link='{source}')\nt.close()"),
        ),
        (
            "bomb.tgz",
            "g = gzip.open(out, 'wb', 9)\nt = tarfile.open(fileobj=g, mode='w|')\n\
             i = tarfile.TarInfo('etc/nginx/conf.d/motion.conf'); i.size = 300 << 20\n\
             class Z(io.RawIOBase):\n    def readable(self): return True\n    def readinto(self, b):\n        \
             b[:] = bytes(len(b)); return len(b)\nt.addfile(i, Z())\nt.close(); g.close()"
                .to_owned(),
        ),
        (
            "many.tgz",
            "t = tarfile.open(out, 'w:gz', compresslevel=1)\nfor n in range(110000): add(t, 'etc/nginx/conf.d/%d' % n)\nt.close()"
                .to_owned(),
        ),
        ("cut.tgz", format!("t = tarfile.open(out, 'w:gz')\nadd(t, 'conf.d/motion.conf', open('{source}','rb').read())\nt.close()\nd = open(out,'rb').read()\nopen(out,'wb').write(d[:len(d)//2])")),
    ];
    for (name, script) in cases {
        let path = hostile(&server, name, &script);
        let before = server.state();
        let refused = server.json(&["plan", "--carry", &path]);
        assert_eq!(refused["exit_code"], 65, "{name}: {refused:#}");
        assert_eq!(server.state(), before, "{name} wrote something");
        assert!(!Path::new("/tmp/motionctl-climbed").exists(), "{name}");
        fs::remove_file(&path).expect("removing");
    }
    assert_eq!(carry_text(&server, &text), 0);
}

/// The honest archive beside the hostile ones.
fn carry_text(server: &Server, text: &str) -> i64 {
    server.write("motion.conf.old", text);
    carry(server, &["plan"], &[])["exit_code"].as_i64().expect("a number")
}
