//! Screens of commands that look and change nothing.

use super::stage::{Stage, on_each_width};

const SITE: &str = "tree/etc/nginx/conf.d/motion.conf";
const ROOT: [&str; 2] = ["--root", "tree"];

/// A command on the tree.
fn with_root<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &ROOT].concat()
}

#[test]
fn a_server_that_is_ready() {
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        stage.show(0, "check", &with_root(&["check"]));
        stage.show(0, "check everything", &with_root(&["check", "-v"]));
        stage.show(0, "plan", &with_root(&["plan", "--out", "motion.plan"]));
        stage.show(0, "status", &with_root(&["status"]));
        stage.show(0, "rehearse", &with_root(&["rehearse"]));
        stage.show(0, "routes", &with_root(&["routes"]));
        stage.show(0, "report", &with_root(&["report", "--out", "report.html"]));
        stage.show(0, "collect", &with_root(&["collect", "server.tar.gz"]));
    });
}

#[test]
fn a_server_that_needs_nothing() {
    on_each_width(|stage: &Stage| {
        stage.tree("already-migrated");
        stage.show(0, "check migrated", &with_root(&["check"]));
        stage.show(0, "plan migrated", &with_root(&["plan"]));
    });
}

#[test]
fn servers_that_stop_it() {
    on_each_width(|stage: &Stage| {
        stage.tree("broken");
        stage.show(65, "plan broken", &with_root(&["plan"]));
        stage.tree("no-motion");
        stage.show(69, "check no-motion", &with_root(&["check"]));
        stage.tree("dead-upstream");
        stage.show(0, "check dead-upstream", &with_root(&["check"]));
        stage.tree("standalone");
        stage.write("tree/etc/haproxy/haproxy.cfg", "backend motion\n    server cc 127.0.0.1:9000\n");
        stage.write("tree/etc/corosync/corosync.conf", "totem { }\n");
        stage.show(3, "check cluster", &with_root(&["check"]));
        stage.show(3, "apply refused", &with_root(&["apply", "--yes"]));
        stage.show(69, "plan mistyped", &with_root(&["plan", "--site", "motion.conf"]));
    });
}

#[test]
fn another_file_is_merged_with_this_one() {
    const CANDIDATE: &str = "tree/vendor.conf";
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        std::fs::copy(stage.at(SITE), stage.at(CANDIDATE)).expect("copying");
        std::fs::copy(stage.at(SITE), stage.at("base.conf")).expect("copying");
        stage.replace(CANDIDATE, "client_max_body_size 80m", "client_max_body_size 64m");
        stage.replace(CANDIDATE, "proxy_read_timeout 300s;", "proxy_read_timeout 900s;\n\tgzip on;");
        let client = "location /user-ui/ {\n\t\talias /var/opt/motion2/client-new/dist/;\n\t\ttry_files $uri /user-ui/index.html;\n\t}\n\tlocation = /healthz {";
        stage.replace(CANDIDATE, "location = /healthz {", client);
        stage.show(0, "plan offered", &with_root(&["plan", "--candidate", CANDIDATE]));
        stage.replace("base.conf", "client_max_body_size 80m", "client_max_body_size 20m");
        let merge = ["plan", "--candidate", CANDIDATE, "--base", "base.conf"];
        stage.show(3, "plan conflict", &with_root(&merge));
        stage.replace(CANDIDATE, "client_max_body_size 64m", "client_max_body_size 20m");
        stage.show(0, "plan merged", &with_root(&merge));
    });
}

#[test]
fn two_configurations_are_compared() {
    on_each_width(|stage: &Stage| {
        stage.tree("standalone");
        std::fs::rename(stage.at("tree"), stage.at("old")).expect("renaming");
        stage.tree("customised");
        stage.silently(&with_root(&["apply", "--yes"]));
        stage.show(2, "diff", &["diff", "old", "tree"]);
        stage.show(2, "diff all", &["diff", "--all", "old", "tree"]);
        stage.show(2, "diff lines", &["diff", "--lines", "old/etc/nginx", "tree/etc/nginx"]);
        stage.show(0, "diff same", &["diff", "tree", "tree"]);
    });
}

#[test]
fn the_vendor_s_text_is_found_in_several_servers() {
    on_each_width(|stage: &Stage| {
        stage.tree("standalone");
        std::fs::rename(stage.at("tree"), stage.at("one")).expect("renaming");
        stage.tree("customised");
        stage.show(0, "base learn", &["base", "learn", "one", "tree", "--out", "base.conf"]);
    });
}

#[test]
fn words_and_pages() {
    on_each_width(|stage: &Stage| {
        stage.show(0, "explain", &["explain"]);
        stage.show(0, "explain one", &["explain", "site.managed-elsewhere"]);
        stage.show(0, "explain exit", &["explain", "5"]);
        std::fs::create_dir(stage.at("pages")).expect("a folder");
        stage.show(0, "man", &["man", "pages"]);
    });
}

#[test]
fn a_script_of_the_vendor_is_tried() {
    on_each_width(|stage: &Stage| {
        stage.tree("standalone");
        stage.write(
            "vendor.sh",
            "#!/bin/sh\nset -e\ncurl -fsSL https://downloads.example.test/motion-new-client-with-a-long-name.tar.gz -o /tmp/c.tgz || true\n\
             echo '# new' >>/etc/nginx/conf.d/motion.conf\nsystemctl reload nginx\n\
             echo 'a line of the script that is rather long, so that it does not fit on a narrow terminal at all'\n",
        );
        stage.show(0, "try", &with_root(&["try", "vendor.sh"]));
    });
}
