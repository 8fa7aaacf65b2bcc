//! What a server's `error_page` makes of the new client's missing files, before and after the change.
//!
//! Invariant: what is said is held against the answer of a real NGINX on the tree that the change made.

use crate::support::binary::{SITE, Server, codes, finding};
use crate::support::nginx::Nginx;

const CLIENT: &str = "/var/opt/motion2/client-new/dist";

/// A server that is a single page application itself.
fn site(pages: &str) -> String {
    format!(
        "server {{ listen 80; server_name cc.example.test; root /var/opt/motion2/client/dist;\n{pages}\n\
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location /socket.io/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location @spa {{ return 200 legacy; }}\n\
         location = /index.html {{ return 200 legacy; }}\n\
         location / {{ try_files $uri /index.html; }} }}\n"
    )
}

fn serving(server: &Server, http: &str) -> Nginx {
    let text = server.read(SITE);
    let text = text.replace("/var/opt/", &format!("{}/var/opt/", server.path().display()));
    Nginx::serving(|place| {
        format!("{http}\n{}", text.replace("listen 80;", &format!("listen {};", place.listen(0))))
    })
}

#[test]
fn a_missing_file_of_the_new_client_stays_missing() {
    for pages in [
        "error_page 404 =200 /index.html; error_page 403 /index.html; proxy_intercept_errors on;",
        "error_page 404 = /index.html;",
        "error_page 404 = @spa;",
        "error_page 403 404 500 =200 /index.html;",
        "error_page 404 https://www.example.test/;",
        "error_page 404 =200 /index.html; recursive_error_pages on;",
        "error_page 404 =200 \"/index.html\"; error_page 500 502 /index.html;",
    ] {
        let server = Server::with_site(&site(pages));
        for command in ["check", "plan"] {
            let said = server.json(&[command]);
            assert_eq!(said["exit_code"], 0, "{pages}: {said:#}");
            let warned = finding(&said, "routes.error-page");
            assert_eq!(warned["level"], "warn");
            assert!(
                warned["evidence"].to_string().contains("motion.conf:2:1: error_page"),
                "{pages}: {warned}"
            );
        }
        let before = serving(&server, "").get("/user-ui/nope.js").status;
        assert_ne!(before, 404, "{pages}: the server does what is said of it");
        assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 0, "{pages}");
        let nginx = serving(&server, "");
        for (uri, status) in [
            ("/user-ui/nope.js", 404),
            ("/user-ui/.git/config", 404),
            ("/user-ui/login", 200),
            ("/user-ui/main.3f2a9c1b.js", 200),
        ] {
            assert_eq!(nginx.get(uri).status, status, "{pages}: {uri}");
        }
        assert!(!nginx.get("/user-ui/nope.js").text().contains("legacy"), "{pages}");
        assert!(!codes(&server.json(&["check"])).contains(&"routes.error-page".to_owned()), "{pages}");
        assert_eq!(server.json(&["plan", "--detailed-exitcode"])["exit_code"], 0, "{pages}: once is enough");
    }
}

#[test]
fn the_server_s_other_error_pages_go_on() {
    let pages = "error_page 404 500 =200 /index.html; error_page 403 =418 @spa;";
    let server = Server::with_site(&site(pages));
    assert_eq!(server.json(&["apply", "--yes", "--strategy", "graft"])["exit_code"], 0);
    let text = server.read(SITE);
    assert!(text.contains("    error_page 500 =200 /index.html;\n"), "{text}");
    assert!(text.contains("    error_page 403 =418 @spa;\n"), "{text}");
    let file = "var/opt/motion2/client-new/dist/closed.js";
    server.write(file, "closed");
    std::fs::set_permissions(server.at(file), std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .expect("closing");
    assert_eq!(serving(&server, "").get("/user-ui/nope.js").status, 404);
}

#[test]
fn a_page_that_keeps_the_status_is_nothing_to_speak_of() {
    for pages in
        ["", "error_page 404 /404.html;", "error_page 500 502 =200 /index.html;", "error_page 404 =410 @spa;"]
    {
        let server = Server::with_site(&site(pages));
        assert!(!codes(&server.json(&["check"])).contains(&"routes.error-page".to_owned()), "{pages}");
        assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 0, "{pages}");
        assert!(!server.read(SITE).contains("@user-ui-missing"), "only where it is needed: {pages}");
    }
}

#[test]
fn an_error_page_around_all_servers_counts_where_the_block_has_none() {
    let server = Server::with_site(&site(""));
    server.replace("etc/nginx/nginx.conf", "http {", "http {\n    error_page 404 =200 /index.html;");
    let warned = server.json(&["check"]);
    assert!(
        finding(&warned, "routes.error-page")["evidence"].to_string().contains("nginx.conf:"),
        "{warned:#}"
    );
    for strategy in ["graft", "merge"] {
        let server = Server::with_site(&site(""));
        server.replace("etc/nginx/nginx.conf", "http {", "http {\n    error_page 404 =200 /index.html;");
        let applied = server.json(&["apply", "--yes", "--strategy", strategy]);
        if strategy == "graft" {
            assert_eq!(applied["exit_code"], 0, "{applied:#}");
            let nginx = serving(&server, "error_page 404 =200 /index.html;");
            assert_eq!(nginx.get("/user-ui/nope.js").status, 404, "{strategy}");
        }
    }
    // The block's own set replaces the outer one whole.
    let own = Server::with_site(&site("error_page 500 /index.html;"));
    own.replace("etc/nginx/nginx.conf", "http {", "http {\n    error_page 404 =200 /index.html;");
    assert!(!codes(&own.json(&["check"])).contains(&"routes.error-page".to_owned()));
}

#[test]
fn a_location_of_somebody_else_is_only_spoken_of() {
    let pages = "error_page 404 =200 /index.html;";
    let own = format!("location ^~ /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}");
    let migrated = Server::with_site(&site(&format!("{pages}\n{own}"))).json(&["check"]);
    assert_eq!(migrated["outcome"], "up-to-date", "{migrated:#}");
    assert_eq!(finding(&migrated, "routes.error-page")["level"], "warn");
    let reset = own.replace("{ alias", "{ error_page 404 =404 @gone; alias");
    let reset = site(&format!("{pages}\n{reset}\nlocation @gone {{ return 404; }}"));
    assert!(!codes(&Server::with_site(&reset).json(&["check"])).contains(&"routes.error-page".to_owned()));
    // A process of its own answers for its files, unless NGINX is told to look at its answers.
    let proxied = |more: &str| {
        let own = "location ^~ /user-ui/ { proxy_pass http://127.0.0.1:9001; }";
        let server = Server::with_site(&site(&format!("{pages}\n{more}\n{own}")));
        codes(&server.json(&["check", "--new-client-upstream", "http://127.0.0.1:9001"]))
    };
    assert!(!proxied("").contains(&"routes.error-page".to_owned()));
    assert!(proxied("proxy_intercept_errors on;").contains(&"routes.error-page".to_owned()));
}

#[test]
fn a_process_of_its_own_keeps_its_answers() {
    let server = Server::with_site(&site("error_page 404 =200 /index.html; proxy_intercept_errors on;"));
    let upstream = ["--new-client-upstream", "http://127.0.0.1:9001"];
    let applied = server.json(&[&["apply", "--yes"][..], &upstream].concat());
    assert_eq!(applied["exit_code"], 0, "{applied:#}");
    assert!(server.read(SITE).contains("proxy_intercept_errors off;"));
    assert!(
        !codes(&server.json(&[&["check"][..], &upstream].concat())).contains(&"routes.error-page".to_owned())
    );
}
