//! Replacing Motion's part of a file: the vendor's text, this server's names, and other applications left alone.
//!
//! Invariant: every tree and every candidate is one that NGINX accepts; what comes of it is rehearsed on a running
//! NGINX, or compared byte for byte.

use super::vendor::{BRIDGE, Files, ROUTE, TLS, block, list, redirect};
use crate::support::binary::{SITE, Server, finding};

/// The site's file after an `apply --strategy replace`, which a rehearsal found good before.
fn replaced(files: &Files) -> String {
    let rehearsed = files.run(&["rehearse", "--strategy", "replace"], &[]);
    assert_eq!(rehearsed["exit_code"], 0, "{rehearsed:#}");
    let applied = files.run(&["apply", "--yes", "--strategy", "replace"], &[]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    files.server.read(SITE)
}

/// A live file and the vendor's, which brings the route only.
fn against(live: &str, candidate: &str) -> Files {
    Files::new(live, &candidate.replace(ROUTE, ""), candidate)
}

/// Another application's block, as its admin would write it.
fn shop(listen: &str, more: &str) -> String {
    let tls = if listen.contains("ssl") { TLS } else { "" };
    format!(
        "# the shop\nserver {{\n    listen {listen};\n    server_name shop.example.test;\n    {tls}\n    {more}\n    \
         location / {{ proxy_pass http://shop_app; }}\n}}\n"
    )
}

const SHOP_APP: &str = "upstream shop_app { server 127.0.0.1:3000; }\n";

#[test]
fn the_vendors_file_gets_the_names_of_this_server_and_nothing_else() {
    let names = "cc.example.test agents.example.test";
    for placeholder in ["_", "localhost", "motion.example.com", "\"\""] {
        let live = redirect(names) + &block("443 ssl", names, "100m", BRIDGE);
        let candidate = redirect(placeholder) + &block("443 ssl", placeholder, "20m", ROUTE);
        let files = against(&live, &candidate);
        let planned = files.plan(&["--strategy", "replace"]);
        assert_eq!(planned["exit_code"], 0, "{placeholder}: {planned:#}");
        assert!(list(&planned, "dropped").contains(&"location /whatsapp/messages".to_owned()), "{planned:#}");
        let wanted = redirect(names) + &block("443 ssl", names, "20m", ROUTE);
        assert_eq!(replaced(&files), wanted, "{placeholder}");
    }
}

#[test]
fn a_vendors_block_without_any_name_gets_one_as_well() {
    let nameless = |text: &str| text.replace("    server_name cc.example.test;\n", "");
    let live = block("443 ssl", "cc.example.test", "20m", "");
    let files = against(&live, &nameless(&block("443 ssl", "cc.example.test", "20m", ROUTE)));
    assert_eq!(replaced(&files), block("443 ssl", "cc.example.test", "20m", ROUTE));
}

#[test]
fn a_name_that_the_vendor_wrote_down_is_not_overruled() {
    let live = block("443 ssl", "cc.example.test", "20m", "");
    let written = block("443 ssl", "calls.customer.test.example.net", "20m", ROUTE);
    let planned = against(&live, &written.replace(".example.net", ".de")).plan(&["--strategy", "replace"]);
    let diff = planned["plan"]["diff"]["unified"].as_str().expect("a text");
    assert!(diff.contains("+    server_name calls.customer.test.de;"), "{diff}");
}

#[test]
fn each_block_gets_the_names_that_are_asked_for_at_its_port() {
    let live =
        block("443 ssl", "cc.example.test", "20m", "") + &block("8443 ssl", "inside.example.test", "20m", "");
    let candidate = block("443 ssl", "_", "20m", ROUTE) + &block("8443 ssl", "_", "20m", ROUTE);
    let site = replaced(&against(&live, &candidate));
    let wanted = block("443 ssl", "cc.example.test", "20m", ROUTE)
        + &block("8443 ssl", "inside.example.test", "20m", ROUTE);
    assert_eq!(site, wanted);
    // Where the vendor has one block for both, it answers to both.
    let candidate = block("443 ssl; listen 8443 ssl", "_", "20m", ROUTE);
    let site = replaced(&against(&live, &candidate));
    assert_eq!(site, candidate.replace("_;", "cc.example.test inside.example.test;"));
}

#[test]
fn a_replacement_answers_to_motion_s_name_beside_another_default_server() {
    let server = Server::copy("standalone");
    let shop = "server { listen 443 ssl default_server; server_name shop.example.org;\n\
        ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;\n\
        location / { proxy_pass http://127.0.0.1:8080; } }\n";
    server.write("etc/nginx/conf.d/000-shop.conf", shop);
    let candidate = server.at("candidate.conf");
    let vendors = server.read(SITE).replace(
        "    location /api/",
        "    location ^~ /user-ui/ { alias /var/opt/motion2/client-new/dist/; try_files $uri /user-ui/index.html; }\n    location /api/",
    );
    let plan = |name: &str| {
        std::fs::write(&candidate, vendors.replace("cc.example.test", name)).expect("writing");
        server.json(&["plan", "--strategy", "replace", "--candidate", candidate.to_str().expect("text")])
    };
    let planned = plan("_");
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    assert!(list(&planned, "carried").contains(&"server_name cc.example.test".to_owned()), "{planned:#}");
    // A name that says something is the vendor's own word: Motion's would be lost.
    let refused = plan("calls.vendor.org");
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    let evidence = finding(&refused, "routes.elsewhere")["evidence"].to_string();
    let line = "cc.example.test would be answered by the block at /etc/nginx/conf.d/000-shop.conf";
    assert!(evidence.contains(line), "{evidence}");
}

#[test]
fn other_applications_stay_with_what_they_use() {
    let live = format!(
        "{SHOP_APP}limit_req_zone $binary_remote_addr zone=shop:1m rate=50r/s;\n{}{}{}",
        shop("443 ssl default_server", "limit_req zone=shop burst=50;"),
        block("443 ssl", "cc.example.test", "100m", BRIDGE),
        "server {\n    listen 8080 default_server;\n    return 404;\n}\n",
    );
    let candidate = block("443 ssl", "_", "20m", ROUTE);
    let files = against(&live, &candidate);
    let planned = files.plan(&["--strategy", "replace"]);
    let (dropped, carried) = (list(&planned, "dropped"), list(&planned, "carried"));
    assert_eq!(dropped, ["client_max_body_size 100m", "location /whatsapp/messages"], "{planned:#}");
    for kept in ["server shop.example.test:443", "upstream shop_app", "server_name cc.example.test"] {
        assert!(carried.iter().any(|row| row == kept), "{kept}: {carried:?}");
    }
    let site = replaced(&files);
    let at = |text: &str| site.find(text).unwrap_or_else(|| panic!("{text}: {site}"));
    let order = ["upstream shop_app", "# the shop", "server_name cc.example.test", "listen 8080"].map(at);
    assert!(order.is_sorted(), "{site}");
    assert!(site.contains("zone=shop:1m") && !site.contains("/whatsapp"), "{site}");
}

#[test]
fn the_template_replaces_no_other_application_either() {
    let live = SHOP_APP.to_owned() + &block("443 ssl", "cc.example.test", "20m", "") + &shop("443 ssl", "");
    let server = Server::with_site(&live);
    let planned = server.json(&["plan", "--strategy", "replace"]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    assert!(list(&planned, "carried").contains(&"server shop.example.test:443".to_owned()), "{planned:#}");
}

#[test]
fn a_file_with_everything_in_it_keeps_its_other_applications() {
    let server = Server::copy("standalone");
    let main = server.read("etc/nginx/nginx.conf");
    let head = main.split("include /etc/nginx/conf.d").next().expect("a head").to_owned();
    let whole = |blocks: &str| format!("{head}\n{blocks}\n}}\n");
    std::fs::remove_file(server.at(SITE)).expect("removing");
    let live = SHOP_APP.to_owned() + &shop("8080", "") + &block("80", "cc.example.test", "20m", "");
    server.write("etc/nginx/nginx.conf", whole(&live));
    let candidate = server.at("candidate.conf");
    std::fs::write(&candidate, whole(&block("80", "_", "20m", ROUTE))).expect("writing");
    let road = ["--strategy", "replace", "--candidate", candidate.to_str().expect("text")];
    let rehearsed = server.json(&[&["rehearse"], &road[..]].concat());
    assert_eq!(rehearsed["exit_code"], 0, "{rehearsed:#}");
    let carried = list(&rehearsed, "carried");
    assert!(carried.contains(&"server shop.example.test:8080".to_owned()), "{carried:?}");
}

#[test]
fn what_another_application_needs_in_another_meaning_stops_the_replacement() {
    let live = SHOP_APP.to_owned() + &block("443 ssl", "cc.example.test", "20m", "") + &shop("443 ssl", "");
    let other = SHOP_APP.replace("3000", "9000") + &block("443 ssl", "_", "20m", ROUTE);
    let refused = against(&live, &other).plan(&["--strategy", "replace"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.contains("motion.conf:1:1: upstream shop_app"), "{message}");
    // The same meaning in other white space is no conflict.
    let same = SHOP_APP.replace("{ ", "{\n    ") + &block("443 ssl", "_", "20m", ROUTE);
    assert_eq!(against(&live, &same).plan(&["--strategy", "replace"])["exit_code"], 0);
}

#[test]
fn another_application_that_would_not_be_reached_any_more_is_a_stop() {
    let live = SHOP_APP.to_owned() + &shop("80", "") + &block("80", "cc.example.test", "20m", "");
    let takes = block("80", "shop.example.test cc.example.test", "20m", ROUTE);
    // Behind an `include` of the replaced file it goes out with that file.
    let included = "include /etc/nginx/shop.conf;\n".to_owned() + &block("80", "cc.example.test", "20m", "");
    for (live, candidate, instead) in [
        (
            block("80", "cc.example.test", "20m", "")
                + &live.replace(&block("80", "cc.example.test", "20m", ""), ""),
            takes,
            "would be answered by the block at /etc/nginx/conf.d/motion.conf",
        ),
        (included, block("8080; listen 80", "_", "20m", ROUTE), "would be answered by the block at"),
    ] {
        let files = against(&live, &candidate);
        files.server.write("etc/nginx/shop.conf", SHOP_APP.to_owned() + &shop("80", ""));
        let planned = files.plan(&["--strategy", "replace"]);
        let found = finding(&planned, "site.others-lost");
        assert_eq!(found["level"], "stop", "{planned:#}");
        let evidence = found["evidence"].to_string();
        assert!(evidence.contains("shop.example.test") && evidence.contains(instead), "{evidence}");
        let refused = files.run(&["apply", "--yes", "--strategy", "replace"], &[]);
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        assert_eq!(files.server.read(SITE), live, "a refusal changes nothing");
    }
}

#[test]
fn a_certificate_that_only_the_vendor_has_is_this_server_s() {
    let live = block("443 ssl", "cc.example.test", "20m", "");
    let theirs = block("443 ssl", "_", "20m", ROUTE).replace("/etc/nginx/tls/motion", "/etc/vendor/server");
    let site = replaced(&against(&live, &theirs));
    assert!(
        site.contains("ssl_certificate /etc/nginx/tls/motion.crt;") && !site.contains("/etc/vendor"),
        "{site}"
    );
    // One that is there was put there for it.
    let files = against(&live, &theirs);
    for end in ["crt", "key"] {
        let text = files.server.read(&format!("etc/nginx/tls/motion.{end}"));
        std::fs::create_dir_all(files.server.at("etc/vendor")).expect("a folder");
        files.server.write(&format!("etc/vendor/server.{end}"), text);
    }
    let site = replaced(&files);
    assert!(site.contains("ssl_certificate /etc/vendor/server.crt;"), "{site}");
}
