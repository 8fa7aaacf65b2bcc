//! The routing bundle as users get it: rendered, served by a real nginx and
//! asked over the wire.

use crate::support::nginx::{Answer, Nginx, Place};
use motionctl::plan::bundle::{
    Bundle, BundleError, ClientFolder, ClientSource, FilePath, Listen, MissingFiles, RenderedRoute,
    RouteValues, ServerName, SiteValues, Size, Tls, Transport, UpstreamUrl,
};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

const INDEX: &str = "<!doctype html><base href=\"/user-ui/\">";
const NGINX: (u32, u32, u32) = (1, 22, 1);

/// What a careful site has: headers of its own, a rule for scripts that would win against a plain
/// prefix, a catch-all, and no list of types.
const SITE: &str = r#"
    server_name cc.example.test;
    add_header Strict-Transport-Security "max-age=31536000" always;
    expires 30d;
    location ~* \.(js|css)$ { return 200 "the old rule"; }
    location / { return 200 "legacy"; }
"#;

#[test]
fn a_folder_is_served_as_a_single_page_application() {
    let server = serve_folder("client");
    for uri in ["/user-ui/", "/user-ui/login", "/user-ui/login?next=/x", "/user-ui/users/john.doe"] {
        let page = ask(&server, "GET", uri);
        assert_eq!((page.status, page.text().as_str()), (200, INDEX), "{uri}");
        assert_eq!(header(&page, "Content-Type"), Some("text/html"), "{uri}");
        assert_eq!(header(&page, "Cache-Control"), Some("no-cache"), "{uri}");
        assert!(header(&page, "Strict-Transport-Security").is_some(), "{uri}");
    }
    let folder = ask(&server, "GET", "/user-ui/assets/");
    assert_eq!(folder.text(), INDEX, "a folder is neither listed nor refused");
    assert_eq!(ask(&server, "GET", "/login").text(), "legacy");
}

#[test]
fn files_keep_their_types_and_lifetimes() {
    let server = serve_folder("client");
    for (uri, kind, cached) in [
        ("main.3f2a9c1b.js", "application/javascript", "max-age=31536000"),
        ("chunk-7QX2MB4D.js", "application/javascript", "max-age=31536000"),
        ("styles.9b81d3f0.css", "text/css", "max-age=31536000"),
        ("custom-elements.js", "application/javascript", "no-cache"),
        ("assets/en.json", "application/json", "no-cache"),
        ("assets/LOGO.SVG", "image/svg+xml", "no-cache"),
    ] {
        let file = ask(&server, "GET", &format!("/user-ui/{uri}"));
        assert_eq!((file.status, file.text().as_str()), (200, uri));
        assert_eq!(header(&file, "Content-Type"), Some(kind), "{uri}");
        assert_eq!(header(&file, "Cache-Control"), Some(cached), "{uri}");
        assert!(header(&file, "Strict-Transport-Security").is_some(), "{uri}");
    }
    let head = ask(&server, "HEAD", "/user-ui/main.3f2a9c1b.js");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(header(&head, "Content-Length"), Some("16"));
}

#[test]
fn a_missing_file_is_not_a_page() {
    let server = serve_folder("client");
    for uri in ["/user-ui/nope.js", "/user-ui/main.00000000.js", "/user-ui/assets/nope.svg"] {
        let answer = ask(&server, "GET", uri);
        assert_eq!(answer.status, 404, "{uri}");
        assert!(header(&answer, "Strict-Transport-Security").is_some(), "{uri}");
        assert_eq!(header(&answer, "Cache-Control"), None, "an error is not kept for a year");
    }
    fs::remove_file(server.place.dir().join("client/index.html")).unwrap();
    let answer = ask(&server, "GET", "/user-ui/login");
    assert_eq!(answer.status, 404, "no cycle of internal redirects: {}", server.error_log());
}

#[test]
fn nothing_outside_the_folder_is_served() {
    let server = serve_folder("client");
    fs::write(server.place.dir().join("secret.txt"), "secret").unwrap();
    for uri in [
        "/user-ui/../secret.txt", "/user-ui/..%2fsecret.txt", "/user-ui/%2e%2e/secret.txt",
        "/user-ui../secret.txt", "/user-ui//../../secret.txt", "/user-ui/.env", "/user-ui/.git/config.txt",
        "/user-ui/assets/.hidden.js",
    ] {
        let answer = ask(&server, "GET", uri);
        let legacy_or_refused = answer.text() == "legacy" || [400, 404].contains(&answer.status);
        assert!(legacy_or_refused, "{uri}: {} {}", answer.status, answer.text());
    }
    assert_eq!(ask(&server, "GET", "/user-ui/.env").status, 404);
}

#[test]
fn the_path_without_its_slash_redirects() {
    let server = serve_folder("client");
    for (uri, target) in [("/user-ui", "/user-ui/"), ("/user-ui?a=b&c", "/user-ui/?a=b&c")] {
        let answer = ask(&server, "GET", uri);
        assert_eq!(answer.status, 302, "{uri}");
        assert_eq!(
            header(&answer, "Location"),
            Some(target),
            "relative, so that ports and proxies in front stay"
        );
        assert!(header(&answer, "Strict-Transport-Security").is_some());
    }
    assert_eq!(ask(&server, "GET", "/user-ui-old").text(), "legacy");
}

#[test]
fn odd_folders_are_quoted() {
    for name in
        ["with space", "semi;colon", "bra{ce}s", "quo\"te's", "back\\slash", "#hash", "ümlaut", "a\"; } b"]
    {
        let server = serve_folder(name);
        assert_eq!(ask(&server, "GET", "/user-ui/login").text(), INDEX, "{name}");
    }
}

#[test]
fn a_process_is_proxied_with_its_own_files_and_headers() {
    for (path, page, script) in [
        ("", "/user-ui/login", "/user-ui/main.js"),
        ("/", "/login", "/main.js"),
        ("/app/", "/app/login", "/app/main.js"),
    ] {
        let server = Nginx::serving(|place| {
            let upstream = UpstreamUrl::parse(&format!("http://{}{path}", place.listen(1))).unwrap();
            let routes = routes(ClientSource::Proxied { upstream });
            let echo = "add_header X-Seen \"$request_uri $http_host $http_x_forwarded_proto\"; \
                        add_header Cache-Control \"max-age=5\";";
            format!(
                "server {{ listen {};\n{SITE}\n{routes} }}\nserver {{ listen {}; {echo} return 200 client; }}",
                place.listen(0),
                place.listen(1)
            )
        });
        let answer = ask(&server, "GET", "/user-ui/login");
        assert_eq!((answer.status, answer.text().as_str()), (200, "client"));
        assert_eq!(header(&answer, "X-Seen"), Some(format!("{page} cc.example.test http").as_str()));
        assert_eq!(header(&answer, "Cache-Control"), Some("no-cache"));
        assert!(header(&answer, "Strict-Transport-Security").is_some());
        let file = ask(&server, "GET", "/user-ui/main.js");
        assert_eq!(header(&file, "X-Seen"), Some(format!("{script} cc.example.test http").as_str()));
        assert_eq!(header(&file, "Cache-Control"), Some("max-age=5"), "the process decides");
        assert_eq!(header(&ask(&server, "GET", "/user-ui?x"), "Location"), Some("/user-ui/?x"));
    }
}

#[test]
fn the_whole_site_serves_every_route() {
    let server = Nginx::serving(|place| {
        write_client(&place.dir().join("client"));
        let upstream = |n: usize| UpstreamUrl::parse(&format!("http://{}", place.listen(n))).unwrap();
        let site = SiteValues {
            routes: values(NGINX, folder(place.dir(), "client")),
            server_names: vec![ServerName::parse("cc.example.test").unwrap()],
            transport: Transport::Plain { listens: vec![Listen::parse(&[place.listen(0)]).unwrap()] },
            node: upstream(1),
            client_max_body_size: Some(Size::parse("1k").unwrap()),
        };
        let text = Bundle::embedded().render_site(&site).unwrap();
        format!("{text}\nserver {{ listen {}; return 200 \"node $request_uri\"; }}", place.listen(1))
    });
    for uri in ["/", "/login", "/api/users?x=1", "/socket.io/?EIO=4"] {
        assert_eq!(ask(&server, "GET", uri).text(), format!("node {uri}"));
    }
    assert_eq!(ask(&server, "GET", "/user-ui/login").text(), INDEX);
}

#[test]
fn http2_is_spelled_for_the_version_that_runs() {
    let site = |nginx_version| {
        let tls = Tls {
            listens: vec![Listen::parse(&["443", "ssl", "http2"]).unwrap()],
            quic: Vec::new(),
            redirects: vec![Listen::parse(&["80"]).unwrap()],
            certificate: FilePath::parse("tls/with space.crt").unwrap(),
            certificate_key: FilePath::parse("/etc/nginx/tls/motion.key").unwrap(),
            http2: true,
            http3: None,
        };
        let client = folder(Path::new("/srv"), "client");
        let site = SiteValues {
            routes: values(nginx_version, client),
            server_names: vec![ServerName::parse(r"~^cc\d{1,2}\.example\.test$").unwrap()],
            transport: Transport::Tls(tls),
            node: UpstreamUrl::parse("http://unix:/run/motion/node.sock").unwrap(),
            client_max_body_size: None,
        };
        Bundle::embedded().render_site(&site).unwrap()
    };
    let (old, new) = (site((1, 25, 0)), site((1, 25, 1)));
    assert!(old.contains("listen 443 ssl http2;") && !old.contains("http2 on;"), "{old}");
    assert!(new.contains("listen 443 ssl;") && new.contains("http2 on;"), "{new}");
    assert!(old.contains("ssl_certificate \"tls/with space.crt\";"), "{old}");
    assert!(old.contains(r#"server_name "~^cc\\d{1,2}\\.example\\.test$";"#), "{old}");
    assert!(accepted_by_nginx(&old), "{old}");
}

#[test]
fn a_broken_bundle_is_refused_by_name_and_line() {
    let refused = |name: &str, text: &str, part: &str| {
        let error = changed(name, text).and_then(|bundle| render(&bundle)).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    };
    refused("bundle.toml", "format = 1\nnonsense = 2\n", "nonsense");
    refused("bundle.toml", "format = 9\nname = \"x\"\nsite = \"server.conf\"\nroute = []\n", "format 9");
    refused(
        "bundle.toml",
        "format = 1\nname = \"x\"\nsite = \"server.conf\"\nroute = []\n",
        "no route for a static",
    );
    refused("bundle.toml", "format = 1\nname = \"x\"\nsite = \"nope.conf\"\nroute = []\n", "nope.conf");
    refused("static.conf", "\n\n{% if %}", "`static.conf` of the bundle, line 3");
    refused("static.conf", "location ^~ /user-ui/ { alias {{ client.rooot }}; }", "undefined");
    refused("static.conf", "location ^~ /user-ui/ { alias {{ nginx.x }}; }", "undefined");
    refused(
        "static.conf",
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
        "fuel",
    );
    refused("static.conf", "location ^~ /user-ui/ { alias {{ [1, 2] }}; }", "only text and numbers");
    refused("static.conf", "location /user-ui/ { }", "instead of `location ^~ /user-ui/`");
    refused("static.conf", "location ^~ /user-ui/ { } location /x { }", "2 directives");
    refused("static.conf", "location ^~ /user-ui/ {", "`static.conf`");
    let missing = BTreeMap::from([("bundle.toml".to_owned(), embedded_file("bundle.toml"))]);
    assert!(matches!(Bundle::from_files(missing), Err(BundleError::Missing { .. })));
    let mut binary = embedded_files();
    binary.insert("static.conf".to_owned(), vec![0xff, 0xfe]);
    assert!(matches!(Bundle::from_files(binary), Err(BundleError::NotText { .. })));
}

#[test]
fn a_bundle_writes_no_more_than_its_budget() {
    let refused = |name: &str, text: &str, part: &str| {
        let started = std::time::Instant::now();
        let error = changed(name, text).and_then(|bundle| render(&bundle)).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(started.elapsed().as_secs() < 20, "{part}");
    };
    let loops = |text: &str| format!("{{% for a in range(9999) %}}{text}{{% endfor %}}");
    refused("static.conf", &loops(&"x".repeat(1000)), "more than 1024 KiB");
    let doubled: String = (0..40).map(|n| format!("{{% set a{} = a{n} ~ a{n} %}}", n + 1)).collect();
    refused("static.conf", &format!("{{% set a0 = \"x\" %}}{doubled}"), "may not join");
    let spaces = "{% set ns = namespace(s=\"x\") %}{% for i in range(40) %}{% set ns.s = ns.s %}{% endfor %}";
    refused("static.conf", spaces, "unknown");
    let stored =
        "{% set a = \"x\" %}{% for i in range(64) %}{% set a %}{{ a }}{{ a }}{% endset %}{% endfor %}";
    refused("static.conf", stored, "not a block");
    refused("static.conf", "{{ \"x\" | indent(1000000000) }}", "unknown filter");
    refused("static.conf", "{{ \"%01000000000d\" | format(1) }}", "unknown filter");
    refused("static.conf", "{% include \"static.conf\" %}", "`include`");
    // Each of many templates is small enough, all of them are not.
    let route = |n: usize| {
        format!(
            "[[route]]\nlocation = \"= /user-ui/{n}\"\ntemplate = \"{n}\"\nclients = [\"static\"]\nnginx = \"1.0.0\"\n"
        )
    };
    let manifest: String = (0..6).map(route).collect();
    let mut files = embedded_files();
    files.insert(
        "bundle.toml".to_owned(),
        format!("format = 1\nname = \"x\"\nsite = \"server.conf\"\n{manifest}").into_bytes(),
    );
    for n in 0..6 {
        let text = format!("location = /user-ui/{n} {{ {} }}", loops(&format!("# {}\n", "x".repeat(90))));
        files.insert(n.to_string(), text.into_bytes());
    }
    let error = Bundle::from_files(files).and_then(|bundle| render(&bundle)).unwrap_err();
    assert!(error.to_string().contains("more than 4096 KiB in all"), "{error}");
}

#[test]
fn a_server_with_very_many_names_is_rendered_like_any_other() {
    let names = 100_000;
    let name = |n| ServerName::parse(&format!("n{n}.example.test")).unwrap();
    let values = SiteValues {
        routes: values(NGINX, folder(Path::new("/srv"), "client")),
        server_names: (0..names).map(name).collect(),
        transport: Transport::Plain { listens: vec![Listen::parse(&["80".to_owned()]).unwrap()] },
        node: UpstreamUrl::parse("http://127.0.0.1:9000").unwrap(),
        client_max_body_size: None,
    };
    let bundle = Bundle::embedded();
    let site = bundle.render_site(&values).unwrap();
    assert!(site.contains(" n0.example.test ") && site.contains(" n99999.example.test;"));
    for (legacy, text) in bundle.render_legacy(&values).unwrap() {
        assert!(text.contains(" n99999.example.test;"), "{legacy}");
    }
    // The guard still stops a template that goes on for ever, however many names there are.
    let endless = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}";
    let mut files = embedded_files();
    files.insert("server.conf".to_owned(), endless.as_bytes().to_vec());
    let error = Bundle::from_files(files).and_then(|bundle| bundle.render_site(&values)).unwrap_err();
    assert!(error.to_string().contains("fuel"), "{error}");
}

#[test]
fn an_nginx_that_is_too_old_is_said_so() {
    let values = values((1, 10, 3), folder(Path::new("/srv"), "client"));
    let error = Bundle::embedded().render_routes(&values).unwrap_err();
    assert!(error.to_string().contains("needs nginx 1.11.8, and 1.10.3 is running"), "{error}");
}

/// A site with the routes of a folder that holds a small client.
fn serve_folder(name: &str) -> Nginx {
    Nginx::serving(|place| {
        write_client(&place.dir().join(name));
        let routes = routes(folder(place.dir(), name));
        format!("server {{ listen {};\n{SITE}\n{routes} }}", place.listen(0))
    })
}

fn write_client(client: &Path) {
    fs::create_dir_all(client.join("assets")).unwrap();
    fs::create_dir_all(client.join(".git")).unwrap();
    fs::write(client.join("index.html"), INDEX).unwrap();
    for file in [
        "main.3f2a9c1b.js", "chunk-7QX2MB4D.js", "styles.9b81d3f0.css", "custom-elements.js",
        "assets/en.json", "assets/LOGO.SVG", "assets/.hidden.js", ".env", ".git/config.txt",
    ] {
        fs::write(client.join(file), file).unwrap();
    }
}

fn folder(parent: &Path, name: &str) -> ClientSource {
    let path = parent.join(name);
    ClientSource::Static { root: ClientFolder::parse(path.to_str().unwrap()).unwrap(), below: None }
}

fn routes(client: ClientSource) -> String {
    let values = values(NGINX, client);
    let routes = Bundle::embedded().render_routes(&values).unwrap();
    let identities: Vec<&str> = routes.iter().map(|route| route.identity.as_str()).collect();
    assert_eq!(identities, ["= /user-ui", "^~ /user-ui/"]);
    routes.into_iter().map(|route| route.text).collect()
}

fn values(nginx_version: (u32, u32, u32), client: ClientSource) -> RouteValues {
    RouteValues { nginx_version, client, missing_files: MissingFiles::Missing }
}

fn render(bundle: &Bundle) -> Result<Vec<RenderedRoute>, BundleError> {
    bundle.render_routes(&values(NGINX, folder(Path::new("/srv"), "client")))
}

/// The embedded bundle with one file replaced.
fn changed(name: &str, text: &str) -> Result<Bundle, BundleError> {
    let mut files = embedded_files();
    files.insert(name.to_owned(), text.as_bytes().to_vec());
    Bundle::from_files(files)
}

fn embedded_files() -> BTreeMap<String, Vec<u8>> {
    let names =
        ["bundle.toml", "redirect.conf", "static.conf", "missing.conf", "proxied.conf", "server.conf"];
    names.into_iter().map(|name| (name.to_owned(), embedded_file(name))).collect()
}

fn embedded_file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/new-client").join(name)).unwrap()
}

/// Whether `nginx -t` takes this site, but for the certificates that are not there.
fn accepted_by_nginx(site: &str) -> bool {
    let place = Place::new();
    fs::write(place.conf(), place.main(1) + &place.http(site)).unwrap();
    let output =
        Command::new("nginx").arg("-t").arg("-p").arg(place.dir()).arg("-c").arg(place.conf()).output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    said.contains("with space.crt") && said.contains("No such file")
}

fn ask(server: &Nginx, method: &str, uri: &str) -> Answer {
    let mut stream = TcpStream::connect(server.place.socket(0)).unwrap();
    write!(stream, "{method} {uri} HTTP/1.1\r\nHost: cc.example.test\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, headers: lines.collect(), body: bytes[split + 4..].to_vec() }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let found: Vec<&str> = answer
        .headers
        .iter()
        .filter_map(|line| line.split_once(": "))
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect();
    assert!(found.len() < 2, "{name} stands twice: {found:?}");
    found.first().copied()
}
