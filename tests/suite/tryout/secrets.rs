//! Secrets of a script: wherever they stand, neither shown nor kept.

use super::{script, try_on};
use crate::support::machine::Machine;

#[test]
fn passwords_of_statements_code_and_fields_are_not_shown() {
    let machine = Machine::new("standalone");
    let text = concat!(
        "set -x\nexec 2>&1\n",
        "mysql -e \"CREATE USER 'x'@'%' IDENTIFIED BY 'S3CRET it'\"\n",
        "mysql -e \"SET PASSWORD FOR x = PASSWORD('S3CRET it')\"\n",
        "mysqladmin -u root password S3CRET\nexport PSW=S3CRET\n",
        "printf '[Service]\\nExecStart=/x --token S3CRET -p S3CRET\\n' > /etc/systemd/system/m.service\n",
        "{ set +x; } 2>/dev/null\n",
        "cat > /etc/nginx/a.lua <<'E'\nlocal k = \"S3CRET\"\nif x ~= \"S3CRET\" then end\nE\n",
        "cat > /etc/nginx/a.js <<'E'\nif (r.headersIn['X-Api-Key'] !== 'S3CRET') {}\nE\n",
        "cat > /opt/x.json <<'E'\n{\"env\":[{\"name\":\"SECRET\",\"value\":\"S3CRET\"}]}\nE\n",
        "cat > /opt/x.yaml <<'E'\ndb:\n  secret: |\n    S3CRET\n  host: db.example.test\nE\n",
        "ln -s 'http://u:S3CRET@x/' /etc/nginx/l\nset -x\n",
        "printf '[general]\\nsecret=S3CRET\\nregister => user:S3CRET@sip.example.test\\n1234 => S3CRET,Name\\n' > /etc/a.conf\n",
        "true\n",
    );
    let output = try_on(&machine, text, &[]);
    output.expect(0, "ok");
    let path = script(&machine, text).display().to_string();
    let human = machine.motionctl(&["try", "-vv", &path]);
    for shown in [&output.stdout, &output.stderr, &human.stdout, &human.stderr] {
        let lines: Vec<_> = shown.lines().filter(|line| line.contains("S3CRET")).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
    for stays in ["CREATE USER", "lines, sha256:", "host: db.example.test", "register => user:"] {
        assert!(human.stdout.contains(stays), "{stays}: {human}");
    }
}

#[test]
fn no_secret_is_shown_or_kept_wherever_a_script_says_or_writes_it() {
    let machine = Machine::new("standalone");
    let site = "/etc/nginx/conf.d/motion.conf";
    let text = format!(
        "set -x\nexec 2>&1\ncurl -u xcally:S3CRET1 'https://h.example.test/x?key=S3CRET2&license=S3CRET3'\n\
         curl --user a:S3CRET4 https://h.example.test/\ncurl -uxcally:S3CRET5 https://h.example.test/\n\
         curl -H 'X-Api-Key: S3CRET6' https://h.example.test/\nmysql -uroot -pS3CRET7 -e 'select 1'\n\
         mysqldump -uroot -pS3CRET8 x\nsshpass -p S3CRET9 true\ndocker login -u a -p S3CRET10\n\
         echo 'Authorization: Basic eGNhbGx5UzNDUkVUMTE='\n\
         echo '*/5 * * * * root curl -u a:S3CRET12 https://x/y' > /etc/cron.d/m\n\
         sh -c 'curl -u a:S3CRET13 https://h.example.test/'\n\
         cp {site} /root/old\nsed -i 's|^    location /api/ {{|&\\n        proxy_set_header X-Vendor-Key \"S3CRET14\";|' {site}\n\
         {{ set +x; }} 2>/dev/null\ndiff -u /root/old {site}\n\
         docker run -e LICENSE_KEY=S3CRET15 x --api-token S3CRET16\n\
         set -x\necho admin:S3CRET17 | chpasswd\nchpasswd <<EOF\nroot:S3CRET18\nEOF\n\
         printf '#!/bin/sh\\necho root:S3CRET19 | chpasswd\\n' > /usr/local/sbin/again\necho 'author: the vendor'\ntrue\n"
    );
    let output = try_on(&machine, &text, &[]);
    output.expect(0, "ok");
    assert!(output.stdout.contains("docker login"), "{output}");
    assert!(output.stdout.contains("author: the vendor"), "{output}");
    let path = script(&machine, &text).display().to_string();
    let human = machine.motionctl(&["try", "-v", &path]);
    assert!(human.stdout.contains("curl -u [redacted]"), "{human}");
    let kept = machine.shell("cat /var/lib/motionctl/tries/*").stdout;
    assert!(kept.contains("mysql -uroot -p[redacted]"), "{kept}");
    for shown in [&output.stdout, &output.stderr, &human.stdout, &human.stderr, &kept] {
        for secret in ["S3CRET", "eGNhbGx5"] {
            let lines: Vec<_> = shown.lines().filter(|line| line.contains(secret)).collect();
            assert!(lines.is_empty(), "{lines:#?}");
        }
    }
}
