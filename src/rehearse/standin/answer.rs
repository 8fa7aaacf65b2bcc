//! What a stand-in says to a request.
//!
//! Invariant: the same request gets the same bytes, and the bytes name the
//! stand-in, the method and the path, so that a route that leads elsewhere
//! shows. A Node application has no file that it was not built with, so nobody
//! here answers a path with what its name promises: a script that is taken away
//! from the new client is seen to be none. Pure; the pages are our own and only
//! carry the marks that tell the two clients apart.

/// The script that the new client's page names, hashed as Angular builds are.
const SCRIPT: &str = "main.3f9a1c07.js";

/// The style sheet that it names.
const STYLE: &str = "styles.5d2e8b40.css";

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
        Role::Both if !below(path, "/user-ui") => motion(path, &seen),
        Role::NewClient | Role::Both => new_client(path, &seen),
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
    if is_file(path) {
        return cannot_get(path, seen);
    }
    ok(
        "text/html; charset=utf-8",
        format!(
            "<!doctype html>\n<html ng-app=\"motion\"><head><base href=\"/\"><title>Legacy client</title></head>\n\
             <body><md-content>stand-in {}</md-content></body></html>\n",
            escape(seen)
        ),
    )
}

/// What Express answers where no handler took the request (finalhandler).
fn cannot_get(path: &str, seen: &str) -> Answer {
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n\
         <body>\n<pre>Cannot GET {}</pre>\n<!-- stand-in {} -->\n</body>\n</html>\n",
        escape(path),
        escape(seen)
    );
    Answer { status: "404 Not Found", content_type: "text/html; charset=utf-8", body }
}

fn new_client(path: &str, seen: &str) -> Answer {
    let file = path.rsplit('/').next().unwrap_or_default();
    if file == SCRIPT {
        return ok("text/javascript", "document.title = 'New client';\n".to_owned());
    }
    if file == STYLE {
        return ok("text/css", "body { margin: 0; }\n".to_owned());
    }
    if is_file(path) {
        return cannot_get(path, seen);
    }
    ok(
        "text/html; charset=utf-8",
        format!(
            "<!doctype html>\n<html><head><base href=\"/user-ui/\"><title>New client</title>\
             <link rel=\"stylesheet\" href=\"{STYLE}\"></head>\n\
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

/// Whether a path names a file of a build rather than a page of the application.
fn is_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
    matches!(kind, "js" | "mjs" | "css" | "json" | "map" | "svg" | "png" | "ico" | "woff" | "woff2")
}

/// Text inside HTML, also inside a comment (`--` cannot close it without `>`).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whose place a stand-in takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Motion's server: the legacy client for every page, JSON below `/api`.
    Motion,
    /// A new client that is proxied to, with or without its prefix.
    NewClient,
    /// Motion's server, which serves the new client as well.
    Both,
    Other,
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
        for file in ["/app.js", "/user-ui/main.3f9a1c07.js", "/styles.css", "/chunk.mjs?v=1", "/a.woff2"] {
            check(Role::Motion, file, "404", "text/html; charset=utf-8", "Cannot GET /");
        }
        check(Role::Motion, "/a.b/login", "200", "text/html; charset=utf-8", "ng-app");
        check(
            Role::NewClient,
            "/user-ui/login",
            "200",
            "text/html; charset=utf-8",
            "<base href=\"/user-ui/\">",
        );
        check(Role::NewClient, "/login", "200", "text/html; charset=utf-8", "<base href=\"/user-ui/\">");
        check(Role::Both, "/login", "200", "text/html; charset=utf-8", "ng-app");
        check(Role::Both, "/user-ui/login", "200", "text/html; charset=utf-8", "<base href=\"/user-ui/\">");
        check(Role::NewClient, "/user-ui/main.3f9a1c07.js", "200", "text/javascript", "");
        check(Role::NewClient, "/main.3f9a1c07.js", "200", "text/javascript", "");
        check(Role::NewClient, "/user-ui/styles.5d2e8b40.css", "200", "text/css", "");
        check(Role::NewClient, "/user-ui/other.js", "404", "text/html; charset=utf-8", "other.js");
        check(Role::Other, "/other.js", "200", "text/plain", "other.js");
        check(Role::Other, "/wa/<b>", "200", "text/plain", "GET /wa/<b>");
    }

    #[test]
    fn a_path_cannot_turn_into_markup() {
        let said = answer(Role::NewClient, "a", "GET", "/--><script src=x>");
        assert!(!said.body.contains("<script src=x"), "{said:?}");
    }
}
