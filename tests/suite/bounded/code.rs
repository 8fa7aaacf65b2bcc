//! What is said of code in a configuration.
//!
//! Invariant: each sentence was measured: Lua 0.10.23, njs 0.7.9 and Perl as Debian 12 packages them, by files that
//! the code would have made and by code that does not compile.

use crate::support::binary::{SITE, Server, finding};

#[test]
fn each_line_of_code_is_told_with_when_it_runs() {
    let server = Server::copy("standalone");
    let lines = "init_by_lua_block { x = 1 }\n    js_import a.js;\n    perl_require P.pm;\n    ";
    server.replace("etc/nginx/nginx.conf", "http {", &format!("http {{\n    {lines}"));
    server.replace(
        SITE,
        "    location /api/ {",
        "    location /lua { content_by_lua_file /x.lua; }\n    location /api/ {",
    );
    let found = server.json(&["check"]);
    let evidence = finding(&found, "config.runs-code")["evidence"].to_string();
    for said in [
        "init_by_lua_block: runs at every start and reload; nginx -t neither compiles nor runs it",
        "js_import: runs for requests; nginx -t compiles it and does not run it",
        "perl_require: runs whenever the configuration is read, also by nginx -t",
        "content_by_lua_file: runs for requests; nginx -t neither compiles nor runs it",
    ] {
        assert!(evidence.contains(said), "{said}: {evidence}");
    }
}

#[test]
fn lua_alone_is_not_said_to_be_run_by_a_test() {
    let server = Server::copy("standalone");
    server.replace("etc/nginx/nginx.conf", "http {", "http {\n    init_worker_by_lua_block { x = 1 }");
    let found = server.json(&["check"]);
    let told = finding(&found, "config.runs-code");
    assert_eq!(told["level"], "stop");
    let advice = told["advice"].to_string();
    assert!(advice.contains("a rehearsal of this tree runs that code"), "{told:#}");
}
