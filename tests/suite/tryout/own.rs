//! What only looks like something that a script made: copies of what stood there, and what NGINX makes when it is tested.

use super::tree::try_in;
use crate::support::binary::{SITE, Server};

/// The change at a path.
fn at<'v>(answer: &'v serde_json::Value, path: &str) -> Option<&'v serde_json::Value> {
    answer["details"]["try"]["changes"].as_array()?.iter().find(|change| change["path"] == path)
}

#[test]
fn the_script_s_own_backup_is_told_as_a_copy_of_what_stood_there() {
    let server = Server::copy("standalone");
    server.write("etc/nginx/tls/chain.pem.txt", "a file that NGINX does not read\n");
    let site = format!("/{SITE}");
    let tried = try_in(
        &server,
        &format!(
            "cp -p {site} {site}.bak-2026-01-02\ncp -a /etc/nginx /root/nginx-old\n\
             mv {site} /root/moved\nprintf '# by the vendor\\n' > {site}\ncp {site} /root/of-the-new-one\n"
        ),
        &[],
    );
    let copies = [
        (format!("{site}.bak-2026-01-02"), &site[..]),
        ("/root/nginx-old/conf.d/motion.conf".to_owned(), &site),
        ("/root/nginx-old/nginx.conf".to_owned(), "/etc/nginx/nginx.conf"),
        ("/root/nginx-old/tls/chain.pem.txt".to_owned(), "/etc/nginx/tls/chain.pem.txt"),
        ("/root/moved".to_owned(), &site),
    ];
    for (copy, original) in copies {
        let change = at(&tried, &copy).unwrap_or_else(|| panic!("{copy}: {tried:#}"));
        let note = change["note"].as_str().expect("a note");
        assert!(note.starts_with(&format!("a copy of {original}, ")), "{copy}: {change:#}");
        assert!(change["diff"].is_null(), "what it says stood there before: {change:#}");
    }
    // What is new is shown as such, however often.
    for path in [&site[..], "/root/of-the-new-one"] {
        let change = at(&tried, path).expect("it is told");
        assert!(!change["note"].to_string().contains("a copy of"), "{change:#}");
        assert!(change["diff"].to_string().contains("by the vendor"), "{change:#}");
    }
}

#[test]
fn what_nginx_makes_when_it_is_tested_is_not_the_script_s() {
    let server = Server::copy("standalone");
    server.replace(SITE, "    location /api/", "    access_log /var/log/motion/a.log;\n    location /api/");
    std::fs::create_dir_all(server.at("var/log/motion")).expect("a folder");
    let test = "nginx -t\nsed -i 's#motion/a.log#motion/b.log#' /etc/nginx/conf.d/motion.conf\nnginx -t\n";
    let tried = try_in(&server, test, &[]);
    for path in ["/var/log/motion/a.log", "/var/log/motion/b.log"] {
        assert!(at(&tried, path).is_none(), "{tried:#}");
    }
    assert!(at(&tried, &format!("/{SITE}")).is_some(), "{tried:#}");
    // What the script makes there is told: where nothing was tested, and where it is not empty.
    let tried = try_in(&server, "touch /var/log/motion/a.log\n", &[]);
    assert!(at(&tried, "/var/log/motion/a.log").is_some(), "{tried:#}");
    let tried =
        try_in(&server, "nginx -t; echo x > /var/log/motion/a.log; touch /var/log/motion/z.log\n", &[]);
    for path in ["/var/log/motion/a.log", "/var/log/motion/z.log"] {
        assert!(at(&tried, path).is_some(), "{path}: {tried:#}");
    }
}
