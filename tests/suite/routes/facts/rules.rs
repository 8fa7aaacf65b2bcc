//! Rules of the server and of locations, and the search for a location.
//!
//! Invariant: data only.

use super::{Fact, known, unknown, with};

const SERVER: &str = "rules of the server";
const LOCATION: &str = "search for a location";
const NESTED: &str = "nested locations";
const IF: &str = "`if` in a location";
const REWRITE: &str = "`rewrite` in a location";

pub const FACTS: &[Fact] = &[
    known(
        SERVER,
        "its `return` goes before every location, also `=` and `^~`",
        "return 301 /r; location = /x {R} location ^~ /y {R}",
        "/x /y /",
    ),
    known(
        SERVER,
        "its directives run in the order of the file: an `if` does not see a later `set`",
        "if ($late) { return 403; } set $late 1; location / {R}",
        "/",
    ),
    known(
        SERVER,
        "`0` and nothing are false; `00`, `false` and `%30` are true",
        "if ($arg_v) { return 200 T; } location / {R}",
        "/?v=0 /?v= /?v=00 /?v=false /?v=%30 /",
    ),
    known(
        SERVER,
        "a `set` inside of an `if` stays; the last one wins",
        "set $s x; if ($uri = /a) { set $s y; } location / { return 200 $s; }",
        "/a /b",
    ),
    known(
        SERVER,
        "`rewrite … last` goes to the locations; what stands behind it is not run",
        "rewrite ^/o/(.*)$ /n/$1 last; if ($uri ~ ^/n/) { return 403; } location /n/ {R}",
        "/o/1 /n/1",
    ),
    known(
        SERVER,
        "`rewrite … break` goes to the locations, too",
        "rewrite ^/o/(.*)$ /n/$1 break; location /n/ {R} location /o/ {R}",
        "/o/1",
    ),
    known(
        SERVER,
        "without a flag the next `rewrite` reads the new URI",
        "rewrite ^/o/(.*)$ /n/$1; rewrite ^/n/(.*)$ /m/$1; location /m/ {R} location / {R}",
        "/o/1",
    ),
    known(
        SERVER,
        "a replacement that begins with `http://` or `https://` is a redirect (302); `httpx` is a URI",
        "rewrite ^/a http://b.test/; rewrite ^/b https://b.test/b; rewrite ^/c httpx; location / {R}",
        "/a /b /c",
    ),
    known(
        SERVER,
        "a `rewrite` keeps the arguments, unless its replacement ends in `?`",
        "rewrite ^/a /n last; rewrite ^/b /n? last; rewrite ^/c /n?x=1 last; location = /n { return 200 $args; }",
        "/a?q=1 /b?q=1 /c?q=1",
    ),
    known(
        SERVER,
        "the value of a `set` with more than one variable",
        "set $a $arg_x; set $b \"$a-$uri\"; if ($b = \"1-/y\") { return 200 yes; } location / {R}",
        "/y?x=1 /y?x=2",
    ),
    with(
        SERVER,
        "`if` on `$scheme`, `$https`, `$server_port`, `$ssl_protocol`",
        "if ($scheme = https) { return 403; } location / {R}",
        "/",
        "the listener",
    ),
    with(
        SERVER,
        "`if` on `$host`, `$http_host`",
        "if ($host != name.test) { return 403; } location / {R}",
        "/",
        "the host name",
    ),
    with(
        SERVER,
        "`if` on a header: user agent, referer, cookie, `X-Forwarded-Proto`",
        "if ($http_user_agent ~* bot) { return 403; } location / {R}",
        "/",
        "every header",
    ),
    with(
        SERVER,
        "`if (-f …)`, `-d`, `-e`: a server-level test uses the server's `root`, wherever that stands",
        "if (-f $document_root/on) { return 503; } root www; location / {R}",
        "/",
        "the files",
    ),
    unknown(
        SERVER,
        "`if` on another variable: NGINX's own (`$connection`), of `map`, `geo`, `split_clients`, of a module",
        "if ($connection = 1) { return 403; } location / {R}",
        "/",
        "these are not evaluated; both ways are followed",
    ),
    unknown(
        SERVER,
        "`if` on the address of the client",
        "if ($remote_addr = 192.0.2.1) { return 403; } location / {R}",
        "/",
        "it is another one for every client",
    ),
    known(
        SERVER,
        "an unknown `if` that leaves the handler as it is (`set` of a variable nobody asks, `add_header`)",
        "if ($remote_addr = 192.0.2.1) { set $seen 1; } location / {R}",
        "/",
    ),
    unknown(
        SERVER,
        "`set $x $1` escapes the group again where the request was escaped; a named group and `$uri` do not",
        "if ($uri ~ ^/s/(.*)$) { set $x $1; } if ($x = \"a b\") { return 403; } location / {R}",
        "/s/a%20b",
        "only where the group has bytes that may be escaped",
    ),
    known(
        SERVER,
        "the same with plain bytes, or a named group",
        "if ($uri ~ ^/s/(.*)$) { set $x $1; } if ($uri ~ ^/n/(?<word>.*)$) { set $x $word; } if ($x = \"a b\") { return 403; } location / { return 200 $x; }",
        "/s/ab /n/a%20b /s/%61b",
    ),
    known(
        LOCATION,
        "`=` first, then the longest prefix; `^~` keeps regular expressions off",
        "location = /a {R} location /a {R} location ^~ /u/ {R} location ~ \\.js$ {R}",
        "/a /a/ /ab /u/x.js /u /x.js",
    ),
    known(
        LOCATION,
        "the first regular expression of the file that matches, never the longest",
        "location /abc {R} location ~ ^/a {R} location ~ ^/abcd {R}",
        "/abcd",
    ),
    known(LOCATION, "no location at all: the server's own files", "location /only {R}", "/none /app.js"),
    known(
        LOCATION,
        "names are bytes: letters differ by case, but for `~*`",
        "location /u {R} location ~* ^/v {R} location / {R}",
        "/u /U /v /V",
    ),
    known(
        LOCATION,
        "a name is compared with the decoded URI",
        "location \"/a b\" {R} location /c%20d {R} location / {R}",
        "/a%20b /c%20d /c%2520d",
    ),
    known(
        LOCATION,
        "`internal` answers 404 to a client, and serves after a redirect of NGINX's own",
        "location /i { internal; R } location /o { rewrite ^ /i last; }",
        "/i /o",
    ),
    known(
        NESTED,
        "they go before the `return` and the `rewrite`s of the outer one, which are not run",
        "location / { return 200 outer; rewrite ^ /x; location /api/ {R} location = /e {R} }",
        "/api/x /e /q",
    ),
    known(
        NESTED,
        "regular expressions inside a prefix are tried before those outside",
        "location /u/ {R location ~ \\.js$ {R} } location ~ \\.(js|css)$ {R}",
        "/u/x.js /u/x.css /u/x",
    ),
    known(
        NESTED,
        "`^~` counts on its own level: inside of `location /` it protects nothing from outer patterns",
        "location /u/ {R location ^~ /u/v/ {R} } location ~ \\.js$ {R}",
        "/u/v/x.js /u/x.js /u/v/",
    ),
    known(
        NESTED,
        "an outer `^~` keeps outer patterns off the longer prefixes inside, too",
        "location ^~ /u/ {R location /u/v/ {R} } location ~ \\.js$ {R}",
        "/u/v/x.js /u/x.js",
    ),
    known(
        IF,
        "its `return` answers before the handler of the location",
        "location / { if ($arg_x) { return 403; } proxy_pass http://127.0.0.1:1; }",
        "/?x=1 /",
    ),
    known(
        IF,
        "one without a handler keeps the one of the location; `try_files` is forgotten where it is true",
        "root html; location / { try_files /app.js =404; if ($arg_x) { set $y 1; } }",
        "/?x=1 /",
    ),
    known(
        IF,
        "of two that are true, the last one counts, with what it inherits from the location",
        "location / { root www; if ($arg_x) { proxy_pass http://127.0.0.1:1; } if ($arg_y) { root html; } }",
        "/app.js?x=1 /app.js?y=1 /app.js",
    ),
    known(
        IF,
        "the last one that is true has the handler of a location that passes requests on",
        "location / { if ($arg_x) { return 200 x; } if ($arg_y) { root html; } proxy_pass http://127.0.0.1:1; }",
        "/?x=1 /?y=1 /",
    ),
    unknown(
        IF,
        "two that are true, the first with a handler, the last and the location without (500 in 1.22.1)",
        "location / { root www; if ($arg_x) { proxy_pass http://127.0.0.1:1; } if ($arg_y) { root html; } }",
        "/app.js?x=1&y=1",
        "the handler of one would run with the settings of the other",
    ),
    known(
        REWRITE,
        "`last` searches a location again, without the rules of the server; the tenth time is 500",
        "if ($uri = /n) { return 403; } location /o { rewrite ^ /n last; } location /n {R} location /l { rewrite ^/l(.*)$ /l$1 last; }",
        "/o /n /l",
    ),
    known(
        REWRITE,
        "`break` stays in the location, with the new URI",
        "root html; location /a/ { rewrite ^/a/(.*)$ /$1 break; }",
        "/a/app.js /a/none",
    ),
];
