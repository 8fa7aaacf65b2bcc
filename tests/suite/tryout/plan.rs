//! `--plan`: what the script makes of Motion's file is a candidate, planned, rehearsed and applied by the usual road.

use super::{Outside, script, try_on};
use crate::support::machine::Machine;
use std::fs;

const SITE: &str = "/etc/nginx/conf.d/motion.conf";

/// A vendor's script: writes the whole file again, with its route in a file beside it, keeps a copy and reloads.
fn vendors(machine: &Machine) -> String {
    let route = "    location = /user-ui { return 302 /user-ui/; }\n    location ^~ /user-ui/ {\n        alias /var/opt/motion2/client-new/dist/;\n        index index.html;\n        try_files $uri $uri/ /user-ui/index.html;\n    }\n";
    let new =
        machine.read(SITE).replace("    # The legacy client.", &format!("{route}    # The legacy client."));
    assert!(new.contains("/user-ui/"));
    format!(
        "#!/bin/bash\nset -e\ncp -a {SITE} {SITE}.old\ncat > {SITE} <<'END'\n{new}END\nnginx -t\nsystemctl reload nginx\n"
    )
}

#[test]
fn the_scripts_file_is_planned_saved_rehearsed_and_applied_with_the_local_changes() {
    let machine = Machine::new("standalone");
    let vendors = vendors(&machine);
    let base = machine.scratch().join("base.conf");
    fs::write(&base, machine.read(SITE)).unwrap();
    machine.inside(|| {
        let local = fs::read_to_string(SITE).unwrap();
        let bridge = "    location /whatsapp-bridge/ {\n        proxy_pass http://127.0.0.1:9000/;\n    }\n\n    location /api/";
        fs::write(SITE, local.replacen("    location /api/", bridge, 1)).unwrap();
    });
    let saved = machine.scratch().join("candidate.conf").display().to_string();
    let base = base.display().to_string();
    let output = try_on(&machine, &vendors, &["--plan", "--base", &base, "--candidate-out", &saved]);
    output.expect(0, "changes-pending");
    assert!(output.json["plan"]["local_changes"].to_string().contains("/whatsapp-bridge/"), "{output}");
    assert!(output.json["plan"]["diff"]["unified"].as_str().unwrap().contains("/user-ui/"), "{output}");
    assert_eq!(output.json["details"]["try"]["candidate"]["saved"], saved);
    let rehearsed =
        machine.motionctl(&["rehearse", "--json", "--load", "20", "--base", &base, "--candidate", &saved]);
    rehearsed.expect(0, "ok");
    let applied = machine.apply(&["--base", &base, "--candidate", &saved]);
    applied.expect(0, "applied");
    assert_eq!(machine.get("/user-ui/login").status, 200);
    assert!(machine.read(SITE).contains("/whatsapp-bridge/"));
}

#[test]
fn a_file_that_it_includes_is_made_by_the_plan() {
    let machine = Machine::new("standalone");
    let text = vendors(&machine);
    let begin = text.find("    location = /user-ui").unwrap();
    let end = text.find("    # The legacy client.").unwrap();
    let (before, route, after) = (&text[..begin], &text[begin..end], &text[end..]);
    let text = format!("{before}    include /etc/nginx/motion.d/*.conf;\n{after}");
    let text = text.replacen("set -e\n", &format!("set -e\nmkdir -p /etc/nginx/motion.d\necho 'location = /user-ui/version {{ return 200; }}' > /etc/nginx/motion.d/more.conf\ncat > /etc/nginx/motion.d/user-ui.conf <<'END'\n{route}END\n"), 1);
    let plan = machine.scratch().join("plan.json").display().to_string();
    let output = try_on(&machine, &text, &["--plan", "--strategy", "replace", "--out", &plan]);
    output.expect(0, "changes-pending");
    let steps = output.json["plan"]["steps"].to_string();
    for name in ["user-ui.conf", "more.conf"] {
        assert!(steps.contains(&format!("/etc/nginx/motion.d/{name}")), "{output}");
    }
    let applied = machine.motionctl(&["apply", "--yes", "--json", &plan]);
    applied.expect(0, "applied");
    assert_eq!(machine.get("/user-ui/login").status, 200);
    assert!(machine.read("/etc/nginx/motion.d/user-ui.conf").contains("/user-ui/"));
}

#[test]
fn a_script_that_leaves_motions_file_alone_has_nothing_to_plan() {
    let machine = Machine::new("standalone");
    let output = try_on(&machine, "echo 'server {}' > /etc/nginx/conf.d/other.conf", &["--plan"]);
    output.expect(3, "refused");
    assert!(output.error().contains(SITE), "{output}");
    assert!(
        output.json["error"]["hint"].as_str().unwrap().contains("/etc/nginx/conf.d/other.conf"),
        "{output}"
    );
}

#[test]
fn a_script_that_fails_is_not_planned_as_if_it_had_not() {
    let machine = Machine::new("standalone");
    let text = vendors(&machine) + "false\n";
    let path = script(&machine, &text).display().to_string();
    let before = Outside::of(&machine);
    let output = machine.motionctl(&["try", "--json", "--plan", &path]);
    before.assert_same(&Outside::of(&machine));
    output.expect(1, "failed");
    assert!(output.error().contains("exit code 1"), "{output}");
}
