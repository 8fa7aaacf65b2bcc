//! Which files another tool writes: configuration managers, hosting panels, container proxies.
//!
//! Invariant: told from the file's own header, from marks that only one program leaves, or from the folder that it
//! lies in. What a person notes beside a directive, and what certbot adds, is no such claim.

use crate::outcome::Finding;
use crate::outcome::codes;
use regex::bytes::{RegexSet, RegexSetBuilder};
use std::path::Path;
use std::sync::LazyLock;

/// Lines of a file that count as its header.
const HEADER: usize = 16;

/// Tools whose name beside a claim is enough, in the header.
static TOOLS: LazyLock<RegexSet> = LazyLock::new(|| {
    set([
        r"\b(ansible|puppet|chef|salt(stack)?|cfengine|terraform|opentofu|rudder|bcfg2|pulumi|consul[- ]template|confd|docker-gen|nginx-proxy|ingress-nginx|kubernetes|nomad|cloud-init|gitlab-ctl|nixos|plesk|cpanel|whm|ispconfig|ispmanager|hestia(cp)?|vesta(cp)?|cyberpanel|aapanel|cloudpanel|directadmin|virtualmin|webmin|froxlor|keyhelp|runcloud|cloudron|yunohost|nginx proxy manager)\b",
    ])
});
/// What a tool claims of a file.
static CLAIMS: LazyLock<RegexSet> = LazyLock::new(|| {
    set([
        r"\b(managed|maintained|controlled|rendered|(auto(matically)?[- ]?)?generated|(created|written|set up) by|(do not|don't|not) (edit|modify|change|touch))\b",
    ])
});

/// Header lines that need no name beside them.
static PLAIN_CLAIMS: LazyLock<RegexSet> = LazyLock::new(|| {
    set([
        // Ansible's own variable, rendered or not.
        r"\bansible[_ ]managed\b",
        // Of the whole file, by a machine.
        r"\bauto(matically)?[- ]?(re)?generated\b|\b(re)?generated automatically\b",
        r"^\W*(this|the) (config(uration)?( file)?|file|vhost|virtual ?host)\b.{0,40}\b(generated|rendered|templated) (by|from|with)\b",
        r"^\W*(generated|rendered) (by|from|with)\b",
        r"\b(do not|don't|never) (edit|modify|change|touch) (this|the) (config(uration)?|file|vhost)\b",
        r"^\W*(please )?(do not|don't) (edit|modify|change|touch)( (by hand|manually|directly))?\W*$",
        r"\b(changes|edits|modifications)\b.{0,60}\b(be|get) (lost|overwritten|discarded|erased|replaced)\b",
    ])
});

/// Programs that write a file once and never look at it again, and what is said of a part of it.
static ONCE: LazyLock<RegexSet> = LazyLock::new(|| {
    set([
        r"\b(nginxconfig|mozilla|ssl[- ]config|certbot|let'?s ?encrypt|acme|openssl|dhparam|yeoman|debconf|dpkg|installer|setup script)\b",
    ])
});

/// A person says so of their own work; unless the line says that this is what must not be done.
static BY_HAND: LazyLock<RegexSet> = LazyLock::new(|| {
    set([
        r"\b(managed|maintained|generated|rendered|written|created)\b.{0,20}\b(by hand|manually|by (me|us|myself|ourselves))\b",
    ])
});
static NEGATED: LazyLock<RegexSet> = LazyLock::new(|| set([r"\b(not|never|no|don't)\b"]));

/// Marks that only one program leaves, wherever in the file they stand; and whose they are.
const MARKS: [(&str, &str); 6] = [
    (r"(?m)^\s*#\s*nginx-proxy version\s*:", "nginx-proxy"),
    (r"(?m)^\s*#\s*networks available to the container (labeled|running docker-gen)", "docker-gen"),
    (r"(?m)^\s*#\s*configuration checksum:\s*[0-9]*\s*$", "ingress-nginx"),
    (r"(?m)^\s*set \$forward_scheme [a-z]+;\s+set \$server\s", "Nginx Proxy Manager"),
    (r"(?m)^\s*#(cert-apply-check--|ssl-|php-info-|rewrite-)start\b", "aaPanel"),
    (r"(?m)^\s*#\s*(begin|start) (ansible|puppet|salt|chef) managed block", "a managed block"),
];

/// Folders into which only one program writes; and which.
const FOLDERS: [(&str, &str); 9] = [
    ("/www/server/panel/vhost/", "aaPanel"),
    ("/data/nginx/", "Nginx Proxy Manager"),
    ("/usr/local/directadmin/", "DirectAdmin"),
    ("/var/www/vhosts/system/", "Plesk"),
    ("/etc/nginx/plesk.conf.d/", "Plesk"),
    ("/etc/nginx/conf.d/users/", "cPanel"),
    ("/usr/local/hestia/", "HestiaCP"),
    ("/usr/local/vesta/", "VestaCP"),
    ("/var/opt/gitlab/", "gitlab-ctl"),
];

/// Of words of ASCII, in either case: classes of Unicode make such sets slow to compile.
fn set<const N: usize>(patterns: [&str; N]) -> RegexSet {
    RegexSetBuilder::new(patterns).case_insensitive(true).unicode(false).build().expect("constant patterns")
}

/// The finding of a file that another tool writes; by its path as NGINX names it and as links lead.
pub fn managed_elsewhere(path: &Path, target: &Path, source: &[u8]) -> Option<Finding> {
    let seen = folder(target).or_else(|| folder(path)).or_else(|| claim(source)).or_else(|| mark(source))?;
    Some(
        Finding::new(codes::SITE_MANAGED_ELSEWHERE, "another tool manages this file")
            .at(path.display().to_string(), None)
            .evidence(format!("{}: {seen}", path.display()))
            .advice("make the change there, or it will be lost; accept it to go on here"),
    )
}

fn folder(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    // `/home/USER/conf/web/…` of HestiaCP and VestaCP: the user is in the middle.
    let of_a_user = text.strip_prefix("/home/").and_then(|rest| rest.split_once('/'));
    let of_a_user = of_a_user.is_some_and(|(_, rest)| rest.starts_with("conf/web/"));
    let (_, owner) = FOLDERS
        .iter()
        .copied()
        .find(|(folder, _)| text.starts_with(folder))
        .or(of_a_user.then_some(("", "HestiaCP or VestaCP")))?;
    Some(format!("it lies where {owner} writes"))
}

/// What the header says of the whole file. Only comments before the first directive speak for the file; one with a
/// known tool's name also a little later.
fn claim(source: &[u8]) -> Option<String> {
    let mut before_directives = true;
    for line in source.split(|byte| *byte == b'\n').take(HEADER) {
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line).trim_ascii();
        if !line.starts_with(b"#") {
            before_directives &= line.is_empty();
            continue;
        }
        if BY_HAND.is_match(line) && !NEGATED.is_match(line) {
            continue;
        }
        let by_name = TOOLS.is_match(line) && CLAIMS.is_match(line);
        let by_words = before_directives && PLAIN_CLAIMS.is_match(line) && !ONCE.is_match(line);
        if by_name || by_words {
            return Some(String::from_utf8_lossy(line).into_owned());
        }
    }
    None
}

fn mark(source: &[u8]) -> Option<String> {
    static SEEN: LazyLock<RegexSet> = LazyLock::new(|| set(MARKS.map(|(pattern, _)| pattern)));
    let found = SEEN.matches(source).iter().next()?;
    Some(format!("it bears the marks of {}", MARKS[found].1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str, text: &str) -> bool {
        managed_elsewhere(Path::new(path), Path::new(path), text.as_bytes()).is_some()
    }

    #[test]
    fn headers_are_told_from_other_comments() {
        let check = |text: &str, managed: bool| {
            assert_eq!(seen("/etc/nginx/conf.d/motion.conf", text), managed, "{text}");
        };
        check("# Ansible managed\n", true);
        check("# ansible_managed: motion.conf.j2\n", true);
        check("# {{ ansible_managed }}\nserver {}\n", true);
        check("# This file is managed by Puppet. DO NOT EDIT.\nserver {}\n", true);
        check("#\n#  Generated by Chef for cc.example.test\n", true);
        check("  # Managed by Salt; do not edit\n", true);
        check("#ATTENTION!\n#\n#DO NOT MODIFY THIS FILE BECAUSE IT WAS GENERATED AUTOMATICALLY,\n", true);
        check("#====#\n# Default Template #\n# DO NOT MODIFY THIS FILE! CHANGES WILL BE LOST #\n", true);
        check("# Autogenerated by our deployment\n", true);
        check("# Managed by Puppet, must not be maintained by hand\n", true);
        check("# generated by deploy.sh; never written by hand\n", true);
        check("# by hand: nothing. Managed by Ansible\n", true);
        check("# DO NOT EDIT\n\nserver {}\n", true);
        check("# Your edits will be overwritten.\n", true);
        check("# This configuration was generated from motion.conf.tmpl\n", true);
        check("\u{feff}# managed by Terraform\n", true);
        check("server {\n  # managed by Terraform\n}\n", true);
    }

    #[test]
    fn ordinary_comments_claim_nothing() {
        let check = |text: &str| assert!(!seen("/etc/nginx/conf.d/motion.conf", text), "{text}");
        check("# This file is managed by the vendor\n");
        check("# The chef of our canteen asked for this\n");
        check("server_name ansible managed;\n");
        check(
            "server {\n listen 443 ssl; # managed by Certbot\n ssl_certificate /x; # managed by Certbot\n}\n",
        );
        check("# generated 2023-07-01, Mozilla Guideline v5.7, nginx 1.22\n");
        check("# Generated by nginxconfig.io\n");
        check("# generated by hand\n");
        check("# Rendered manually from the vendor's example, 2023\n");
        check("# maintained by hand since we gave up Puppet\n");
        check("# This file is managed by us, Ansible has left\n");
        check("# dhparam generated by openssl\n");
        check("server {\n # do not edit this location, ask the telephone people\n}\n");
        check("# The certificate is renewed automatically\n");
        check("# Changes: 2022-03-01 longer timeouts for reports\n");
        check("# Do not change the order of these locations\n");
        check("# ports must be managed in the firewall, too\n");
        check("# created when Kubernetes was given up, 2021\n");
        check("# Webhooks get lost when the timeout is short\n");
        check(&format!("{}# Ansible managed\n", "server {}\n".repeat(HEADER)));
    }

    #[test]
    fn programs_are_known_by_their_marks_and_folders() {
        for text in [
            "# nginx-proxy version : 1.6.0\nserver {}\n",
            "server {\n  set $forward_scheme http;\n  set $server         \"10.0.0.2\";\n}\n",
            "\n# Configuration checksum: 4909015860030157750\n\nserver {}\n",
            "server\n{\n    #CERT-APPLY-CHECK--START\n    #CERT-APPLY-CHECK--END\n}\n",
        ] {
            assert!(seen("/etc/nginx/conf.d/default.conf", text), "{text}");
        }
        for path in ["/www/server/panel/vhost/nginx/cc.conf", "/home/admin/conf/web/cc.test/nginx.conf"] {
            assert!(seen(path, "server {}\n"), "{path}");
        }
        for path in ["/home/admin/nginx/cc.conf", "/data/www/cc.conf", "/etc/nginx/conf.d/users.conf"] {
            assert!(!seen(path, "server {}\n"), "{path}");
        }
        // The enabled link leads into a panel's folder.
        let (link, target) =
            (Path::new("/etc/nginx/conf.d/cc.conf"), Path::new("/data/nginx/proxy_host/1.conf"));
        assert!(managed_elsewhere(link, target, b"server {}\n").is_some());
    }
}
