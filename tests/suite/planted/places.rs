//! Where the secrets are planted.
//!
//! Invariant: each has a number of its own, `S3cr3t01` to `S3cr3t70`; NGINX takes the configuration.

use crate::support::binary::{SITE, Server};
use motionctl::db::{Connection, FileAccess, Limits, Source};
use regex::Regex;
use std::path::Path;

/// Before the server block.
const MAPS: &str = r#"
map $http_x_key $api_token { default ""; "S3cr3t01" "S3cr3t02"; }
map $http_x_api_key $who { include /etc/nginx/keys.map; default 0; }
map $host $backend_auth { default "Basic S3cr3t03"; }
geo $remote_addr $geo_secret { default S3cr3t04; }
"#;
const KEYS: &str = "S3cr3t05 1;\n\"S3cr3t06\" 2;\n";
/// In a file whose name has a blank.
const BLANK: &str = "map $http_x_psk $psk_ok { \"S3cr3t46\" 1; }\n";
/// In the server block.
const BLOCKS: &str = r#"
    location /hook/ {
        proxy_set_header X-Internal-Key "S3cr3t07";
        proxy_set_header X-Remote-Pass S3cr3t08;
        proxy_set_header apiKey S3cr3t09;
        proxy_set_header Authorization "Bearer S3cr3t10";
        proxy_set_header Cookie "sid=S3cr3t11";
        proxy_set_header X-Any eyJhbGciOiJIUzI1NiJ9.eyJz.S3cr3t12;
        fastcgi_param SMTP_PASS S3cr3t13;
        fastcgi_param WIFI_PSK S3cr3t14;
        uwsgi_param HMAC S3cr3t15;
        add_header X-Shared-Key "S3cr3t16";
        add_header Set-Cookie "id=S3cr3t17; Path=/";
        if ($arg_key = "S3cr3t18") { return 204; }
        if ($http_x_key != S3cr3t19) { return 403; }
        if ($http_pin = "S3cr3t20") { return 204; }
        if ($cookie_session ~ "^S3cr3t21$") { return 403; }
        if ($http_authorization ~* "Basic S3cr3t22") { return 403; }
        proxy_pass http://127.0.0.1:9000/hook?key=S3cr3t23;
    }
    location /more/ {
        set $apikey "S3cr3t24";
        set $dbPassword 'S3cr3t25
            S3cr3t26';
        set $sig S3cr3t27$uri;
        set $login "admin:S3cr3t28";
        set $slack xoxb-12345-S3cr3t29;
        secure_link $arg_md5;
        secure_link_md5 "$uri S3cr3t30";
        proxy_set_body "{\"pin\":\"S3cr3t31\"}";
        proxy_cookie_path / "/; token=S3cr3t32";
        sub_filter '</head>' 'apiKey="S3cr3t33"';
        return 302 https://x.example.test/?signature=S3cr3t34&a=b#access_token=S3cr3t35;
    }
    location /json/ { return 200 '{"password":"S3cr3t37"}'; }
    rewrite ^/old$ /api/cb?key=S3cr3t36 last;
    # curl -H "Authorization: Bearer S3cr3t38"
    # {"password": "S3cr3t39"}
    # password: S3cr3t40
    # proxy_set_header X-Internal-Key "S3cr3t41";
    # proxy_pass http://admin:S3cr3t42@127.0.0.1/;
    # ask with ?api_key=S3cr3t43
    # curl -u me:S3cr3t44 https://h.example.test/
    # the password is S3cr3t45
"#;
const ENV: &str = "XC_DB_SERVER_PASSWORD=S3cr3t47\nXC_MYSQL_HOST_PASS=S3cr3t48\nXC_ARI_SERVER_SECRET=S3cr3t49\n\
    XC_MYSQL_URI='mysql://motion:S3cr3t50@127.0.0.1/motion2'\nXC_API_TOKEN=S3cr3t51\nXC_DB_USER_HOST=S3cr3t52\n";
const PRODUCTION: &str = "module.exports = {\n  port: 9000,\n  mysql: { host: 'localhost', password: 'S3cr3t53',\n    \
    uri: 'mysql://motion:S3cr3t54@127.0.0.1/motion2' },\n  secrets: { host: 'S3cr3t55' },\n};\n";
/// Written after the change: they stop one.
const OPTIONS: &str = "[client]\npassword=S3cr3t56\n[mysqld]\nwsrep_on=ON\nwsrep_sst_auth=root:S3cr3t57\n\
    wsrep_cluster_address=gcomm://10.0.0.5,10.0.0.6?socket.password=S3cr3t68\n";
const MOUNTS: &str = "//nas/motion /var/opt/motion2 cifs username=m,password=S3cr3t58 0 0\n\
    https://m:S3cr3t59@dav.example.test/x /var/lib/mysql davfs rw 0 0\n";
/// Settings that are taken.
const SETTINGS: &str = "[[probe]]\nurl = \"http://cc.example.test/hook/?key=S3cr3t60\"\nstatus = 403\n\
    [watch]\ncommand = [\"/usr/bin/true\", \"--token=S3cr3t61\"]\n";
/// Settings that are refused, in several ways.
pub const BROKEN_SETTINGS: [&str; 4] = [
    "new_client_upstream = \"http://u:S3cr3t62@h\nsite = 1\n",
    "no_db = \"S3cr3t63\"\n",
    "[watch]\nheal = \"S3cr3t64\"\n",
    "strategy = \"S3cr3t65\"\n[[probe]]\nurl = \"https://u:S3cr3t65@cc.example.test/\"\n",
];
/// The environment of every command.
pub const ENVIRONMENT: [(&str, &str); 2] = [("MYSQL_PWD", "S3cr3t66"), ("API_TOKEN", "S3cr3t67")];
/// What the database has beside Motion's rows.
const ROWS: &str = "ALTER TABLE users ADD COLUMN password VARCHAR(255);\nALTER TABLE users ADD COLUMN apiKey VARCHAR(255);\n\
    INSERT INTO users (name, fullname, internal, role, password, apiKey, createdAt, updatedAt)\n\
    VALUES ('agent9', 'Agent Nine', '1009', 'agent', 'S3cr3t69', 'S3cr3t70', '2026-01-01', '2026-01-01');\n";

/// Every text that holds some.
pub const PLACES: [&str; 16] = [
    MAPS, KEYS, BLANK, BLOCKS, ENV, PRODUCTION, OPTIONS, MOUNTS, SETTINGS, BROKEN_SETTINGS[0],
    BROKEN_SETTINGS[1], BROKEN_SETTINGS[2], BROKEN_SETTINGS[3], ENVIRONMENT[0].1, ENVIRONMENT[1].1, ROWS,
];

/// The numbers of the secrets in a text.
pub fn numbers(text: &str) -> Vec<u32> {
    let mark = Regex::new(r"S3cr3t(\d\d)").expect("a pattern");
    mark.captures_iter(text).map(|found| found[1].parse().expect("digits")).collect()
}

/// A server that has them, but for what would stop a change.
pub fn planted() -> Server {
    let server = Server::copy("customised");
    let text = server.read(SITE);
    let end = text.rfind('}').expect("a block");
    server.write(SITE, format!("{MAPS}{}{BLOCKS}{}", &text[..end], &text[end..]));
    server.write("etc/nginx/keys.map", KEYS);
    server.write("etc/nginx/conf.d/a b.conf", BLANK);
    server.write("var/opt/motion2/.env", ENV);
    std::fs::create_dir_all(server.at("var/opt/motion2/server/config/environment")).expect("a folder");
    server.write("var/opt/motion2/server/config/environment/production.js", PRODUCTION);
    std::fs::create_dir_all(server.at("etc/motionctl")).expect("a folder");
    server.write("etc/motionctl/config.toml", SETTINGS);
    server
}

/// What stops a change: another machine's storage and database.
pub fn plant_stops(server: &Server) {
    std::fs::create_dir_all(server.at("etc/mysql")).expect("a folder");
    server.write("etc/mysql/my.cnf", OPTIONS);
    server.write("etc/fstab", MOUNTS);
}

/// A database with the embedded schema and some of them.
pub fn database(path: &Path) {
    let source = Source::File { path: path.to_owned(), access: FileAccess::Create };
    let mut conn = Connection::open(&source, &Limits::work()).expect("a file");
    conn.script(include_str!("../../../templates/seed/schema.sql")).expect("the schema");
    conn.script(ROWS).expect("rows");
}
