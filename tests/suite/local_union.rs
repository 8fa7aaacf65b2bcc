//! An update where no text of the vendor's is known: both files are put together, and nothing of the customer's is
//! lost in silence. On copied trees.

use crate::local_changes::apply;
use crate::support::binary::{SITE, Server, finding, has};

/// The server as an update of `vendor` leaves it after `old` had become `new` and a run without a base.
fn overwritten(old: &str, new: &str) -> (Server, String) {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    server.replace(SITE, old, new);
    apply(&server, &["--strategy", "graft"]);
    let left = server.read(SITE);
    server.write(SITE, &vendor);
    (server, left)
}

#[test]
fn an_upstream_of_the_customer_comes_back_with_what_leads_to_it() {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    let own = vendor.replace("http://127.0.0.1:9000", "http://node");
    server.write(SITE, format!("upstream node {{\n    server 127.0.0.1:9000;\n}}\n{own}"));
    apply(&server, &["--strategy", "graft"]);
    server.write(SITE, vendor);
    apply(&server, &[]);
    assert_eq!(server.read(SITE).matches("proxy_pass http://node;").count(), 3, "{}", server.read(SITE));
}

#[test]
fn facts_of_today_stay_the_update_s_and_both_versions_are_named() {
    let (server, _) = overwritten("/etc/nginx/tls/motion.crt", "/etc/letsencrypt/live/cc/fullchain.pem");
    let planned = server.json(&["plan"]);
    let evidence = finding(&planned, "merge.kept-update")["evidence"].to_string();
    assert!(evidence.contains("motion.crt") && evidence.contains("fullchain.pem"), "{evidence}");
    let said = server.json(&["status"])["details"]["verdict"].to_string();
    assert!(said.contains("certificates or addresses are the update's now"), "{said}");
    apply(&server, &[]);
    has(&server, &["/etc/nginx/tls/motion.crt"]);
}

#[test]
fn what_had_been_removed_is_said_to_be_unknown() {
    let (server, _) = overwritten("    ssl_protocols TLSv1.2 TLSv1.3;\n", "");
    let said = server.json(&["status"])["details"]["verdict"].to_string();
    assert!(said.contains("what had been removed is there again"), "{said}");
}

#[test]
fn without_a_known_base_nothing_is_lost_in_a_block_or_a_line_that_the_update_also_has() {
    let redirect = "    return 301 https://$host$request_uri;";
    let acme = "    location /.well-known/acme-challenge/ {\n        root /var/www/acme;\n    }\n";
    let upstream = "upstream node {\n    server 127.0.0.1:9000;\n}\n\nserver {\n    listen 80;";
    for (old, new, named) in [
        (redirect, format!("{acme}{redirect}"), "location /.well-known/acme-challenge/"),
        (redirect, redirect.replace("301", "308"), "return 308"),
        ("server_name cc.example.test;", "server_name cc.example.test old.test;".to_owned(), "server_name"),
        ("location /api/", "location ^~ /api/".to_owned(), "location ^~ /api/"),
        (
            "http://127.0.0.1:9000;\n        proxy_read",
            "http://127.0.0.1:9100;\n        proxy_read".to_owned(),
            ":9100",
        ),
        (
            "http://127.0.0.1:9000;\n        proxy_read",
            "http://127.0.0.1:9000/v2/;\n        proxy_read".to_owned(),
            "/v2/",
        ),
        (
            "    location /api/",
            "    # Ticket 4711.\n    location /api/".to_owned(),
            "comments of location /api/",
        ),
        ("server {\n    listen 80;", upstream.to_owned(), "upstream node"),
    ] {
        let (server, left) = overwritten(old, &new);
        let status = server.json(&["status"]);
        let missing = status["details"]["missing_changes"].to_string();
        assert!(missing.contains(named), "{named}: {status:#}");
        let count = status["details"]["missing_changes"].as_array().expect("a list").len();
        let applied = apply(&server, &[]);
        let carried = applied["plan"]["local_changes"]["carried"].as_array().expect("a list");
        assert!(carried.len() == count && applied["plan"].to_string().contains(named), "{applied:#}");
        assert!(server.read(SITE).contains(new.as_str()), "{named}: {left}");
        // The next update takes it again, and it comes back again: nothing was sealed.
        server.write(SITE, overwritten("listen 80;", "listen 80 ;").0.read(SITE));
        apply(&server, &[]);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&server.read(SITE)).contains(&words(&new)), "{named}: {}", server.read(SITE));
        let listed = server.json(&["local", "list"])["details"]["changes"].clone();
        assert_eq!(
            listed.as_array().map(Vec::len),
            Some(count),
            "status and `local list` count alike: {named}: {missing}: {listed:#}"
        );
    }
}
