//! Versions of relatives, and what they are asked to write.
//!
//! Invariant: a stand-in for a relative is Debian's own program behind another version line.

use crate::support::binary::fixture;
use crate::support::machine::Machine;
use crate::support::said::Said;

/// A wrapper, as root's alone, that says it is what `line` says.
fn says(machine: &Machine, folder: &str, line: &str) -> String {
    let program = format!("{folder}/nginx");
    let script = format!(
        "mkdir -p {folder} && printf '%s\\n' '#!/bin/sh' \
         'if [ \"$1\" = -V ]; then /usr/sbin/nginx -V 2>&1 | sed \"1s#.*#{line}#\" >&2; exit; fi' \
         'exec /usr/sbin/nginx \"$@\"' >{program} && chmod 755 {program}"
    );
    machine.must(&script);
    program
}

/// A tree with `listen … ssl http2`, which is how it is spelled before nginx 1.25.1.
fn tree(machine: &Machine) -> String {
    let path = machine.scratch().join("tree");
    machine.must(&format!(
        "cp -a {} {tree} && sed -i 's/listen 443 ssl;/listen 443 ssl http2;/' {tree}/etc/nginx/conf.d/motion.conf",
        fixture("standalone").display(),
        tree = path.display()
    ));
    path.display().to_string()
}

fn nginx(done: &Said) -> &str {
    done.json["host"]["nginx"].as_str().unwrap_or_default()
}

#[test]
fn tengine_s_own_number_is_not_nginx_s() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin");
    let line = "Tengine version: Tengine/3.0.0\\nnginx version: nginx/1.22.1";
    // Once first on the search path, and once named.
    let on_path = says(&machine, "/usr/local/sbin", line);
    let tree = tree(&machine);
    for named in [&[][..], &["--nginx", &on_path]] {
        let road = ["rehearse", "--root", &tree, "--strategy", "replace", "--load", "60", "--json"];
        let done = machine.motionctl(&[&road, named].concat());
        assert_eq!(nginx(&done), "1.22.1", "{done}");
        let said = &done.finding("nginx.relative").expect("it is named")["evidence"];
        assert!(said.to_string().contains("Tengine/3.0.0 (nginx 1.22.1)"), "{said}");
        let diff = done.json["plan"]["diff"]["unified"].as_str().unwrap_or_default();
        assert!(!diff.contains("http2 on;"), "{diff}");
        if named.is_empty() {
            done.expect(0, "ok");
        }
    }
}

#[test]
fn angie_s_core_decides_how_http2_is_spelled() {
    let machine = Machine::stopped("standalone", |_| ());
    let tree = tree(&machine);
    for (line, version, directive) in [
        ("Angie version: Angie/1.13.0\\nnginx version: nginx/1.31.2", "1.31.2", true),
        ("Angie version: Angie/1.2.0\\nnginx version: nginx/1.25.0", "1.25.0", false),
        ("nginx version: openresty/1.25.3.1", "1.25.3", true),
        ("freenginx version: freenginx/1.27.4", "1.27.4", true),
    ] {
        let program = says(&machine, "/var/opt/relative", line);
        let done = machine.motionctl(&["check", "--no-db", "--json", "--root", &tree, "--nginx", &program]);
        assert_eq!(nginx(&done), version, "{done}");
        assert!(done.finding("nginx.relative").is_some(), "{done}");
        let road =
            ["plan", "--no-db", "--json", "--root", &tree, "--strategy", "replace", "--nginx", &program];
        let done = machine.motionctl(&road);
        // The program behind the line is older than some of them, and refuses what is right for those.
        let refused = done.error().contains("unknown directive \"http2\"");
        assert_eq!(refused, directive, "{line}: {done}");
    }
}

#[test]
fn a_name_that_nobody_knows_is_named_and_refused() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin");
    let program = says(&machine, "/usr/local/sbin", "nginx version: Sparrow/1.22.1");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(69, "unavailable");
    assert!(done.error().contains("Sparrow/1.22.1"), "{done}");
    assert_eq!(done.finding("nginx.relative").expect("the finding")["level"], "stop");
    // Whoever names it has the last word.
    machine.motionctl(&["check", "--json", "--nginx", &program]).expect(0, "changes-pending");
}
