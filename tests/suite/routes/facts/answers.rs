//! What follows once a location is found: internal redirects, files, error pages; URIs and patterns.
//!
//! Invariant: data only.

use super::{Fact, known, unknown};

const INTERNAL: &str = "internal redirects";
const FILES: &str = "files and folders";
const ERRORS: &str = "error pages";
const SLASH: &str = "redirects to a slash";
const URI: &str = "the URI";
const PATTERN: &str = "regular expressions";

pub const FACTS: &[Fact] = &[
    known(
        INTERNAL,
        "the last argument of `try_files` runs the rules of the server again",
        "root html; rewrite ^(/.+)\\.html$ $1 permanent; location /u/ { try_files $uri /u/index.html; }",
        "/u/x /u/index.html",
    ),
    known(
        INTERNAL,
        "the URI of an `error_page` runs the rules of the server again",
        "error_page 404 /fb.html; if ($uri = /fb.html) { return 403; } location / { return 404; } location = /fb.html {R}",
        "/none /fb.html",
    ),
    known(
        INTERNAL,
        "an `index` file is searched as a new URI, with the rules of the server",
        "root html; rewrite ^/sub/index\\.htm$ /moved permanent; location /sub/ { index index.htm; }",
        "/sub/",
    ),
    known(
        INTERNAL,
        "a named location does not run them, and keeps the URI",
        "if ($arg_never) { return 403; } location / { try_files /none @n; } location @n { return 200 $uri; }",
        "/foo",
    ),
    known(INTERNAL, "more than ten answer 500", "location / { try_files /none /loop; }", "/x"),
    known(
        FILES,
        "`root` and the whole URI; `alias` and the rest behind the location's name",
        "location /sub/ { root html; } location /w/ { alias www/; } location /w2 { alias www; }",
        "/sub/index.htm /w/f.txt /w2/f.txt /w/none",
    ),
    known(
        FILES,
        "`alias` without a slash under a name with one misses it",
        "location ^~ /u/ { alias www; }",
        "/u/f.txt",
    ),
    known(
        FILES,
        "`alias` in a regular expression is the whole path",
        "location ~ ^/w3/(.*)$ { alias www/$1; } location ~ ^/w4/ { alias www/f.txt; }",
        "/w3/f.txt /w4/anything",
    ),
    known(
        FILES,
        "`alias` with `try_files`: `$uri` is the whole URI, the file stands below the folder",
        "location /w/ { alias www/; try_files $uri /w/f.txt; }",
        "/w/d/e.css /w/none /w/",
    ),
    known(
        FILES,
        "`try_files` is not inherited by nested locations, `root` and `alias` are",
        "location /w/ { alias www/; try_files $uri =405; location ~ \\.css$ { } }",
        "/w/none /w/none.css",
    ),
    known(
        FILES,
        "`$uri/` in `try_files` is a folder, whose `index` answers",
        "root html; location / { try_files $uri $uri/ =405; }",
        "/sub/ / /none",
    ),
    known(FILES, "a folder without its slash is a redirect (301)", "root html; location / { }", "/sub"),
    unknown(
        FILES,
        "`root`, `alias` or `try_files` with a variable that the request does not settle",
        "location / { root /srv/$remote_user; }",
        "/x",
        "the folder depends on the client",
    ),
    known(
        ERRORS,
        "`error_page 404 =200 /p` replaces a bare `return 404` as well",
        "root html; error_page 404 =200 /index.html; location / { } location /r { return 404; }",
        "/r",
    ),
    known(
        ERRORS,
        "a location with any `error_page` has none of the server's",
        "root html; error_page 404 =200 /index.html; location = /index.html { } location / { return 404; } location /l/ { error_page 500 /x; return 404; }",
        "/none /l/none",
    ),
    known(
        ERRORS,
        "an error inside an error page is not replaced, unless `recursive_error_pages` is on",
        "error_page 404 /p; error_page 403 /q; location / { return 404; } location /p { return 403; } location /q {R}",
        "/x",
    ),
    known(
        ERRORS,
        "`error_page 404 =404 @name` keeps the status and gives the page another handler",
        "error_page 404 =404 @gone; location / { return 404; } location @gone { return 404; }",
        "/x",
    ),
    known(
        ERRORS,
        "a `return` with a text is not replaced",
        "error_page 404 =200 /p; location / { return 404 text; } location /p {R}",
        "/x",
    ),
    known(
        SLASH,
        "`/u` answers 301 where the location `/u/` passes requests on, not where it serves files",
        "location /u/ { proxy_pass http://127.0.0.1:1; } location /w/ { alias www/; } location / {R}",
        "/u /u?q=1 /w",
    ),
    known(
        SLASH,
        "`location = /u` keeps that redirect off",
        "location /u/ { proxy_pass http://127.0.0.1:1; } location = /u {R}",
        "/u",
    ),
    known(
        SLASH,
        "a regular expression does not",
        "location ^~ /u/ { proxy_pass http://127.0.0.1:1; } location ~ ^/u {R}",
        "/u",
    ),
    known(
        URI,
        "double slashes are one, unless `merge_slashes off` in the address's default server",
        "location /u/x {R} location / {R}",
        "//u//x /u///x",
    ),
    known(
        URI,
        "it is decoded before the search; `%2F` is a slash, `%2e%2e` goes up",
        "location /u {R} location / {R}",
        "/%75/x /u%2Fx /a/%2e%2e/u/x /u/%2e%2e/x",
    ),
    known(
        URI,
        "above the root, a zero byte and a bad escape answer 400",
        "location / {R}",
        "/../x /a%00b /a%zz /a%2",
    ),
    known(
        URI,
        "`;` and `+` belong to the path, `%3F` too",
        "location = \"/u;x=1\" {R} location = /a+b {R} location = /q?z {R} location / {R}",
        "/u;x=1 /a+b /q%3Fz",
    ),
    known(
        URI,
        "`$request_uri` is as sent, `$uri` decoded",
        "if ($request_uri ~ ^/u) { return 403; } location / { return 200 $uri; }",
        "/u?x //u /%75",
    ),
    known(
        PATTERN,
        "lookaround, possessive, atomic, back references, `\\Q…\\E`: run by PCRE2, as in NGINX",
        "location ~ /\\.(?!well-known) {R} location ~ ^/(a)++b {R} location ~ \"^/([xy])\\\\1\" {R} location ~ ^\\Q/p.q\\E {R} location / {R}",
        "/.git /.well-known/x /aab /xx /xy /p.q /pzq",
    ),
    known(
        PATTERN,
        "bytes, no UTF-8: a dot is one byte, `~*` folds ASCII only",
        "location ~ ^/.$ {R} location ~* ^/\u{fc}1 {R} location / {R}",
        "/%C3%BC /a /%C3%9C1 /%C3%BC1",
    ),
    known(
        PATTERN,
        "named groups are variables, in lower case",
        "location ~ ^/(?<Who>[a-z]+)/(.*)$ { return 200 $who-$2; }",
        "/ann/x",
    ),
    unknown(
        PATTERN,
        "`{,3}`: a text up to PCRE2 10.42, a repetition from 10.43 on",
        "location ~ \"^/a{,3}$\" {R} location / {R}",
        "/aa",
        "the server's own PCRE2 decides; only this location is unknown",
    ),
    known(
        PATTERN,
        "`^~ /user-ui/` cannot lose to any pattern, also to one that cannot be run",
        "location ~ \"^/a{,3}\" {R} location ^~ /user-ui/ {R} location / {R}",
        "/user-ui/login /user-ui/main.js",
    ),
    unknown(
        PATTERN,
        "one that does not end within its limits",
        "location ~ ^/(a+)+$ {R} location / {R}",
        "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
        "NGINX itself answers by its own limits",
    ),
];
