//! The table of locations that are put to nginx and to us.
//!
//! Invariant: data only; every row names the rule it is about by its content.

/// Locations of one server, and the URIs to ask for.
pub struct Case {
    /// Directives of the server; every `R` becomes a `return` of its own.
    pub locations: &'static str,
    /// Request targets.
    pub uris: &'static [&'static str],
}

/// One row a rule of nginx's search for a location and of what follows it.
pub const CASES: &[Case] = &[
    Case {
        locations: "location = /a {R} location /a {R} location /a/b {R} location ^~ /a/c {R} location ~ /a/.*x$ {R} location ~* X$ {R} location / {R}",
        uris: &[
            "/", "/a", "/ab", "/a/", "/a/b", "/a/b/x", "/a/cx", "/a/c/x", "/ax", "/bX", "/zx", "/a%2Fb",
            "/a/../a/b", "//a//b", "/A", "/a?x", "/a/./b", "/%61",
        ],
    },
    Case {
        locations: "location /o {R location /o/i {R location ~ e$ {R} location = /o/i/x {R}} location ~ d$ {R} } location ~ [de]$ {R} location ^~ /f/ {R location ~ x$ {R} location /f/g {R} }",
        uris: &[
            "/o", "/o/i", "/o/ie", "/o/id", "/o/i/x", "/oe", "/od", "/e", "/f/", "/f/x", "/f/g", "/f/gx",
            "/f/d", "/", "/o/i/y",
        ],
    },
    Case {
        locations: "location /p/ { proxy_pass http://127.0.0.1:1; } location /q/ { proxy_pass http://127.0.0.1:1; } location = /q {R} location ~ ^/p$ {R} location /r { proxy_pass http://127.0.0.1:1; location /r/s/ { proxy_pass http://127.0.0.1:1; } } location = /t/ { proxy_pass http://127.0.0.1:1; } location / {R}",
        uris: &[
            "/p", "/p?a=b", "/p/", "/p/x", "/q", "/q/", "/r", "/r/", "/r/s", "/r/s/", "/t", "/t/", "/t/x",
        ],
    },
    Case {
        locations: "root html; location /n {R} location ^~/m {R} location =/e {R} location ~*^/k {R} location ~^/j {R} location ~ ^/(?<one>.)/(.)$ { return 200 $one-$2; } location ~ /x {R location /x/y {R} location /x/p/ { proxy_pass http://127.0.0.1:1; } } ",
        uris: &[
            "/n", "/m", "/e", "/K1", "/j1", "/J1", "/v/w", "/x", "/x/y", "/x/p", "/u/x/p", "/", "/app.js",
            "/none",
        ],
    },
    Case {
        locations: "root html; location / { try_files $uri $uri/ /index.html; } location /sub/ { index index.htm index.html; } location ~ \\.php$ {R} location /api { try_files $uri =405; } location /named { try_files $uri @n; } location @n {R} location /loop { try_files /none /loop; } location /php { try_files /sub/x.php =404; }",
        uris: &[
            "/", "/app.js", "/x/y", "/sub/", "/sub/x.php", "/api", "/named", "/loop", "/php", "/sub",
            "/index.html",
        ],
    },
    Case {
        locations: "location /w/ { alias www/; } location /w2 { alias www; } location ~ ^/w3/(.*)$ { alias www/$1; } location /w4/ { alias www/; try_files $uri d/e.css =405; } location /w5 { alias www; location /w5/d { } } location = /w6 { alias www/f.txt; }",
        uris: &[
            "/w/f.txt", "/w/none", "/w2/f.txt", "/w3/d/e.css", "/w4/f.txt", "/w4/none", "/w5/d/e.css",
            "/w5/f.txt", "/w6",
        ],
    },
    Case {
        locations: "rewrite ^/old/(.*)$ /new/$1; rewrite ^/gone$ /x permanent; location /new/ {R} location /l { rewrite ^/l/(.*)$ /$1 last; R } location /b { rewrite ^/b/(.*)$ /$1 break; R } location /c { rewrite ^/c/(.*)$ /c2/$1; rewrite ^/c2/(.*)$ /new/$1; } location /d { rewrite ^ /new/d; break; R } location /i { internal; R } location /j { rewrite ^ /i last; } location /u { rewrite ^ http://e.test/u; } location /v { rewrite ^ /x/v? redirect; } location /w { rewrite ^ /x/w redirect; } location /y { rewrite ^/y(.*)$ /y$1 last; } location /z { rewrite ^/z /z2 break; return 200 $uri; }",
        uris: &[
            "/old/1", "/gone", "/gone?a=b", "/l/new/1", "/l/x", "/b/1", "/c/1", "/d", "/i", "/j", "/u",
            "/u?a", "/v?a", "/w?a", "/y", "/z",
        ],
    },
    Case {
        locations: "error_page 404 /e404; error_page 403 =200 /e403; error_page 410 @g; error_page 402 http://e.test/pay; location /e404 {R} location /e403 {R} location @g { return 200 named; } location /a { return 404; } location /b { return 403; } location /c { return 410; } location /d { return 402; } location /e { return 404 text; } location /f { error_page 500 /x; return 404; } location /g { return 403; error_page 403 /h; } location /h { return 404; } location /k { internal; R } location /m { return 301 /x; } location /n { return http://e.test/n; } location /o { return 204; }",
        uris: &["/a", "/b", "/c", "/d", "/e", "/f", "/g", "/k", "/m", "/n", "/o"],
    },
    Case {
        locations: "set $t 1; if ($request_method = POST) { return 405; } if ($uri ~ ^/if(\\d)) { return 200 if$1; } if ($args = no) { return 403; } location / { if ($arg_unknown) { add_header X y; } if ($t = 2) { return 200 two; } if ($uri = /in) { return 200 in; } if ($uri !~ z) { set $t 3; } if ($t) { return 200 t$t; } R }",
        uris: &["/if1", "/if", "/x?no", "/x?yes", "/in", "/z", "/y"],
    },
    Case {
        locations: "merge_slashes off; location /a/b {R} location // {R} location / {R}",
        uris: &["//a/b", "/a//b", "/a/b", "/x//../a/b", "/a/./b"],
    },
    Case { locations: "return 200 server; location / {R}", uris: &["/", "/x"] },
    Case { locations: "location /only {R}", uris: &["/", "/on", "/only"] },
];
