//! What `nginx -V` says: version and the paths that were compiled in.
//!
//! Pure: reads the text, never runs the binary.

use crate::facts::NginxVersion;
use regex::Regex;
use std::path::PathBuf;
use thiserror::Error;

/// An NGINX binary's version and built-in paths. Where a path was not given
/// to `configure`, nginx's own default (`auto/options`, `auto/init`) counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The version.
    pub version: NginxVersion,
    /// `--prefix`: what relative paths start from.
    pub prefix: PathBuf,
    /// `--conf-path`.
    pub conf_path: PathBuf,
    /// `--error-log-path`; `None` when it is `stderr`.
    pub error_log: Option<PathBuf>,
    /// Logs, pid and lock files.
    pub files: Vec<PathBuf>,
    /// Folders of temporary files.
    pub folders: Vec<PathBuf>,
    /// `--user`.
    pub user: String,
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
    let version = parse_version(text).ok_or(NoVersion)?;
    let option = |name: &str| {
        let pattern = format!(r"--{name}=('[^']*'|\S+)");
        let regex = Regex::new(&pattern).expect("option names need no escaping");
        regex.captures(text).map(|found| found[1].trim_matches('\'').to_owned())
    };
    let prefix = PathBuf::from(option("prefix").unwrap_or_else(|| "/usr/local/nginx".to_owned()));
    let path = |name: &str, default: &str| prefix.join(option(name).unwrap_or_else(|| default.to_owned()));
    let error_log = option("error-log-path").unwrap_or_else(|| "logs/error.log".to_owned());
    let error_log = (error_log != "stderr").then(|| prefix.join(error_log));
    let mut files = vec![
        path("http-log-path", "logs/access.log"),
        path("pid-path", "logs/nginx.pid"),
        path("lock-path", "logs/nginx.lock"),
    ];
    files.extend(error_log.clone());
    Ok(Build {
        version,
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
        prefix,
    })
}

/// `nginx/1.22.1`, also in `openresty/1.21.4.1`.
fn parse_version(text: &str) -> Option<NginxVersion> {
    let regex = Regex::new(r"version: [^/\s]+/(\d+)\.(\d+)\.(\d+)").expect("a constant pattern");
    let found = regex.captures(text)?;
    let number = |index: usize| found[index].parse().ok();
    Some(NginxVersion(number(1)?, number(2)?, number(3)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn debian_s_build_is_read() {
        let text = "nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.8\nTLS SNI support enabled\n\
            configure arguments: --with-cc-opt='-g -O2 -fno=x' --prefix=/usr/share/nginx \
            --conf-path=/etc/nginx/nginx.conf --http-log-path=/var/log/nginx/access.log \
            --error-log-path=stderr --lock-path=/var/lock/nginx.lock --pid-path=/run/nginx.pid \
            --http-client-body-temp-path=/var/lib/nginx/body\n";
        let build = parse_build(text).expect("has a version");
        assert_eq!(build.version, NginxVersion(1, 22, 1));
        assert_eq!(build.conf_path, Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(build.error_log, None);
        assert_eq!(build.files[1], Path::new("/run/nginx.pid"));
        assert_eq!(build.folders[0], Path::new("/var/lib/nginx/body"));
        assert_eq!(build.folders[1], Path::new("/usr/share/nginx/proxy_temp"));
        assert_eq!(build.user, "nobody");
    }

    #[test]
    fn a_build_without_arguments_has_nginx_s_defaults() {
        let build = parse_build("nginx version: openresty/1.21.4.1\n").expect("has a version");
        assert_eq!(build.version, NginxVersion(1, 21, 4));
        assert_eq!(build.conf_path, Path::new("/usr/local/nginx/conf/nginx.conf"));
        assert_eq!(build.error_log.as_deref(), Some(Path::new("/usr/local/nginx/logs/error.log")));
        assert!(parse_build("command not found").is_err());
    }
}
