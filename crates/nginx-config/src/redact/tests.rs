//! Secrets by directive and field, and what only looks like one.
//!
//! Invariant: each line is what people would see.

use super::*;

fn check(source: &str, expect: &str) {
    assert_eq!(String::from_utf8_lossy(&redact_source(source.as_bytes())), expect);
}

#[test]
fn secrets_go_and_the_rest_stays() {
    check("proxy_set_header Authorization \"Basic abc\";", "proxy_set_header Authorization [redacted];");
    check("proxy_set_header Host $host;", "proxy_set_header Host $host;");
    check("set $bridge_token abc;", "set $bridge_token [redacted];");
    check("set $upstream abc;", "set $upstream abc;");
    check("add_header X-Author \"A. N. Other\";", "add_header X-Author \"A. N. Other\";");
    check("# author: x\n# author: token=abc", "# author: x\n# author: token=[redacted]");
    check(
        "# authority_token=abc, X-Author-Auth: abc",
        "# authority_token=[redacted] X-Author-Auth: [redacted]",
    );
    check("secure_link_md5 \"$uri s3cret\";", "secure_link_md5 [redacted];");
    check("proxy_pass http://me:pw@a.test/x;", "proxy_pass http://[redacted]@a.test/x;");
    check("proxy_pass http://a.test/?api_key=abc&x=1;", "proxy_pass http://a.test/?api_key=[redacted]&x=1;");
    check("map $host $api_token { default abc; }", "map $host $api_token { default [redacted]; }");
    check(
        "map $http_x_api_key $who { default 0; hostnames; k3y joe; }",
        "map $http_x_api_key $who { default [redacted]; hostnames; [redacted] [redacted]; }",
    );
    check("map $host $name { a.test A; }", "map $host $name { a.test A; }");
    check("\"k3y\" 1;\nk-3y 1;", "[redacted] [redacted];\n[redacted] [redacted];");
    check(
        "if ($http_authorization != 'Basic x') { return 401; }",
        "if ($http_authorization [redacted] [redacted][redacted] { return 401; }",
    );
    check(
        "# proxy_set_header Authorization abc;\nlisten 80;",
        "# proxy_set_header Authorization [redacted];\nlisten 80;",
    );
    check("# token=abc\n", "# token=[redacted]\n");
    check("set $a_secret 'x\ny'; listen 80;", "set $a_secret [redacted]\n; listen 80;");
    check(
        "content_by_lua_block { local token = \"abc\" }",
        "content_by_lua_block { local token = \"[redacted]\" }",
    );
}

#[test]
fn a_name_that_ends_like_a_password_is_one() {
    // "pass" or "pw" at the end of a name, as `$password` would be; and what only sounds so.
    check(
        "if ($userpass = \"me:pw4718\") { return 403; }",
        "if ($userpass [redacted] [redacted][redacted] { return 403; }",
    );
    check("set $db_password pw4718;", "set $db_password [redacted];");
    check("set $upw pw4718;", "set $upw [redacted];");
    check("fastcgi_param DB_PASS pw4718;", "fastcgi_param DB_PASS [redacted];");
    check(
        "map $user_pw $ok { pw4718 1; default 0; }",
        "map $user_pw $ok { [redacted] [redacted]; default [redacted]; }",
    );
    for plain in ["set $bypass 1;", "set $pass_through 1;", "set $compass north;", "set $pwm 1;"] {
        check(plain, plain);
    }
}

#[test]
fn a_user_with_his_password_is_one_without_an_address_behind() {
    // A user with his password, where nothing is named for one.
    check("if ($x = \"me:pw4718\") { return 403; }", "if ($x = [redacted]) { return 403; }");
    check("map $a:$b $ok { \"me:pw4718\" 1; default 0; }", "map $a:$b $ok { [redacted] 1; default 0; }");
    check("set $y 'admin:pw4718';", "set $y [redacted];");
    check("set $y \"Basic bWU6cHc0NzE4\";", "set $y \"Basic [redacted]\";");
    check(
        "fastcgi_param DSN \"mysql:host=db;user=me;pass=pw4718\";",
        "fastcgi_param DSN \"mysql:host=db;user=me;pass=[redacted]\";",
    );
    for plain in [
        "set $node 127.0.0.1:9000;",
        "set $node node:9000;",
        "set $node unix:/run/x.sock;",
        "set $to http://a.test/x;",
        "proxy_set_header Host $host:$server_port;",
        "map $time $day { ~12:30 noon; default $host:443; }",
        "if ($request_method = POST) { return 405; }",
    ] {
        check(plain, plain);
    }
}

#[test]
fn what_nginx_quotes_is_redacted_also_without_a_scheme() {
    let check = |said: &str, expect: &str| assert_eq!(redact_text(said), expect);
    check(
        "invalid port in upstream \"me:pw@a.test:99\"",
        "invalid port in upstream \"[redacted]@a.test:99\"",
    );
    check("host not found in upstream \"a.test:99\"", "host not found in upstream \"a.test:99\"");
}

#[test]
fn a_file_that_does_not_parse_is_redacted_too() {
    check("server { proxy_pass http://me:pw@a.test;", "server { proxy_pass http://[redacted]@a.test;");
}
