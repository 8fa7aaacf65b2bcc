//! What every command starts with: the root, the settings, who asks.

use super::args::{ChangeArgs, Command, Global, SiteArgs, StrategyChoice};
use super::bundle::{self, Templates};
use super::decisions;
use super::files::read_input;
use super::interrupt::changes;
use super::manual;
use super::old_copy::read_old_copy;
use super::progress::Progress;
use super::settings::Settings;
use super::tree::{self, Tree, Use};
use crate::apply::SandboxChoice;
use crate::host::sandbox::Launcher;
use crate::host::unpacked::Unpacked;
use crate::host::{LockError, Root, WriteLock, machine};
use crate::inspect::{self, ClientChoice, Wanted};
use crate::outcome::codes::{Accepted, Code, Family, accepted};
use crate::outcome::{Failure, FailureKind, HostSection, only_root};
use crate::plan::bundle::{BundleKey, UpstreamUrl};
use crate::plan::{Strategy, WantedGuard, WantedStrategy};
use crate::prepare::{LookForCopies, OpenConflicts, Options};
use crate::values::RootPath;
use nginx_config::merge::{Choice, Resolutions};
use nginx_config::redact_text;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long a reload may take unless something else is said.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// What every command starts with.
pub struct Context {
    pub root: Root,
    /// The flags that every command has.
    pub global: Global,
    pub settings: Settings,
    /// How sandboxes are started, and how they hear of Ctrl-C.
    pub launcher: Launcher,
    /// Set by SIGINT and SIGTERM.
    pub stop: Arc<AtomicBool>,
    /// What a person sees meanwhile.
    pub progress: Progress,
    /// NGINX's program, when the operator named it; absolute.
    nginx: Option<PathBuf>,
    /// NGINX's main file, likewise; below the root.
    nginx_conf: Option<PathBuf>,
    /// How the tree was understood, for people.
    pub note: Option<String>,
    /// The tree, where it came out of an archive; it goes with this.
    unpacked: Option<Unpacked>,
}

impl Context {
    /// Opens the root and reads the settings, for this command.
    pub fn new(global: &Global, command: &Command) -> Result<Self, Failure> {
        let what_for = if changes(command) { Use::Changes } else { Use::Looks };
        let Tree { root, note, unpacked } = match &global.root {
            Some(named) => tree::open(named, what_for)?,
            None => Tree { root: Root::live(), note: None, unpacked: None },
        };
        let stop = Arc::new(AtomicBool::new(false));
        watch_signals(&stop)?;
        let settings = match (&unpacked, &global.config) {
            // They decide what is accepted and run, and whoever sent the archive is not who runs this.
            (Some(_), None) => Settings::default(),
            _ => Settings::read(&root, global.config.as_deref())?,
        };
        let nginx = command.nginx();
        let program = nginx.and_then(|args| args.program.as_deref()).or(settings.nginx.as_deref());
        let main_file = nginx.and_then(|args| args.main_file.as_deref()).or(settings.nginx_conf.as_deref());
        Ok(Self {
            nginx: program.map(absolute).transpose()?,
            nginx_conf: main_file.map(|file| below_root(&root, global, file)).transpose()?,
            settings,
            launcher: Launcher { stop: Arc::clone(&stop), ..Launcher::default() },
            progress: Progress::new(global),
            root,
            global: global.clone(),
            stop,
            note,
            unpacked,
        })
    }

    /// Whether the tree came out of an archive, and goes when this does.
    pub fn is_unpacked(&self) -> bool {
        self.unpacked.is_some()
    }

    /// The host where nothing more is known.
    pub fn host(&self) -> HostSection {
        let facts = inspect::host_facts(&self.root);
        HostSection { name: facts.name, os: facts.os, nginx: None, motion: None }
    }

    /// What the flags and the settings ask for.
    pub fn options(&self, site: &SiteArgs) -> Result<Options, Failure> {
        let settings = &self.settings;
        let (accept, resolutions) = decisions(site.accept.iter().chain(&settings.accept))?;
        let Templates { bundle, origin } = match site.bundle.as_ref().or(settings.bundle.as_ref()) {
            Some(dir) => bundle::read(dir, self.bundle_signers(site), &accept)?,
            None => Templates::built_in(),
        };
        Ok(Options {
            inspect: inspect::Options {
                site: site.site.clone().or_else(|| settings.site.clone()).map(|path| self.below_root(path)),
                servers: site.server.clone(),
                nginx: self.nginx.clone(),
                place: self.place(),
                client: self.client(site)?,
                rehearsed: None,
                changed: Vec::new(),
            },
            bundle,
            templates: origin,
            strategy: WantedStrategy::Auto,
            candidate: None,
            beside: Vec::new(),
            base: None,
            resolutions,
            carry: None,
            take: Vec::new(),
            local_include: None,
            guards: if site.inherit_guards { WantedGuard::Inherit } else { WantedGuard::Say },
            accept,
            sandbox: self.sandbox(site.no_sandbox)?,
            probes: settings.probes.clone(),
            copies: LookForCopies::No,
            conflicts: OpenConflicts::Refuse,
        })
    }

    /// Who may sign a bundle: those whom the command line names, else those of the settings.
    fn bundle_signers<'a>(&'a self, site: &'a SiteArgs) -> &'a [BundleKey] {
        if site.bundle_signer.is_empty() { &self.settings.bundle_signer } else { &site.bundle_signer }
    }

    /// How the server is looked at by what changes nothing again: undoing, recovering. The files that were changed
    /// tell which NGINX it is about.
    pub fn bare_options(&self, changed: Vec<RootPath>) -> inspect::Options {
        let (site, nginx) = (self.settings.site.clone(), self.nginx.clone());
        inspect::Options { site, nginx, place: self.place(), changed, ..inspect::Options::default() }
    }

    fn place(&self) -> Wanted {
        self.nginx_conf.clone().map_or(Wanted::Search, Wanted::Named)
    }

    /// Options of a change.
    pub fn change_options(&self, change: &ChangeArgs) -> Result<Options, Failure> {
        let mut options = self.options(&change.site)?;
        options.strategy = self.strategy(change.strategy);
        options.candidate = change.candidate.as_deref().map(read_input).transpose()?;
        options.base = change.base.as_deref().map(read_input).transpose()?;
        options.carry = change.carry.as_deref().map(read_old_copy).transpose()?;
        if options.carry.is_some() && options.strategy == WantedStrategy::Named(Strategy::Replace) {
            return Err(Failure::new(
                FailureKind::Usage,
                "--carry brings back what was lost, and replace drops it",
            )
            .with_hint("leave --strategy out"));
        }
        options.take.clone_from(&change.take);
        options.local_include = change.local_include.clone().map(|path| self.below_root(path));
        for decision in &change.resolve {
            let (path, choice) = decision.rsplit_once('=').ok_or_else(|| not_a_choice(decision))?;
            options.resolutions =
                options.resolutions.with(path, choice_of(choice).ok_or_else(|| not_a_choice(decision))?);
        }
        if let Some(file) = &change.resolve_file {
            options.resolutions = decisions::read(file, change)?.applied_to(options.resolutions);
        }
        Ok(options)
    }

    fn strategy(&self, flag: Option<StrategyChoice>) -> WantedStrategy {
        match flag.or(self.settings.strategy) {
            Some(StrategyChoice::Merge) => WantedStrategy::Named(Strategy::Merge),
            Some(StrategyChoice::Graft) => WantedStrategy::Named(Strategy::Graft),
            Some(StrategyChoice::Replace) => WantedStrategy::Named(Strategy::Replace),
            None => WantedStrategy::Auto,
        }
    }

    /// Whether a sandbox is demanded. Without one only the server itself can
    /// be tested: NGINX would read this machine's files for the tree's.
    pub fn sandbox(&self, flag: bool) -> Result<SandboxChoice, Failure> {
        match (self.root.is_live(), flag) {
            (false, true) => {
                Err(Failure::new(FailureKind::Usage, "--no-sandbox cannot test a tree below --root")
                    .with_hint("use a machine that allows namespaces"))
            }
            (true, flag) if flag || self.settings.no_sandbox => Ok(SandboxChoice::AfterInstall),
            _ => Ok(SandboxChoice::Required),
        }
    }

    /// How long a reload may take.
    pub fn reload_timeout(&self, flag: Option<Duration>) -> Duration {
        flag.or(self.settings.reload_timeout).unwrap_or(RELOAD_TIMEOUT)
    }

    /// Takes the lock, or says who has it.
    pub fn lock(&self) -> Result<WriteLock, Failure> {
        self.need_root()?;
        WriteLock::take(&self.root).map_err(|error| match error {
            LockError::Held(_) | LockError::HeldByUnknown => {
                Failure::new(FailureKind::Refused, error.to_string())
                    .with_hint("wait for that run, or end it")
            }
            // The journal lies there: it can neither be read nor be begun.
            LockError::State(_) => Failure::new(FailureKind::NeedsOperator, error.to_string()),
            LockError::Io(_) => Failure::new(FailureKind::Unavailable, error.to_string()),
        })
    }

    /// Refuses to go on without root's rights on a live server.
    pub fn need_root(&self) -> Result<(), Failure> {
        if machine::is_superuser() || !self.root.is_live() {
            return Ok(());
        }
        Err(only_root("only root may change this server")
            .with_hint("run it with sudo; check, plan and status need no root"))
    }

    /// ` --root DIR` for commands that are suggested; nothing on a live server.
    pub fn root_argument(&self) -> String {
        let dir = self.global.root.as_ref();
        dir.map_or_else(String::new, |dir| format!(" --root {}", shell_word(&dir.display().to_string())))
    }

    /// `--config FILE` for a command that runs later and elsewhere.
    pub fn config_argument(&self) -> Result<Vec<String>, Failure> {
        file_argument("--config", self.global.config.as_deref())
    }

    /// `--nginx FILE` and `--nginx-conf FILE`, likewise.
    pub fn nginx_arguments(&self) -> Result<Vec<String>, Failure> {
        let mut all = file_argument("--nginx", self.nginx.as_deref())?;
        all.extend(file_argument("--nginx-conf", self.nginx_conf.as_deref())?);
        Ok(all)
    }

    /// Who asks, for the journal.
    pub fn actor(&self) -> String {
        let user = manual::SUDO_USER.text().map(|user| format!("sudo by {user}"));
        let login = std::fs::read_to_string("/proc/self/loginuid").ok();
        let login = login.map(|id| id.trim().to_owned()).filter(|id| id != "4294967295");
        let terminal = std::fs::read_link("/proc/self/fd/0").ok().filter(|path| path.starts_with("/dev"));
        let parts = [
            Some(format!("uid {}", nix::unistd::getuid())),
            user,
            login.map(|id| format!("login uid {id}")),
            terminal.map(|path| path.display().to_string()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The command line, redacted, for the journal.
    pub fn command_line(&self) -> String {
        let arguments: Vec<_> =
            std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
        redact_text(&arguments.join(" "))
    }

    fn client(&self, site: &SiteArgs) -> Result<ClientChoice, Failure> {
        let settings = &self.settings;
        match (&site.new_client_root, &site.new_client_upstream) {
            (Some(dir), _) => Ok(ClientChoice::Folder(self.below_root(dir.clone()))),
            (None, Some(url)) => {
                let bad = |error| redact_text(&format!("--new-client-upstream: {error}"));
                UpstreamUrl::parse(url).map_err(|error| Failure::new(FailureKind::Usage, bad(error)))?;
                Ok(ClientChoice::Upstream(url.clone()))
            }
            (None, None) => Ok(match (&settings.new_client_root, &settings.new_client_upstream) {
                (Some(dir), _) => ClientChoice::Folder(self.below_root(dir.clone())),
                (None, Some(url)) => ClientChoice::Upstream(url.clone()),
                (None, None) => ClientChoice::Search,
            }),
        }
    }

    /// A path below the root; one that was typed with the root's folder in
    /// front, as a shell completes it, means the same.
    fn below_root(&self, path: PathBuf) -> PathBuf {
        if self.root.is_live() { path } else { below_tree(&self.root, &self.global, &path) }
    }
}

/// A text as one word of a command that is typed into a shell.
pub fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%,=".contains(&byte);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A path of the tree that `--root` names.
fn below_tree(root: &Root, global: &Global, path: &Path) -> PathBuf {
    let typed = global.root.as_deref().and_then(|dir| path.strip_prefix(dir).ok());
    let below = typed.or_else(|| path.strip_prefix(root.base()).ok());
    Path::new("/").join(below.unwrap_or(path))
}

/// The same for a file that is wanted by an absolute path on a live server, too.
fn below_root(root: &Root, global: &Global, path: &Path) -> Result<PathBuf, Failure> {
    if root.is_live() { absolute(path) } else { Ok(below_tree(root, global, path)) }
}

/// A file's option for a command that runs later and elsewhere.
fn file_argument(option: &str, file: Option<&Path>) -> Result<Vec<String>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let path = absolute(file)?;
    let text = path.to_str().ok_or_else(|| {
        Failure::new(FailureKind::Usage, format!("{option} {}: the path is not text", path.display()))
    })?;
    Ok(vec![option.to_owned(), text.to_owned()])
}

fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(file).map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("looking for {}: {error}", file.display()))
    })
}

/// Findings accepted by name, and what `merge.conflict=…` decides.
fn decisions<'a>(words: impl Iterator<Item = &'a String>) -> Result<(BTreeSet<Code>, Resolutions), Failure> {
    let mut named = BTreeSet::new();
    let mut resolutions = Resolutions::none();
    for word in words {
        match accepted(word, Family::Migration)? {
            Accepted::Finding(code) => drop(named.insert(code)),
            Accepted::Side(_, side) => {
                resolutions = resolutions.otherwise(choice_of(side).ok_or_else(|| not_a_choice(word))?);
            }
        }
    }
    Ok((named, resolutions))
}

fn choice_of(text: &str) -> Option<Choice> {
    match text {
        "ours" => Some(Choice::Ours),
        "theirs" => Some(Choice::Theirs),
        _ => None,
    }
}

fn not_a_choice(text: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("`{text}` does not end in =ours or =theirs"))
}

/// SIGINT and SIGTERM ask to stop; a lost connection does not end a run.
fn watch_signals(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let failed =
        |error: std::io::Error| Failure::new(FailureKind::Failed, format!("watching for signals: {error}"));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(stop)).map_err(failed)?;
    }
    signal_hook::flag::register(SIGHUP, Arc::new(AtomicBool::new(false))).map_err(failed)?;
    Ok(())
}
