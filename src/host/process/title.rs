//! What a master's title says about how it was started.
//!
//! Invariant: pure. NGINX joins its arguments with spaces, so an option's value reaches to
//! the next option; a value that contains ` -c ` cannot be told from an option.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

const MASTER: &[u8] = b"nginx: master process";

/// The arguments of a running master.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MasterArguments {
    /// The command as it was typed.
    pub command: OsString,
    /// `-c`: the configuration file.
    pub conf: Option<OsString>,
    /// `-p`: the prefix.
    pub prefix: Option<OsString>,
    /// `-g`: directives before the configuration file.
    pub global: Option<OsString>,
    /// `-e`: the error log before the configuration is read.
    pub error_log: Option<OsString>,
}

pub(super) fn is_master(title: &[u8]) -> bool {
    title.strip_prefix(MASTER).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b' '))
}

/// Reads a master's title; `None` for any other title.
pub(super) fn arguments(title: &[u8]) -> Option<MasterArguments> {
    if !is_master(title) {
        return None;
    }
    let rest = title[MASTER.len()..].trim_ascii_start();
    let mut found = MasterArguments::default();
    // The option that is being read, and the words of its value.
    let mut option = 0;
    let mut words: Vec<&[u8]> = Vec::new();
    for word in rest.split(|&byte| byte == b' ') {
        match word {
            [b'-', letter @ (b'c' | b'p' | b'g' | b'e' | b's'), attached @ ..] => {
                found.set(option, &words);
                option = *letter;
                words.clear();
                words.extend((!attached.is_empty()).then_some(attached));
            }
            [b'-', b't' | b'T' | b'q' | b'v' | b'V' | b'h' | b'?'] => {
                found.set(option, &words);
                option = b'-';
                words.clear();
            }
            _ => words.push(word),
        }
    }
    found.set(option, &words);
    Some(found)
}

impl MasterArguments {
    fn set(&mut self, option: u8, words: &[&[u8]]) {
        let value = OsString::from_vec(words.join(&b' '));
        match option {
            0 => self.command = value,
            b'c' => self.conf = Some(value),
            b'p' => self.prefix = Some(value),
            b'g' => self.global = Some(value),
            b'e' => self.error_log = Some(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_give_back_the_arguments() {
        let read = |title: &str| arguments(title.as_bytes());
        let debian =
            read("nginx: master process /usr/sbin/nginx -g daemon on; master_process on;").expect("master");
        assert_eq!(debian.command, "/usr/sbin/nginx");
        assert_eq!(debian.global.as_deref(), Some("daemon on; master_process on;".as_ref()));
        assert_eq!((&debian.conf, &debian.prefix, &debian.error_log), (&None, &None, &None));

        let all =
            read("nginx: master process nginx -p /srv/my site/ -c/etc/n.conf -q -e stderr -g pid /run/x;")
                .expect("master");
        assert_eq!(all.prefix.as_deref(), Some("/srv/my site/".as_ref()));
        assert_eq!(all.conf.as_deref(), Some("/etc/n.conf".as_ref()));
        assert_eq!(all.error_log.as_deref(), Some("stderr".as_ref()));
        assert_eq!(all.global.as_deref(), Some("pid /run/x;".as_ref()));

        assert_eq!(read("nginx: master process").expect("bare").command, "");
        for other in ["nginx: worker process", "nginx: master processes", "vim nginx: master process", ""] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
