//! What the title of a process says: which part it plays, and what a master was started with.
//!
//! Invariant: pure. A title that may have been cut says no more than what stands in it: NGINX writes it over its
//! arguments and its environment, and where there was little of both, little of it is left. NGINX joins its
//! arguments with spaces, so an option's value reaches to the next option; a value that contains ` -c ` cannot be
//! told from an option.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// How NGINX and Angie begin their titles. Tengine, OpenResty and freenginx begin theirs as NGINX does.
const NGINX: &[u8] = b"nginx: ";
const ANGIE: &[u8] = b"angie: ";
const MASTER: &[u8] = b"master process";
/// Angie's process under `master_process off`; NGINX gives its own no title.
const SINGLE: &[u8] = b"single process";
const WORKER: &[u8] = b"worker process";
const RETIRING: &[u8] = b"worker process is shutting down";

/// A process's title, and whether there was room for all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Title {
    /// Up to the first NUL.
    pub text: Vec<u8>,
    /// Whether it may go on.
    pub extent: Extent,
}

/// Whether something was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// It may go on.
    Cut,
}

/// Which part a process plays by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Master,
    /// Master and worker in one.
    Single,
    /// A worker that accepts connections.
    Worker,
    /// A worker that finishes its connections.
    Retiring,
    /// A worker; whether it is retiring would stand in what was cut off.
    SomeWorker,
    /// Cache manager, cache loader, privileged agent.
    Helper,
    /// A title of NGINX's that was cut too soon to tell.
    Unclear,
    /// Nothing that NGINX writes.
    None,
}

/// The arguments of a running master.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MasterArguments {
    /// The command as it was typed.
    pub command: OsString,
    /// `-c`: the configuration file.
    pub conf: Option<OsString>,
    pub prefix: Option<OsString>,
    /// `-g`: directives before the configuration file.
    pub global: Option<OsString>,
    /// `-e`: the error log before the configuration is read.
    pub error_log: Option<OsString>,
}

impl Title {
    /// Which part it says that the process plays.
    pub(super) fn part(&self) -> Part {
        let text = self.text.trim_ascii_end();
        let Some(rest) = [NGINX, ANGIE].iter().find_map(|product| self.text.strip_prefix(*product)) else {
            // Trailing spaces are NGINX's own only where a title was cut.
            let begins = [NGINX, ANGIE].iter().any(|product| product.starts_with(&self.text));
            let is_cut = self.extent == Extent::Cut && begins && !text.is_empty();
            return if is_cut { Part::Unclear } else { Part::None };
        };
        let rest = rest.trim_ascii_end();
        let is = |wanted: &[u8]| {
            rest.strip_prefix(wanted).is_some_and(|more| more.is_empty() || more.first() == Some(&b' '))
        };
        let is_cut_from = |wanted: &[u8]| self.extent == Extent::Cut && wanted.starts_with(rest);
        if self.extent == Extent::Cut && rest.is_empty() {
            Part::Unclear
        } else if is(MASTER) || is_cut_from(MASTER) {
            Part::Master
        } else if is(SINGLE) || is_cut_from(SINGLE) {
            Part::Single
        } else if is(RETIRING) {
            Part::Retiring
        } else if is_cut_from(RETIRING) {
            Part::SomeWorker
        } else if is(WORKER) {
            Part::Worker
        } else {
            Part::Helper
        }
    }

    /// What a master was started with, as far as it stands in the title; `None` for any other title.
    pub(super) fn arguments(&self) -> Option<(MasterArguments, Extent)> {
        if self.part() != Part::Master {
            return None;
        }
        let (is_angie, rest) = match self.text.strip_prefix(ANGIE) {
            Some(rest) => (true, rest),
            None => (false, self.text.strip_prefix(NGINX)?),
        };
        let mut extent = self.extent;
        let mut rest = rest.strip_prefix(MASTER).unwrap_or_default();
        if extent == Extent::Whole {
            rest = rest.trim_ascii();
        }
        if is_angie {
            // `v1.11.5 PRO #3 [/usr/sbin/angie -c FILE]`; what is longer than 2 KiB has no end.
            let begins = rest.windows(2).position(|pair| pair == b" [");
            rest = begins.map_or(&[][..], |at| &rest[at + 2..]);
            match rest.strip_suffix(b"]") {
                Some(inside) if extent == Extent::Whole => rest = inside,
                _ => extent = Extent::Cut,
            }
        }
        Some((parse(rest.trim_ascii_start(), extent), extent))
    }
}

/// Options and their values; the last one counts only where it was read to its end.
fn parse(text: &[u8], extent: Extent) -> MasterArguments {
    let mut found = MasterArguments::default();
    // The option that is being read, and the words of its value.
    let mut option = 0;
    let mut words: Vec<&[u8]> = Vec::new();
    for word in text.split(|&byte| byte == b' ') {
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
    if extent == Extent::Whole {
        found.set(option, &words);
    }
    found
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

    fn whole(text: &str) -> Title {
        Title { text: text.into(), extent: Extent::Whole }
    }

    fn cut(text: &str) -> Title {
        Title { text: text.into(), extent: Extent::Cut }
    }

    #[test]
    fn titles_give_back_the_arguments() {
        let read = |text: &str| whole(text).arguments().map(|(arguments, _)| arguments);
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

    #[test]
    fn angie_s_titles_are_read_between_their_brackets() {
        let read = |text: &str| whole(text).arguments().expect("a master");
        for version in ["v1.13.0 #1", "v1.11.5 PRO #312"] {
            let text = format!(
                "angie: master process {version} [/usr/sbin/angie -c /etc/nginx/nginx.conf -g daemon on;]"
            );
            let (found, extent) = read(&text);
            assert_eq!(found.command, "/usr/sbin/angie");
            assert_eq!(found.conf.as_deref(), Some("/etc/nginx/nginx.conf".as_ref()));
            assert_eq!((found.global.as_deref(), extent), (Some("daemon on;".as_ref()), Extent::Whole));
        }
        let (found, extent) = read("angie: master process v1.13.0 #1 [/usr/sbin/angie -c /etc/ang");
        assert_eq!(
            (found.command.as_os_str(), found.conf, extent),
            ("/usr/sbin/angie".as_ref(), None, Extent::Cut)
        );
    }

    #[test]
    fn what_was_cut_off_is_not_known() {
        let (found, extent) =
            cut("nginx: master process /usr/sbin/nginx -g daemon on; -c /etc/nginx/nginx.c")
                .arguments()
                .expect("a master");
        assert_eq!(found.global.as_deref(), Some("daemon on;".as_ref()));
        assert_eq!((found.conf, extent), (None, Extent::Cut));
        let (found, extent) = cut("nginx: master ").arguments().expect("a master");
        assert_eq!((found, extent), (MasterArguments::default(), Extent::Cut));
    }

    #[test]
    fn a_title_says_which_part_a_process_plays() {
        let check = |title: Title, expect: Part| assert_eq!(title.part(), expect, "{title:?}");
        for (text, expect) in [
            ("nginx: master process /usr/sbin/nginx", Part::Master),
            ("nginx: worker process", Part::Worker),
            ("nginx: worker process is shutting down", Part::Retiring),
            ("nginx: cache manager process", Part::Helper),
            ("nginx: privileged agent process", Part::Helper),
            ("angie: master process v1.13.0 #1 [angie]", Part::Master),
            ("angie: single process v1.13.0 #1 [angie]", Part::Single),
            ("angie: worker process #2", Part::Worker),
            ("angie: worker process is shutting down #1", Part::Retiring),
            ("nginx: worker ", Part::Helper),
            ("/usr/sbin/nginx", Part::None),
            ("nginx", Part::None),
            ("angiex: worker process", Part::None),
        ] {
            check(whole(text), expect);
        }
        for (text, expect) in [
            ("nginx: master ", Part::Master),
            ("nginx: m", Part::Master),
            ("nginx: worker ", Part::SomeWorker),
            ("nginx: worker process", Part::SomeWorker),
            ("nginx: worker process is sh", Part::SomeWorker),
            ("nginx: worker process is shutting down", Part::Retiring),
            ("angie: worker process #1", Part::Worker),
            ("angie: s", Part::Single),
            ("nginx: cache man", Part::Helper),
            ("nginx: ", Part::Unclear),
            ("ngin", Part::Unclear),
            ("", Part::None),
            ("/usr/sbin/ng", Part::None),
        ] {
            check(cut(text), expect);
        }
    }
}
