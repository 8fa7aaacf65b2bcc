//! What a stand-in says to a request.
//!
//! Invariant: the same request gets the same bytes, and the bytes name the
//! stand-in, the method and the path, so that a route that leads elsewhere
//! shows. Pure; the pages are our own and only carry the marks that tell the
//! two clients apart.

use super::Role;

/// The script that the new client's page names, hashed as Angular builds are.
const SCRIPT: &str = "main.3f9a1c07.js";

/// One reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

/// The reply of the stand-in called `name` in `role` to `method` `target`.
pub(super) fn answer(role: Role, name: &str, method: &str, target: &str) -> Answer {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let seen = format!("{name} {method} {target}");
    match role {
        Role::Motion => motion(path, &seen),
        Role::NewClient => new_client(path, &seen),
        Role::Other => ok("text/plain", format!("stand-in {seen}\n")),
    }
}

fn motion(path: &str, seen: &str) -> Answer {
    if below(path, "/api") {
        return ok("application/json", format!("{}\n", serde_json::json!({ "standin": seen })));
    }
    if below(path, "/socket.io") {
        return ok("text/plain", format!("stand-in {seen}\n"));
    }
    match asset_type(path) {
        Some(content_type) => ok(content_type, format!("/* stand-in {} */\n", seen.replace("*/", "* /"))),
        None => ok(
            "text/html; charset=utf-8",
            format!(
                "<!doctype html>\n<html ng-app=\"motion\"><head><base href=\"/\"><title>Legacy client</title></head>\n\
                 <body><md-content>stand-in {}</md-content></body></html>\n",
                escape(seen)
            ),
        ),
    }
}

fn new_client(path: &str, seen: &str) -> Answer {
    let file = path.rsplit('/').next().unwrap_or_default();
    if file == SCRIPT {
        return ok("text/javascript", "document.title = 'New client';\n".to_owned());
    }
    if asset_type(path).is_some() {
        let body = format!("stand-in {seen}\n");
        return Answer { status: "404 Not Found", content_type: "text/plain", body };
    }
    ok(
        "text/html; charset=utf-8",
        format!(
            "<!doctype html>\n<html><head><base href=\"/user-ui/\"><title>New client</title></head>\n\
             <body><app-root><!-- stand-in {} --></app-root>\
             <script src=\"{SCRIPT}\" type=\"module\"></script></body></html>\n",
            escape(seen)
        ),
    )
}

fn ok(content_type: &'static str, body: String) -> Answer {
    Answer { status: "200 OK", content_type, body }
}

fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn asset_type(path: &str) -> Option<&'static str> {
    match path.rsplit('/').next()?.rsplit_once('.')?.1 {
        "js" | "mjs" => Some("text/javascript"),
        "css" => Some("text/css"),
        "json" | "map" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "ico" => Some("image/x-icon"),
        "woff" | "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// Text inside HTML, also inside a comment (`--` cannot close it without `>`).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_answers_as_what_it_stands_for() {
        let check = |role, target: &str, status: &str, content_type: &str, mark: &str| {
            let said = answer(role, "10.0.0.1:9000", "GET", target);
            assert!(said.status.starts_with(status), "{target}: {said:?}");
            assert_eq!(said.content_type, content_type, "{target}");
            assert!(said.body.contains(mark), "{target}: {said:?}");
        };
        check(Role::Motion, "/login", "200", "text/html; charset=utf-8", "ng-app");
        check(Role::Motion, "/user-ui/login", "200", "text/html; charset=utf-8", "GET /user-ui/login");
        check(Role::Motion, "/api/users?a=1", "200", "application/json", "10.0.0.1:9000 GET /api/users?a=1");
        check(Role::Motion, "/apidoc/", "200", "text/html; charset=utf-8", "ng-app");
        check(Role::Motion, "/app.js", "200", "text/javascript", "GET /app.js");
        check(
            Role::NewClient,
            "/user-ui/login",
            "200",
            "text/html; charset=utf-8",
            "<base href=\"/user-ui/\">",
        );
        check(Role::NewClient, "/login", "200", "text/html; charset=utf-8", "<base href=\"/user-ui/\">");
        check(Role::NewClient, "/user-ui/main.3f9a1c07.js", "200", "text/javascript", "");
        check(Role::NewClient, "/main.3f9a1c07.js", "200", "text/javascript", "");
        check(Role::NewClient, "/user-ui/other.js", "404", "text/plain", "other.js");
        check(Role::Other, "/wa/<b>", "200", "text/plain", "GET /wa/<b>");
    }

    #[test]
    fn a_path_cannot_turn_into_markup() {
        let said = answer(Role::NewClient, "a", "GET", "/--><script src=x>");
        assert!(!said.body.contains("<script src=x"), "{said:?}");
    }
}
