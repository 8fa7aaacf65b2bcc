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
        "# authority_token=[redacted], X-Author-Auth: [redacted]",
    );
    check("secure_link_md5 \"$uri s3cret\";", "secure_link_md5 [redacted];");
    check("proxy_pass http://me:pw@a.test/x;", "proxy_pass http://[redacted]@a.test/x;");
    check("proxy_pass http://a.test/?api_key=abc&x=1;", "proxy_pass http://a.test/?api_key=[redacted]&x=1;");
    check("map $host $api_token { default abc; }", "map $host $api_token { default [redacted]; }");
    check(
        "map $http_x_api_key $who { default 0; hostnames; k3y joe; }",
        "map $http_x_api_key $who { default 0; hostnames; [redacted] joe; }",
    );
    check("map $host $name { a.test A; }", "map $host $name { a.test A; }");
    check("\"k3y\" 1;\nk-3y 1;", "[redacted] 1;\n[redacted] 1;");
    // What begins with an unknown name need not be a list.
    check(
        "ModSecurityEnabled on;\nadd_header X-Auth-Token 'k3y' always;",
        "[redacted] on;\n[redacted] X-Auth-Token [redacted] always;",
    );
    check(
        "if ($http_authorization != 'Basic x') { return 401; }",
        "if ($http_authorization != [redacted]) { return 401; }",
    );
    check(
        "# proxy_set_header Authorization abc;\nlisten 80;",
        "# proxy_set_header Authorization [redacted];\nlisten 80;",
    );
    check("# token=abc\n", "# token=[redacted]\n");
    check("set $a_secret 'x\ny'; listen 80;", "set $a_secret [redacted]\n; listen 80;");
    check(
        "content_by_lua_block { local token = \"abc\" }",
        "content_by_lua_block { 1 line, sha256:10de4a19 }",
    );
}

#[test]
fn a_name_that_ends_like_a_password_is_one() {
    // "pass" or "pw" at the end of a name, as `$password` would be; and what only sounds so.
    check("if ($userpass = \"me:pw4718\") { return 403; }", "if ($userpass = [redacted]) { return 403; }");
    check("set $db_password pw4718;", "set $db_password [redacted];");
    check("set $upw pw4718;", "set $upw [redacted];");
    check("fastcgi_param DB_PASS pw4718;", "fastcgi_param DB_PASS [redacted];");
    check("map $user_pw $ok { pw4718 1; default 0; }", "map $user_pw $ok { [redacted] 1; default 0; }");
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
fn a_quote_that_was_never_closed_shows_no_secret_of_a_later_line() {
    // Found by fuzzing: what opens the second value was taken for the end of the first.
    let shown = redact_text("$arg_key = \"abc;\napi_key: \"s3cr3t-1\"\nhost: a");
    assert_eq!(shown, "$arg_key = \"[redacted]\n\"\nhost: a");
    for begin in ["", "$", "/", "_", "+", "("] {
        let shown = redact_text(&format!("token='abc\nb c\npin = '{begin}s3cr3t'\nand so on"));
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    // To the end of the line where nothing closes it.
    assert_eq!(redact_text("token=\"abc\npin=\"s3cr3t x\nhost"), "token=\"[redacted]\n\nhost");
    // A value over lines ends where it is closed.
    for end in ["\"", "\";", "\",", "\")", "\"}", "\".", "\" x"] {
        assert_eq!(redact_text(&format!("token=\"a\nb{end}")), format!("token=\"[redacted]\n{end}"));
    }
    // Minutes, when each of these looked through all that follow.
    let many = "key: \"a b\n".repeat(50_000);
    assert_eq!(redact_text(&format!("{many}pin = \"s3cr3t\"\n")), format!("{many}pin = \"[redacted]\"\n"));
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

/// Part of every secret of the fixture, as it is written in any of them.
const MARKS: [&str; 2] = ["S3cr3t", "S3CR3T"];

const ORDINARY: &str = include_str!("../../fixtures/redact/ordinary.conf");
const SECRETS: &str = include_str!("../../fixtures/redact/secrets.conf");
/// What is shown of it.
const EXPECT: &str = include_str!("../../fixtures/redact/secrets.expect");

/// Every directive of a tree by itself, as a difference shows it.
fn by_directive(tree: &Tree) -> Vec<String> {
    tree.walk().map(|id| format!("{} {}", redact_name(tree, id), redact_arguments(tree, id))).collect()
}

#[test]
fn ordinary_lines_stay_byte_for_byte() {
    let source = ORDINARY;
    let shown = String::from_utf8(redact_source(source.as_bytes())).expect("text");
    let pairs = source.lines().zip(shown.lines());
    let changed: Vec<_> = pairs.filter(|(was, shown)| was != shown).collect();
    assert_eq!(changed, Vec::new());
    assert_eq!(shown, source);
    assert!(source.lines().count() >= 200);
    let tree = Tree::parse(source).expect("parses");
    let hidden: Vec<_> = by_directive(&tree).into_iter().filter(|line| line.contains(REDACTED)).collect();
    assert_eq!(hidden, Vec::<String>::new());
}

#[test]
fn secrets_are_known_by_what_they_are() {
    let source = SECRETS;
    let leaks = |shown: &str| -> Vec<String> {
        let lines = shown.lines().filter(|line| MARKS.iter().any(|mark| line.contains(mark)));
        lines.map(str::to_owned).collect()
    };
    let shown = String::from_utf8(redact_source(source.as_bytes())).expect("text");
    assert_eq!(leaks(&shown), Vec::<String>::new());
    let tree = Tree::parse(source).expect("parses");
    assert_eq!(leaks(&by_directive(&tree).join("\n")), Vec::<String>::new());
    assert_eq!(shown.lines().count(), source.lines().count(), "positions still hold");
    // What is hidden once is not hidden further.
    let again = String::from_utf8(redact_source(shown.as_bytes())).expect("text");
    assert_eq!(again, shown);
    // Each line alone, and as a text that does not parse.
    for line in source.lines().skip(1) {
        let alone = String::from_utf8(redact_source(line.as_bytes())).expect("text");
        let broken = String::from_utf8(redact_source(format!("}} {line}").as_bytes())).expect("text");
        // Code is hidden by its braces, which are not there.
        assert!(line.contains(" k ") || leaks(&alone).is_empty(), "{line}\n{alone}");
        assert!(line.contains(" k ") || leaks(&broken).is_empty(), "{line}\n{broken}");
    }
    assert_eq!(shown, EXPECT);
}

/// What is said of a configuration in two files, its secrets hidden.
fn said(source: &str, message: &str) -> String {
    let reader = crate::MemoryReader::new()
        .with("/etc/nginx/nginx.conf", "include 'a b.conf';\nproxy_set_header Host $hosst;\n")
        .with("/etc/nginx/a b.conf", source)
        .with("/etc/nginx/keys.map", "S3cr3tk 1;\nopensesame 1;\n");
    let paths = ["/etc/nginx/nginx.conf", "/etc/nginx"].map(std::path::Path::new);
    let config = crate::Config::load(paths[0], paths[1], &reader).expect("loads");
    redact_message(&config, message)
}

#[test]
fn what_nginx_says_of_a_secret_is_hidden() {
    let check =
        |source: &str, message: &str, expect: &str| assert_eq!(said(source, message), expect, "{source}");
    // A path with a blank, and small letters.
    check(
        "map $http_x_api_key $w { \"S3cr3tToken\" 1; \"S3cr3tToken\" 2; }",
        "nginx: [emerg] conflicting parameter \"s3cr3ttoken\" in /etc/nginx/a b.conf:1",
        "nginx: [emerg] conflicting parameter \"[redacted]\" in /etc/nginx/a b.conf:1",
    );
    // A file that the map includes; there a key may look like a directive.
    for key in ["s3cr3tk", "opensesame"] {
        check(
            "map $http_x_api_key $w { include keys.map; }",
            &format!("nginx: [emerg] conflicting parameter \"{key}\" in /etc/nginx/keys.map:2"),
            "nginx: [emerg] conflicting parameter \"[redacted]\" in /etc/nginx/keys.map:2",
        );
        check(
            "map $http_x_api_key $w { include keys.map; }",
            &format!("nginx: [emerg] conflicting parameter \"{key}\" in /elsewhere/keys.map:2"),
            "nginx: [emerg] conflicting parameter \"[redacted]\" in /elsewhere/keys.map:2",
        );
    }
    // From a variable's sign on, and without a place.
    for source in [
        "proxy_set_header Authorization \"Basic pa$sw0rd\";",
        "set $api_token $sw0rd;",
        "secure_link_md5 \"$uri pa${sw0rd}\";",
    ] {
        let hidden = "nginx: [emerg] unknown \"[redacted]\" variable";
        check(source, "nginx: [emerg] unknown \"sw0rd\" variable", hidden);
    }
    // Quotes inside of what is quoted.
    check(
        "set $api_token 'a\"b' c;",
        "nginx: [emerg] invalid number \"a\"b\" of \"set\" in /etc/nginx/a b.conf:1",
        "nginx: [emerg] invalid number \"[redacted]\" in /etc/nginx/a b.conf:1",
    );
    check(
        "proxy_pass http://me:S3cr3t@h.example.test/;",
        "[error] 1#1: *2 connect() failed, upstream: \"http://me:S3cr3t@h.example.test/?key=S3cr3t\", request: \"GET /a?pin=S3cr3t&x=1 HTTP/1.1\"",
        "[error] 1#1: *2 connect() failed, upstream: \"[redacted]\", request: \"GET /a?pin=[redacted]&x=1 HTTP/1.1\"",
    );
}

#[test]
fn what_a_list_includes_is_known_for_what_it_is() {
    let reader = crate::MemoryReader::new()
        .with(
            "/etc/nginx/nginx.conf",
            "map $http_x_tenant $api_token { include tok.map; }\ngeo $api_key { include geo.map; }\n\
             map $http_x_api_key $who { default 0; include keys.map; }\nmap $host $name { include names.map; }\n",
        )
        .with("/etc/nginx/tok.map", "acme hunteracme;\n# old hunterold;\nb \"x$hunterBb\";\nc \"x${hunterc\";\n")
        .with("/etc/nginx/geo.map", "10.0.0.1 huntergeo;\ninclude more.map;\n")
        .with("/etc/nginx/more.map", "10.0.0.2 huntermore;\n")
        .with("/etc/nginx/keys.map", "hunterkey 1;\ngzip 1;\n")
        .with("/etc/nginx/names.map", "a.test acme_corporation;\n");
    let paths = ["/etc/nginx/nginx.conf", "/etc/nginx"].map(std::path::Path::new);
    let config = crate::Config::load(paths[0], paths[1], &reader).expect("loads");
    let shown = |name: &str| {
        let tree = &config.files().find(|(_, file)| file.path.ends_with(name)).expect("included").1.tree;
        (by_directive(tree).join("; "), String::from_utf8(redact_tree(tree)).expect("text"))
    };
    let hidden = "acme [redacted];\n# [redacted];\nb [redacted];\nc [redacted];\n";
    assert_eq!(shown("tok.map").1, hidden);
    assert_eq!(shown("tok.map").0, "acme [redacted]; b [redacted]; c [redacted]");
    assert_eq!(shown("geo.map").1, "10.0.0.1 [redacted];\ninclude more.map;\n");
    assert_eq!(shown("more.map").1, "10.0.0.2 [redacted];\n");
    assert_eq!(shown("keys.map").1, "[redacted] 1;\n[redacted] 1;\n");
    assert_eq!(shown("names.map").1, "a.test acme_corporation;\n");
    for said in ["unknown \"hunterbb\" variable", "the closing bracket in \"hunterc\" variable is missing"] {
        let shown = redact_message(&config, &format!("nginx: [emerg] {said}"));
        assert!(!shown.contains("hunter") && shown.contains(REDACTED), "{shown}");
    }
    let changed = reader.with("/etc/nginx/tok.map", "acme hunteracme2;\n");
    let changed = crate::Config::load(paths[0], paths[1], &changed).expect("loads");
    let rows = crate::diff::diff(&config, &changed);
    assert!(rows.rows().count() > 0 && !format!("{rows:?}").contains("hunter"), "{rows:?}");
}

#[test]
fn of_a_list_alone_is_hidden_what_could_be_a_secret() {
    check("acme hunteracme;\n", "[redacted] [redacted];\n");
    check("letmeinplease 1;\n", "[redacted] 1;\n");
    check("10.0.0.1 huntergeo;\n", "10.0.0.1 [redacted];\n");
    // What could not.
    for plain in [
        "a.example.test 10.0.0.5:8080;\n*.b.test auth-backend;\n10.0.0.0/8 1;\n/old /new;\n10.0.0.1 $host;\n",
        "gzip on;\nexpires 30d;\nreturn 301 /x;\n",
        "brotli on;\nbrotli_comp_level 6;\n",
    ] {
        check(plain, plain);
    }
    // A list that was switched off, line by line.
    check(
        "#map $http_x_key $ok {\n#  \"hunter\" 1;\n#\n# hunter 2;\n#}\n# hunter 1;\n",
        "#map $http_x_key $ok {\n#  [redacted];\n#\n# [redacted];\n#}\n# hunter 1;\n",
    );
}

#[test]
fn an_address_is_shown_without_its_user_with_or_without_a_scheme() {
    let check = |address: &str, expect: &str| assert_eq!(redact_address(address), expect);
    check("u:hunter@10.0.0.6:9000", "[redacted]@10.0.0.6:9000");
    check("hunter@10.0.0.6", "[redacted]@10.0.0.6");
    check("u:hunter@$host", "[redacted]@$host");
    check("http://u:hunter@$host", "http://[redacted]@$host");
    check("h/x?token=hunter", "h/x?token=[redacted]");
    check("http://h/?next=http://u:hunter@i/", "http://h/?next=http://[redacted]@i/");
    for plain in ["token_service:80", "10.0.0.6:9000", "[::1]:80", "$backend", "$user@h", "@named", "h/a@b"] {
        check(plain, plain);
    }
    // The arrow of a finding's evidence, and the complaint about a setting.
    for plain in
        ["location / → token_service:81 (a.conf:1)", "upstream \"my token\": neither http:// nor https://"]
    {
        assert_eq!(redact_text(plain), plain);
    }
}

#[test]
fn lists_that_never_end_are_hidden_once() {
    for begin in ["secret: {", "secret: [", "\"name\":\"a_token\",\"value\":\"hunter", "password: a "] {
        let text = format!("# {}\n", begin.repeat(5_000));
        let started = std::time::Instant::now();
        let shown = String::from_utf8(redact_source(text.as_bytes())).expect("text");
        assert!(shown.contains(REDACTED) && shown.lines().count() == 1);
        assert!(started.elapsed().as_secs() < 60, "{begin}");
    }
}

#[test]
fn a_name_about_a_secret_is_judged_by_its_last_word_and_shows_what_that_means() {
    let shows = |called: &str, value: &str| {
        let line = format!("set ${called} {value};");
        String::from_utf8(redact_source(line.as_bytes())).expect("text") == line
    };
    for (called, value) in [
        ("auth_backend", "10.0.0.1:80"),
        ("auth_backend", "auth.example.test"),
        ("token_endpoint", "https://sso.example.test/token"),
        ("session_timeout", "3600"),
        ("auth_mode", "sso"),
        ("auth_version", "v2"),
        ("session_zone", "za"),
    ] {
        assert!(shows(called, value), "{called} {value}");
    }
    for (called, value) in [
        ("auth_backend", "hunter"),
        ("auth_backend", "902677"),
        ("auth_mode", "hunter"),
        ("auth_mode", "902677"),
        ("auth_mode", "/hunter"),
        ("session_timeout", "hunter"),
        ("session_timeout", "123456789"),
        ("endpoint_token", "https_hunter"),
        ("mode_auth", "hunter"),
    ] {
        assert!(!shows(called, value), "{called} {value}");
    }
}

#[test]
fn what_nginx_says_otherwise_stays() {
    for message in [
        "nginx: [emerg] unknown \"hosst\" variable",
        "nginx: [emerg] unknown directive \"proxy_set_headers\" in /etc/nginx/nginx.conf:2",
        "nginx: [emerg] \"proxy_pass\" directive is duplicate in /etc/nginx/nginx.conf:2",
        "nginx: [warn] conflicting server name \"a.example.test\" on 0.0.0.0:80, ignored",
        "nginx: [emerg] host not found in upstream \"auth.example.test:99\" in /etc/nginx/nginx.conf:2",
        "nginx: [emerg] cannot load certificate \"/etc/nginx/tls/a b.crt\": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory:calling fopen(/etc/nginx/tls/a b.crt, r))",
        "nginx: [emerg] cannot load certificate key \"/etc/nginx/tls/motion.key\": PEM_read_bio_PrivateKey() failed (SSL: error:0909006C:PEM routines:get_name:no start line:Expecting: ANY PRIVATE KEY)",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        "nginx: [emerg] open() \"/etc/nginx/conf.d/auth.conf\" failed (2: No such file or directory) in /etc/nginx/nginx.conf:1",
        "[error] 7#7: *1 user \"joe\": password mismatch, client: 10.0.0.1, server: a.test, request: \"GET / HTTP/1.1\"",
        "[error] 7#7: *1 no user/password was provided for basic authentication, client: 10.0.0.1",
        "[notice] 7#7: signal process started",
        "[crit] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking",
    ] {
        assert_eq!(said("set $api_token abc; set $y 1;", message), message);
    }
}

#[test]
fn the_shapes_of_keys_are_known_wherever_they_stand() {
    for text in [
        "# %BEGIN RSA PRIVATE KEY% MIIS3cr3t %END RSA PRIVATE KEY%",
        "%BEGIN PRIVATE KEY%\nMIIS3cr3t\nS3cr3t==\n%END PRIVATE KEY%",
        "x eyJhbGciOiJIUzI1NiJ9.eyJTM2NyM3QiOjF9.S3cr3t y",
        "ASIAS3CR3TS3CR3TAA",
        "github_pat_11S3cr3t_abc",
        "glpat-S3cr3t-abc_d",
        "xoxp-1-2-S3cr3t",
        "rk_test_S3cr3tabc",
        "AIzaS3cr3tS3cr3tS3cr3tS3cr3t",
        "SG.S3cr3tabcdef.S3cr3tabcdef",
        "12345678:AA-S3cr3tS3cr3tS3cr3tS3cr3t",
        "{SSHA}S3cr3tS3cr3t",
        "joe:$apr1$S3cr3t$S3cr3tS3cr3t",
        "# aGVsbG8gd29ybGQgS3cr3tQmFzZTY0IGlzIGEgdmVyeSBsb25nIGxpbmU5OTk5",
        "https://discord.com/api/webhooks/1/S3cr3t",
        "postgres://u:S3cr3t;x@h/d",
        "redis://:S3cr3t@h:6379/0",
        "amqp://u:S3cr3t#x@h",
        "/a;jsessionid=S3cr3t?x=1",
        "\"apiKey\" : \"S3cr3t\"",
        "apiKey:'S3cr3t'",
        "Proxy-Authorization: Negotiate S3cr3t",
        "authorization=S3cr3t",
        "PWD_DB = S3cr3t",
        "\\\"pin\\\": \\\"S3cr3t\\\"",
        "proxy_set_header X-Key S3cr3t",
        "X-Hub-Signature-256: sha256=S3cr3t",
        "AWS4-HMAC-SHA256 Credential=AKIDS3cr3t/2024, SignedHeaders=host, Signature=S3cr3t",
        "data[password]=S3cr3t",
        "user.password: S3cr3t",
        "license: S3cr3t",
    ] {
        // Spelled so, because no file of ours holds what looks like a key.
        let shown = redact_text(&text.replace('%', "-----"));
        assert!(!MARKS.iter().any(|mark| shown.contains(mark)), "{text}\n{shown}");
        assert_eq!(redact_text(&shown), shown);
    }
}

#[test]
fn a_path_with_a_moment_and_a_hash_stays() {
    let hash = "e34d76a56a6a4404b55ce9ec84e6067b8a4983f38602b574088dd78cc2f7a8f2";
    let path = format!("install -m 600 /var/backups/20261128T190843Z-9ff4fd23/content/{hash} /etc/x.toml");
    assert_eq!(redact_text(&path), path);
    assert_eq!(redact_text("/srv/keys/aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1x"), REDACTED);
}

#[test]
fn a_text_keeps_its_lines_wherever_one_ends_in_a_secret() {
    let sources = [
        "log_format x '{\"auth\":\"s3cret of two words\", \"b\": 1}';",
        "set $api_token \"s3cret of two words\";",
        "proxy_set_header Authorization \"Bearer s3cret\";",
        "add_header X-Note \"Api-Token: s3cret, and more\";",
        "proxy_pass \"http://me:s3cret@a.test/x?token=abc&y=1\";",
        "return 200 '[{\"name\": \"db_password\", \"value\": \"s3cret\"}]';",
        "return 200 '[{\"value\": \"s3cret\", \"name\": \"db_password\"}]';",
        "return 200 '%BEGIN PRIVATE KEY%MIIabc%END PRIVATE KEY%';",
        "if ($http_authorization != 'Basic s3cret') { return 401; }",
        "map $http_x_api_key $who { default 0; 's3cret' joe; }",
        "# mysql -u root -p's3cret'\nuser www;",
    ];
    let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
    for source in sources {
        // A line may end behind a backslash, too, without ending a word that has no quotes.
        for (at, end) in (0..=source.len()).flat_map(|at| ["\n", "\n\n", "\\\n"].map(|end| (at, end))) {
            let mut broken = source.to_owned();
            broken.insert_str(at, end);
            let broken = broken.replace('%', "-----");
            for shown in [redact_source(broken.as_bytes()), redact_text(&broken).into_bytes()] {
                assert_eq!(
                    lines(&shown),
                    lines(broken.as_bytes()),
                    "{broken} as {}",
                    String::from_utf8_lossy(&shown)
                );
            }
        }
    }
}
