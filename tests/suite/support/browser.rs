//! A headless Chromium that opens pages: its own protocol over a pipe, so that no port is open and nothing else is needed.
//!
//! Invariant: it has a profile of its own and reaches no host, and it ends with the value. It must not assert anything about the
//! product.

use super::depth::report;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// Ends a browser that hangs, in seconds.
const LIMIT: &str = "180";
/// What the shell starts: the protocol is spoken on the descriptors 3 and 4.
const START: &str = r#"exec timeout -k 5 "$1" "$2" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --user-data-dir="$3" --remote-debugging-pipe --no-first-run --disable-background-networking --disable-sync \
    --disable-component-update --hide-scrollbars --host-resolver-rules='MAP * ~NOTFOUND' about:blank \
    3<&0 4>&1 >/dev/null 2>&1"#;

/// How the reader wants colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A running browser with one page.
pub struct Browser {
    process: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    session: String,
    asked: u64,
    /// What a page said in the console, and the addresses that it asked for beside its own.
    pub complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; says why this test is skipped where there is none.
    pub fn for_test(test: &str) -> Option<Self> {
        let program = ["chromium", "chromium-browser"].into_iter().find(|program| {
            Command::new(program)
                .arg("--version")
                .stderr(Stdio::null())
                .output()
                .is_ok_and(|said| said.status.success())
        });
        let Some(program) = program else {
            report(&format!("{test}: SKIPPED, this machine has no chromium"), "");
            return None;
        };
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new("sh")
            .args(["-c", START, "sh", LIMIT, program])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (to, from) = (process.stdin.take(), process.stdout.take().expect("it is piped"));
        let mut browser = Self {
            process,
            to,
            from: BufReader::new(from),
            session: String::new(),
            asked: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let targets = browser.call("Target.getTargets", json!({}));
        let targets = targets["targetInfos"].as_array().expect("a list");
        let page = targets.iter().find(|target| target["type"] == "page").expect("a page");
        let target = json!({ "targetId": page["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", target);
        session["sessionId"].as_str().expect("a name").clone_into(&mut browser.session);
        for part in ["Page", "Log", "Runtime", "Network"] {
            browser.call(&format!("{part}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens a page in a window of this width, and forgets what earlier ones complained of.
    pub fn open(&mut self, page: &Path, width: u32, scheme: Scheme) {
        let name = if scheme == Scheme::Dark { "dark" } else { "light" };
        let window = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", window);
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": name }] });
        self.call("Emulation.setEmulatedMedia", media);
        self.complaints.clear();
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({ "url": url }));
        let is_loaded = format!("document.readyState == 'complete' && location.href == {}", json!(url));
        while self.ask(&is_loaded) != true {}
        self.complaints.retain(|said| *said != url);
    }

    /// What an expression gives on the page.
    pub fn ask(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// How many elements fit a selector.
    pub fn count(&mut self, selector: &str) -> u64 {
        self.ask(&format!("document.querySelectorAll({}).length", json!(selector)))
            .as_u64()
            .expect("a number")
    }

    /// The text of every element that fits a selector.
    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        let all = format!(
            "[...document.querySelectorAll({})].map(one => one.textContent.trim().replace(/\\s+/g, ' '))",
            json!(selector)
        );
        serde_json::from_value(self.ask(&all)).expect("texts")
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.session.is_empty() && !method.starts_with("Target.") {
            message["sessionId"] = json!(self.session);
        }
        let to = self.to.as_mut().expect("it runs");
        to.write_all(format!("{message}\0").as_bytes()).expect("the browser reads");
        loop {
            let answer = self.read();
            if answer["id"] == self.asked {
                assert!(answer["error"].is_null(), "{method}: {answer:#}");
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).expect("the browser writes");
        assert_eq!(message.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&message).expect("its messages are JSON")
    }

    fn note(&mut self, event: &Value) {
        let said = &event["params"];
        let complaint = match event["method"].as_str() {
            Some("Log.entryAdded") => &said["entry"]["text"],
            Some("Runtime.consoleAPICalled") => &said["args"],
            Some("Runtime.exceptionThrown") => &said["exceptionDetails"],
            Some("Network.requestWillBeSent") => &said["request"]["url"],
            _ => return,
        };
        self.complaints.push(complaint.as_str().map_or_else(|| complaint.to_string(), str::to_owned));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without anybody to listen to it ends by itself; one that does not is ended by the time limit.
        drop(self.to.take());
        let _ended = self.process.wait();
    }
}
