//! What `nginx -V` says: product, version and the paths that were compiled in.
//!
//! Pure: reads the text, never runs the binary.
//!
//! Invariant: a version is one of NGINX's own line. A relative's own number decides nothing: Tengine 3.0.0 is
//! built on nginx 1.24.0, and `http2 on;` is unknown to it.

use crate::facts::NginxVersion;
use crate::host::command;
use crate::host::command::Privileges;
use crate::host::sandbox::Capabilities;
use crate::host::trust::Executable;
use crate::outcome::{Failure, FailureKind};
use regex::Regex;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// How long `nginx -V` may take.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// Products whose version counts on from NGINX's where they print no line of NGINX's own. OpenResty adds a fourth
/// number to the version of its core; freenginx was forked from 1.25.3 and goes on from there.
const SAME_LINE: [&str; 3] = ["openresty", "ngx_openresty", "freenginx"];

/// An NGINX binary's version and built-in paths. Where a path was not given to `configure`, nginx's own default
/// (`auto/options`) counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The version, in NGINX's own line.
    pub version: NginxVersion,
    pub product: Product,
    /// `--prefix`: what relative paths start from; empty for the folder that it is started in.
    pub prefix: PathBuf,
    pub conf_path: PathBuf,
    /// `--error-log-path`; `None` when it is `stderr`.
    pub error_log: Option<PathBuf>,
    /// Logs, pid and lock files.
    pub files: Vec<PathBuf>,
    /// Folders of temporary files.
    pub folders: Vec<PathBuf>,
    pub user: String,
}

/// What a program calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Product {
    Nginx,
    /// A relative that is known, by its name and version, such as `Tengine/3.0.0`.
    Relative(String),
    /// Nothing that is known: whether its number is one of NGINX's cannot be told.
    Unknown(String),
}

/// A text that is not `nginx -V`'s.
#[derive(Debug, Error)]
#[error("`nginx -V` does not name a version")]
pub struct NoVersion;

/// Reads what `nginx -V` prints on standard error.
///
/// # Errors
/// When no version can be read.
pub fn parse_build(text: &str) -> Result<Build, NoVersion> {
    let (version, product) = parse_version(text).ok_or(NoVersion)?;
    let option = |name: &str| {
        let (_, behind) = text.split_once(&format!("--{name}="))?;
        let quoted = behind.strip_prefix('\'').and_then(|quoted| quoted.split_once('\''));
        let value = match quoted {
            Some((value, _)) => value,
            None => behind.split(char::is_whitespace).next().unwrap_or_default(),
        };
        Some(value.trim_matches('\'').to_owned())
    };
    let path = |name: &str, default: &str| PathBuf::from(option(name).unwrap_or_else(|| default.to_owned()));
    let error_log = path("error-log-path", "logs/error.log");
    let error_log = (error_log != Path::new("stderr")).then_some(error_log);
    let mut files = vec![
        path("http-log-path", "logs/access.log"),
        path("pid-path", "logs/nginx.pid"),
        path("lock-path", "logs/nginx.lock"),
    ];
    files.extend(error_log.clone());
    Ok(Build {
        version,
        product,
        prefix: path("prefix", "/usr/local/nginx"),
        conf_path: path("conf-path", "conf/nginx.conf"),
        error_log,
        files,
        folders: vec![
            path("http-client-body-temp-path", "client_body_temp"),
            path("http-proxy-temp-path", "proxy_temp"),
            path("http-fastcgi-temp-path", "fastcgi_temp"),
            path("http-uwsgi-temp-path", "uwsgi_temp"),
            path("http-scgi-temp-path", "scgi_temp"),
        ],
        user: option("user").unwrap_or_else(|| "nobody".to_owned()),
    })
}

/// What stands for `nginx -V` where no program is there to be asked: the paths of Debian's packages, and the oldest
/// version whose spelling every newer one reads, too.
const ASSUMED: &str = "nginx version: nginx/1.18.0\nconfigure arguments: --prefix=/usr/share/nginx \
    --conf-path=/etc/nginx/nginx.conf --http-log-path=/var/log/nginx/access.log \
    --error-log-path=/var/log/nginx/error.log --lock-path=/var/lock/nginx.lock --pid-path=/run/nginx.pid";

impl Build {
    /// A program that is not there, for reading files alone.
    #[must_use]
    pub fn assumed() -> Self {
        parse_build(ASSUMED).expect("the constant names a version")
    }

    /// The same program, started with this prefix: `-p` moves every path that was compiled in as a relative one.
    #[must_use]
    pub fn below(mut self, prefix: &Path) -> Self {
        let paths = self.files.iter_mut().chain(&mut self.folders);
        for path in paths.chain(&mut self.error_log).chain([&mut self.conf_path]) {
            *path = prefix.join(&*path);
        }
        self.prefix = prefix.to_owned();
        self
    }

    /// `1.22.1`, or `Tengine/3.0.0 (nginx 1.24.0)`.
    #[must_use]
    pub fn described(&self) -> String {
        match &self.product {
            Product::Nginx => self.version.to_string(),
            Product::Relative(name) | Product::Unknown(name) => format!("{name} (nginx {})", self.version),
        }
    }
}

/// The version in NGINX's line, and what the program calls itself.
///
/// Seen: `nginx version: nginx/1.22.1`, `nginx version: openresty/1.25.3.1`, and of those with a line of their
/// own `Tengine version: Tengine/3.0.0` before `nginx version: nginx/1.24.0`; of old ones
/// `Tengine version: Tengine/2.1.2 (nginx/1.6.2)`.
fn parse_version(text: &str) -> Option<(NginxVersion, Product)> {
    let line = Regex::new(r"(?m)^(?:nginx: )?\S+ version: (([^/\s]+)/([0-9]+\.[0-9]+(?:\.[0-9]+)*)\S*)")
        .expect("a constant pattern");
    let own: Vec<_> = line
        .captures_iter(text)
        .filter_map(|found| Some((found[1].to_owned(), found[2].to_ascii_lowercase(), numbers(&found[3])?)))
        .collect();
    let (name, product, version) = own.first()?.clone();
    if product == "nginx" {
        return Some((version, Product::Nginx));
    }
    let core = own.iter().find(|(_, product, _)| product == "nginx").map(|(_, _, version)| *version);
    let in_brackets = || {
        let core = Regex::new(r"(?m) version: .*\(nginx/([0-9.]+)\)").expect("a constant pattern");
        numbers(&core.captures(text)?[1])
    };
    if let Some(core) = core.or_else(in_brackets) {
        return Some((core, Product::Relative(name)));
    }
    let product = if SAME_LINE.contains(&product.as_str()) { Product::Relative } else { Product::Unknown };
    Some((version, product(name)))
}

/// The first three numbers of a version.
fn numbers(text: &str) -> Option<NginxVersion> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some(NginxVersion(parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?))
}

/// A program and what it says of itself.
#[derive(Clone)]
pub(super) struct Asked {
    pub program: Executable,
    pub build: Build,
}

/// Asks a program what it was built with. It needs no privilege to say that.
pub(super) fn ask(program: Executable) -> Result<Asked, Failure> {
    let failed = |cause: String| {
        let name = program.name().display();
        Failure::new(FailureKind::Unavailable, format!("asking {name} for its version: {cause}"))
    };
    let printed = command::run(&program, &["-V"], Privileges::Lowered(Capabilities::None), VERSION_LIMIT);
    let printed = printed.map_err(|error| failed(error.to_string()))?;
    let build = parse_build(&printed.stderr).map_err(|error| failed(error.to_string()))?;
    Ok(Asked { program, build })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_s_build_is_read() {
        let text = "nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.8\nTLS SNI support enabled\n\
            configure arguments: --with-cc-opt='-g -O2 -fno=x' --prefix=/usr/share/nginx \
            --conf-path=/etc/nginx/nginx.conf --http-log-path=/var/log/nginx/access.log \
            --error-log-path=stderr --lock-path=/var/lock/nginx.lock --pid-path=/run/nginx.pid \
            --http-client-body-temp-path=/var/lib/nginx/body\n";
        let build = parse_build(text).expect("has a version");
        let build = build.clone().below(&build.prefix);
        assert_eq!((build.version, &build.product), (NginxVersion(1, 22, 1), &Product::Nginx));
        assert_eq!(build.conf_path, Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(build.error_log, None);
        assert_eq!(build.files[1], Path::new("/run/nginx.pid"));
        assert_eq!(build.folders[0], Path::new("/var/lib/nginx/body"));
        assert_eq!(build.folders[1], Path::new("/usr/share/nginx/proxy_temp"));
        assert_eq!(build.user, "nobody");
    }

    #[test]
    fn a_build_without_arguments_has_nginx_s_defaults_below_its_prefix() {
        let build = parse_build("nginx version: openresty/1.21.4.1\n").expect("has a version");
        let here = build.clone().below(&build.prefix);
        assert_eq!(here.conf_path, Path::new("/usr/local/nginx/conf/nginx.conf"));
        assert_eq!(here.error_log.as_deref(), Some(Path::new("/usr/local/nginx/logs/error.log")));
        let moved = build.below(Path::new("/srv/app"));
        assert_eq!(moved.conf_path, Path::new("/srv/app/conf/nginx.conf"));
        assert_eq!(moved.files[1], Path::new("/srv/app/logs/nginx.pid"));
        assert_eq!(moved.folders[0], Path::new("/srv/app/client_body_temp"));
        assert!(parse_build("command not found").is_err());
        let nowhere = parse_build("nginx version: nginx/1.22.1\nconfigure arguments: --prefix= --user=www\n");
        assert_eq!(nowhere.expect("has a version").prefix, Path::new(""));
    }

    #[test]
    fn a_version_is_one_of_nginx_s_line_whatever_the_product_calls_itself() {
        let check = |text: &str, version, product: Option<&str>| {
            let build = parse_build(text).expect("has a version");
            let expect = product.map_or(Product::Nginx, |name| Product::Relative(name.to_owned()));
            assert_eq!((build.version, build.product), (version, expect), "{text}");
        };
        check("nginx version: nginx/1.25.5 (nginx-plus-r32)\n", NginxVersion(1, 25, 5), None);
        check("nginx version: nginx/1.24.0 (Ubuntu)\n", NginxVersion(1, 24, 0), None);
        let tengine = "Tengine version: Tengine/3.0.0\nnginx version: nginx/1.24.0\n";
        check(tengine, NginxVersion(1, 24, 0), Some("Tengine/3.0.0"));
        let old = "Tengine version: Tengine/2.1.2 (nginx/1.6.2)\n";
        check(old, NginxVersion(1, 6, 2), Some("Tengine/2.1.2"));
        let angie = "Angie version: Angie/1.13.0\nnginx version: nginx/1.31.2\nbuilt by gcc 12\n";
        check(angie, NginxVersion(1, 31, 2), Some("Angie/1.13.0"));
        let openresty = "nginx version: openresty/1.25.3.1\n";
        check(openresty, NginxVersion(1, 25, 3), Some("openresty/1.25.3.1"));
        let free = "freenginx version: freenginx/1.27.0\n";
        check(free, NginxVersion(1, 27, 0), Some("freenginx/1.27.0"));
        let free = "nginx version: freenginx/1.27.0\n";
        check(free, NginxVersion(1, 27, 0), Some("freenginx/1.27.0"));
        let other = parse_build("nginx version: Sparrow/9.1\n").expect("has a version");
        assert_eq!(other.product, Product::Unknown("Sparrow/9.1".to_owned()));
        assert_eq!(other.described(), "Sparrow/9.1 (nginx 9.1.0)");
    }
}
