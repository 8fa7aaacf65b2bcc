//! The program: dispatches the hidden child of the sandbox.

use motionctl::host::sandbox::{self, ChildContext, Program, Spec};
use serde_json::{Value, json};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == sandbox::SUBCOMMAND) {
        let code = sandbox::child_main(answer);
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    ExitCode::from(64)
}

/// Runs inside: says where it is and what a sandbox inside this one would be.
fn answer(payload: Value, context: &ChildContext) -> i32 {
    let nested = sandbox::run(&Spec::live(), &Program::new("/bin/echo", ["nested"]));
    let nested = match &nested {
        Ok(done) => json!({ "layout": done.mode.layout, "stdout": String::from_utf8_lossy(&done.stdout) }),
        Err(refused) => json!({ "refused": refused.to_string() }),
    };
    let answer =
        json!({ "echo": payload, "mode": context.mode, "pid": std::process::id(), "nested": nested });
    i32::from(context.send(answer.to_string().as_bytes()).is_err())
}
