//! `--plan`: what the script makes of Motion's file is a candidate, planned, rehearsed and applied by the usual road.

use super::{Outside, script, try_on};
use crate::support::machine::{Machine, SITE};
use std::fs;

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
    machine.apply(&["--base", &base, "--candidate", &saved]).expect(0, "applied");
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
    machine.motionctl(&["apply", "--yes", "--json", &plan]).expect(0, "applied");
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
    assert!(output.error().contains("returned 1"), "{output}");
    assert!(output.error().contains("no plan is made"), "{output}");
    assert!(output.json["error"]["hint"].as_str().unwrap().contains("--candidate-out"), "{output}");
    let verdict = output.json["details"]["verdict"].as_str().unwrap();
    assert!(verdict.contains("returned 1") && !verdict.contains("did not run to its end"), "{verdict}");
    let saved = machine.scratch().join("made.conf").display().to_string();
    let output = machine.motionctl(&["try", "--json", "--plan", "--candidate-out", &saved, &path]);
    output.expect(1, "failed");
    assert!(output.error().contains(&format!("saved as {saved}")), "{output}");
    assert!(output.json["details"]["next"].to_string().contains("plan --candidate"), "{output}");
    assert!(fs::read_to_string(&saved).unwrap().contains("/user-ui/"));
}

#[test]
fn a_file_that_nobody_can_use_takes_no_good_ones_place() {
    let machine = Machine::new("standalone");
    let saved = machine.scratch().join("good.conf");
    fs::write(&saved, "good\n").unwrap();
    let out = saved.display().to_string();
    let fetch = format!("curl -s https://h.example.test/motion.conf > {SITE}\ntrue\n");
    let page = format!("echo '<html>{{ 404' > {SITE}\n");
    for (text, word) in [(&fetch, "empty"), (&page, "no NGINX configuration")] {
        let output = try_on(&machine, text, &["--candidate-out", &out]);
        output.expect(3, "refused");
        assert!(output.error().contains(word), "{output}");
        assert!(output.json["details"]["verdict"].as_str().unwrap().contains(word), "{output}");
        assert!(!output.json["details"]["next"].to_string().contains("rehearse"), "{output}");
        assert_eq!(fs::read_to_string(&saved).unwrap(), "good\n");
    }
    let output = try_on(&machine, &fetch, &[]);
    output.expect(0, "ok");
    assert!(
        output.json["details"]["verdict"].as_str().unwrap().contains("one download is missing"),
        "{output}"
    );
    try_on(&machine, &fetch, &["--plan"]).expect(3, "refused");
    let failed = try_on(&machine, &(fetch + "false\n"), &["--candidate-out", &out]);
    failed.expect(1, "failed");
    assert!(failed.error().contains("empty"), "{failed}");
    assert_eq!(fs::read_to_string(&saved).unwrap(), "good\n");
}

#[test]
fn a_plan_that_may_not_be_saved_is_shown() {
    let machine = Machine::new("standalone");
    let text = vendors(&machine).replacen(
        "        index index.html;",
        "        index index.html;\n        add_header X-Vendor-Token \"S3CRET\";",
        1,
    );
    let plan = machine.scratch().join("plan.json").display().to_string();
    let output = try_on(&machine, &text, &["--plan", "--strategy", "graft", "--out", &plan]);
    output.expect(3, "refused");
    assert!(output.error().contains("saving the plan was refused"), "{output}");
    let hint = output.json["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("--candidate-out") && !hint.contains("graft"), "{hint}");
    assert!(output.json["plan"]["diff"]["unified"].as_str().unwrap().contains("/user-ui/"), "{output}");
    assert!(output.json["details"]["try"]["changes"].is_array(), "{output}");
    assert!(!output.stdout.contains("S3CRET"), "{output}");
    assert!(!std::path::Path::new(&plan).exists());
}
