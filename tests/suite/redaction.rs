//! No secret of a configuration occurs in anything that is printed, saved or
//! journaled.
//!
//! Invariant: every secret here carries one mark, so that a part of one, or
//! one that nobody thought of, is found as well.

mod addresses;

use crate::support::binary::{SITE, Server, binary};
use crate::support::said::answer;
use crate::support::tree_state::untouched;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Part of every secret; written nowhere else.
pub const MARK: &str = "hunter2x";

/// A customer's configuration that nginx accepts, with a secret in every place
/// that is known to hold one.
const SECRETS: &str = r#"
map $http_x_key $api_token {
    default "";
    "k1-hunter2x" "v1-hunter2x";
}
map $remote_user $bridge_password { default d1-hunter2x; ~^a r1-hunter2x; }
server {
    listen 127.0.0.1:8089;
    server_name bridge.example.test;
    # proxy_set_header Authorization "Basic c1-hunter2x";
    # proxy_pass http://admin:c2-hunter2x@127.0.0.1:3434/;
    #set $old_token c3-hunter2x;
    # ask the bridge with ?api_key=c4-hunter2x please
    # password: c5-hunter2x
    ssl_password_file /etc/nginx/pw-hunter2x.txt;
    set $token t1-hunter2x;
    set $upload_secret 't2-hunter2x
        second-hunter2x';
    location /a/ {
        auth_basic "members";
        auth_basic_user_file /etc/nginx/users-hunter2x;
        proxy_set_header Authorization "Basic a1-hunter2x";
        proxy_set_header X-Api-Key a2-hunter2x;
        proxy_set_header "Cookie" "sid=a3-hunter2x";
        proxy_pass http://127.0.0.1:3434/?access_token=q1-hunter2x&page=1;
    }
    location /b/ {
        secure_link $arg_md5,$arg_expires;
        secure_link_md5 "$secure_link_expires$uri s1-hunter2x";
        if ($http_authorization != "Bearer i1-hunter2x") { return 403; }
        if ($arg_token = i2-hunter2x) { return 403; }
        if ($cookie_session ~ "^i3-hunter2x$") { return 403; }
        fastcgi_param DB_PASSWORD f1-hunter2x;
        add_header X-Auth-Token h1-hunter2x;
        return 302 https://x.example.test/?token=r1-hunter2x&a=b;
    }
    location /c/ { rewrite ^ /d?signature=w1-hunter2x? permanent; }
    location /e/ { proxy_cookie_path / "/; token=p1-hunter2x"; proxy_pass http://127.0.0.1:3434; }
}
"#;

/// Directives of modules that are not everywhere; shown, but not run.
const UNKNOWN_TO_NGINX: &str = r#"
server {
    location /lua/ {
        content_by_lua_block { local token = "l1-hunter2x"; ngx.header["Authorization"] = "Basic l2-hunter2x" }
        access_by_lua 'local password = "l3-hunter2x"';
        more_set_headers "X-Api-Key: m1-hunter2x";
        auth_jwt_key_file /etc/j1-hunter2x;
        proxy_pass http://user:u1-hunter2x@127.0.0.1:3434/;
    }
}
"#;

pub fn with_secrets() -> Server {
    let server = Server::copy("customised");
    server.write("etc/nginx/pw-hunter2x.txt", "");
    server.write("etc/nginx/users-hunter2x", "u:pw-hunter2x\n");
    // In the file that is changed: a graft shows what is near, a replacement
    // shows and lists all of it as dropped.
    let near = "        # set $webhook_token near1-hunter2x;\n        set $webhook_secret near2-hunter2x;\n";
    let text = server.read(SITE);
    let end = text.rfind('}').expect("a block");
    server.write(SITE, format!("{SECRETS}{}{near}{}", &text[..end], &text[end..]));
    server
}

/// Runs a command in both forms, and looks for the mark in what it says.
fn says_no_secret(server: &Server, arguments: &[&str]) {
    for form in [&["--json"][..], &["-v", "--color", "always"]] {
        let all: Vec<&str> = arguments.iter().chain(form).copied().collect();
        let said = server.run(&all);
        for text in [&said.stdout, &said.stderr] {
            let leak = text.lines().find(|line| line.contains(MARK));
            assert_eq!(leak, None, "{arguments:?} {form:?}");
        }
    }
}

/// No file of a folder holds the mark, except what bytes are put back from: a backup's contents, and the base that the
/// next update is merged from.
fn keeps_no_secret(folder: &Path) {
    let mut files = 0;
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o7777;
        if entry.file_type().is_dir() {
            assert_eq!(mode, 0o700, "{}", entry.path().display());
            continue;
        }
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        let in_backup = entry.path().parent().is_some_and(|parent| parent.ends_with("content"));
        let is_base = entry.file_name().to_string_lossy().starts_with("base-");
        let text = String::from_utf8_lossy(&fs::read(entry.path()).expect("readable")).into_owned();
        // A manifest names files, and a file's name is no secret of its own.
        let text = text.replace("pw-hunter2x.txt", "").replace("users-hunter2x", "");
        assert!(in_backup || is_base || !text.contains(MARK), "{}", entry.path().display());
        files += 1;
    }
    assert!(files > 0, "{} is empty", folder.display());
}

#[test]
fn nothing_that_is_shown_or_kept_holds_a_secret() {
    for strategy in ["graft", "replace"] {
        let server = with_secrets();
        let folder = tempfile::tempdir().expect("a folder");
        let saved = folder.path().join("plan.json").display().to_string();
        let (page, report) = (folder.path().join("plan.html"), folder.path().join("report.html"));
        let (page, report) = (page.display().to_string(), report.display().to_string());
        for command in [
            vec!["check"],
            vec!["status"],
            vec!["plan", "--strategy", strategy, "--html", &page],
            vec!["report", "--out", &report],
            vec!["plan", "--strategy", strategy, "--out", &saved],
            vec!["apply", "--dry-run", "--strategy", strategy],
            vec!["apply", "--yes", "--strategy", strategy],
        ] {
            says_no_secret(&server, &command);
        }
        let text = fs::read_to_string(&saved).expect("a plan");
        assert!(text.contains("user-ui") && !text.contains(MARK), "{text}");
        for page in [page, report] {
            let text = fs::read_to_string(&page).expect("a page");
            let leak = text.lines().find(|line| line.contains(MARK));
            assert!(text.contains("user-ui") && leak.is_none(), "{page}: {leak:?}");
        }
        keeps_no_secret(&server.at("var/lib/motionctl"));
        keeps_no_secret(&server.at("var/backups/motionctl"));
        let list = server.json(&["backups", "list"]);
        let id = list["details"]["backups"][0]["id"].as_str().expect("a backup").to_owned();
        for command in [
            vec!["status"],
            vec!["backups", "list"],
            vec!["backups", "verify"],
            vec!["backups", "diff", &id],
            vec!["rollback", "--yes"],
        ] {
            says_no_secret(&server, &command);
        }
        let shown = server.run(&["backups", "show", &id]);
        let shown = shown.stdout.replace("pw-hunter2x.txt", "").replace("users-hunter2x", "");
        assert!(!shown.contains(MARK), "{shown}");
        keeps_no_secret(&server.at("var/lib/motionctl"));
    }
}

#[test]
fn a_rehearsal_and_what_it_keeps_hold_no_secret() {
    let server = with_secrets();
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().display().to_string();
    let page = folder.path().join("page.html").display().to_string();
    let said = server.run(&["rehearse", "--load", "40", "--keep", &keep, "--html", &page]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.stdout.contains(MARK) && !said.stderr.contains(MARK), "{said:?}");
    for path in untouched(folder.path()).paths() {
        let path = folder.path().join(path);
        if path.is_file() {
            let text = fs::read_to_string(&path).expect("readable");
            let leak = text.lines().find(|line| line.contains(MARK));
            assert_eq!(leak, None, "{}", path.display());
        }
    }
}

#[test]
fn comparisons_hide_secrets_and_still_say_that_they_differ() {
    let (one, other) = (with_secrets(), with_secrets());
    let path = |server: &Server, below: &str| server.at(below).display().to_string();
    for server in [&one, &other] {
        server.write("etc/nginx/lua.conf", UNKNOWN_TO_NGINX);
    }
    other.replace(SITE, "t1-hunter2x", "t9-hunter2x");
    other.replace("etc/nginx/lua.conf", "proxy_pass", "# new\n        proxy_pass");
    for form in [&[][..], &["--lines"], &["--color", "always"], &["--json"]] {
        let arguments = ["diff", &path(&one, "etc/nginx"), &path(&other, "etc/nginx")];
        let said = answer(&binary().args(arguments).args(form).output().expect("runs"));
        assert_eq!(said.code, 2, "{said:?}");
        let text = said.stdout.replace("pw-hunter2x.txt", "").replace("users-hunter2x", "");
        let leak = text.lines().find(|line| line.contains(MARK));
        assert_eq!(leak, None, "{form:?}");
        let by_line = form == ["--lines"];
        let said_so = if by_line { "differ only in what is redacted" } else { "redacted" };
        assert!(text.contains(said_so) && (!by_line || text.contains("# new")), "{text}");
    }
    // Everything that is new is shown, and nothing of it is secret.
    let nothing = tempfile::tempdir().expect("a folder");
    let arguments = ["diff", &nothing.path().display().to_string(), &path(&one, "etc/nginx")];
    let said = answer(&binary().args(arguments).output().expect("runs"));
    let text = said.stdout.replace("pw-hunter2x.txt", "").replace("users-hunter2x", "");
    let leaks: Vec<_> = text.lines().filter(|line| line.contains(MARK)).collect();
    assert_eq!(leaks, Vec::<&str>::new());
}

/// Files that are broken right where the secret is: our parser and nginx both
/// quote what they do not understand.
#[test]
fn a_file_that_does_not_parse_keeps_its_secrets() {
    for broken in [
        "proxy_set_header Authorization \"Basic x1-hunter2x\"",
        "proxy_set_header Authorization \"Basic x1-hunter2x\"x; listen 82;",
        "proxy_set_header Authorization Basic; x1-hunter2x;",
        "proxy_set_header Authorization \"Basic x1-hunter2x;",
        "set $token x1-hunter2x }",
        "secure_link_md5 x1-hunter2x y; z",
        "secure_link_md5 \"$x\" x1-hunter2x;",
        "proxy_set_header Authorization x1-hunter2x more;",
        "auth_basic_user_file x1-hunter2x y;",
        "location / { proxy_pass http://user:x1-hunter2x@nowhere.example.test:99999; }",
        "location / { proxy_pass x1://user:x1-hunter2x@host; }",
        "set $api_token $nope_x1-hunter2x;",
        "proxy_set_header Authorization\n        x1-hunter2x y;",
        "ssl_password_file /etc/x1-hunter2x;",
        "include /etc/nginx/token=x1-hunter2x;",
    ] {
        let server = Server::copy("standalone");
        let text = format!("server {{\n    listen 81;\n    {broken}\n}}\n");
        server.write("etc/nginx/conf.d/broken.conf", text);
        let found = server.json(&["check"]);
        assert_eq!(found["exit_code"], 65, "{broken}: {found:#}");
        says_no_secret(&server, &["plan"]);
        says_no_secret(&server, &["apply", "--yes"]);
    }
}

/// Addresses from which the scheme is cut off before they are named, and lists of which the entries lie in files of
/// their own.
#[test]
fn where_requests_lead_and_what_lists_include_is_shown_without_secrets() {
    let location = |directive: &str| {
        format!("server {{ listen 83; server_name q.example.test; location /h/ {{ {directive} }} }}\n")
    };
    let user = "u:x1-hunter2x@10.0.0.6:9000";
    for text in [
        format!("map $host $up {{ default http://{user}; }}\n{}", location("proxy_pass $up;")),
        location(&format!("set $up http://{user}; proxy_pass $up;")),
        location(&format!("fastcgi_pass {user};")),
        location(&format!("proxy_pass http://{user}/;")),
        format!("upstream bk {{ server x1-hunter2x@10.0.0.6; }}\n{}", location("proxy_pass http://bk;")),
        location("set $auth_backend http://bob:x1-hunter2x@bridge/;"),
        "map $host $api_token { include maps/tokens.map; }\nmap $http_x_api_key $who { include maps/keys.map; }\n"
            .to_owned(),
    ] {
        let (old, server) = (Server::copy("standalone"), Server::copy("standalone"));
        server.write("etc/nginx/maps/tokens.map", "acme huntx1-hunter2x;\nb \"x$v1-hunter2x\";\n");
        server.write("etc/nginx/maps/keys.map", "x1-hunter2x 1;\n");
        server.write("etc/nginx/conf.d/b.conf", text);
        for command in [["check"], ["status"], ["plan"]] {
            says_no_secret(&server, &command);
        }
        let sides = [&old, &server].map(|server| server.at("etc/nginx").display().to_string());
        for form in [&[][..], &["--lines"], &["--json"]] {
            let said = answer(&binary().arg("diff").args(&sides).args(form).output().expect("runs"));
            assert_eq!(said.code, 2, "{said:?}");
            assert!(!said.stdout.contains(MARK) && !said.stderr.contains(MARK), "{said:?}");
        }
    }
    let server = Server::copy("standalone");
    server.write("etc/nginx/conf.d/b.conf", location("proxy_pass http://token_service:81;"));
    assert!(server.run(&["check", "-vv"]).stdout.contains("→ token_service:81"));
}

/// The command line is journaled: who ran what.
#[test]
fn secrets_of_the_command_line_are_not_journaled() {
    let server = Server::copy("standalone");
    let upstream = "http://user:x1-hunter2x@127.0.0.1:9001";
    says_no_secret(&server, &["plan", "--new-client-upstream", upstream]);
    let upstream = "http://127.0.0.1:9001/?token=x1-hunter2x";
    says_no_secret(&server, &["apply", "--yes", "--new-client-upstream", upstream]);
    let applied = server.run(&["apply", "--yes", "--site", "/etc/nginx/conf.d/motion.conf"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    keeps_no_secret(&server.at("var/lib/motionctl"));
    assert!(server.read("var/lib/motionctl/journal").contains("--site"));
}
