//! This program called by another name: a stand-in for a command, inside of a private copy.
//!
//! Invariant: tells the desk before it does anything, and does nothing that it did not tell.

use crate::host::contain::{self, Which};
use crate::tryout::stand_in::{Act, Around, Decision, Destination, decide};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// What a stand-in can see: the copy it runs in.
struct Copy;

impl Around for Copy {
    fn exists(&self, path: &str) -> bool {
        Path::new(path).exists()
    }

    fn has_real(&self, command: &str) -> bool {
        contain::is_there(command)
    }

    fn is_tree(&self) -> bool {
        contain::is_of_a_tree()
    }

    fn file(&self, names: &[String]) -> Option<String> {
        contain::list(names)
    }
}

/// Does what the command would have done, and ends as it would have; `None` where this is no stand-in.
pub fn when_called() -> Option<ExitCode> {
    let mut words = std::env::args_os();
    let command = contain::when_called(Path::new(&words.next()?))?;
    let arguments: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let decision = decide(&command, &arguments, &Copy)?;
    let code = perform(&command, decision);
    Some(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn perform(command: &str, decision: Decision) -> i32 {
    for told in &decision.told {
        let message = serde_json::to_string(&told.clone().shortened()).unwrap_or_default();
        if let Err(error) = contain::tell(&message) {
            // Nobody would know of it: then it does not happen either.
            complain(&format!("{command}: {error}\n"));
            return 1;
        }
    }
    match decision.act {
        Act::Say { code, out, err } => {
            complain(&err);
            if print(out.as_bytes()) { code } else { 1 }
        }
        Act::Real { arguments, environment, forgiven } => {
            let code = contain::execute(Which::Real, command, &arguments, environment);
            if forgiven == Some(code) { 0 } else { code }
        }
        Act::Other { command } => match command.split_first() {
            Some((program, arguments)) => contain::execute(Which::OnPath, program, arguments, &[]),
            None => 0,
        },
        Act::Fetch { files, out, err, code } => {
            for (name, target) in files {
                let done = match target {
                    Destination::Output => contain::stream(&name, &mut std::io::stdout().lock()),
                    Destination::File(path) => contain::copy_to(&name, Path::new(&path)),
                };
                if let Err(error) = done {
                    complain(&format!("{command}: {error}\n"));
                    return 23;
                }
            }
            complain(&err);
            print(out.as_bytes());
            code
        }
    }
}

/// Whether it could be printed.
fn print(bytes: &[u8]) -> bool {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).is_ok()
}

fn complain(text: &str) {
    // Nobody listens: then nobody misses it.
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
