//! A real browser without a window: Debian's chromium, spoken to over a pipe by its own protocol. Its profile is new and goes
//! away with it. Knows nothing of reports.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(120);

const OPTIONS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    heard: VecDeque<Value>,
    next: u64,
    session: Option<String>,
    _profile: tempfile::TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// As a phone does.
    pub phone: bool,
    /// With a dark scheme preferred.
    pub dark: bool,
}

impl Browser {
    /// Starts one.
    pub fn start() -> io::Result<Self> {
        let profile = tempfile::Builder::new().prefix("lab-browser-").tempdir()?;
        let directory = format!("--user-data-dir={}", profile.path().display());
        // The browser reads requests from descriptor 3 and answers on 4.
        let pipes = r#"exec chromium "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;
        let mut child = Command::new("sh")
            .args(["-c", pipes, "sh"])
            .args(OPTIONS)
            .args([directory.as_str(), "about:blank"])
            // What it would keep elsewhere goes away with the profile.
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let gone = || io::Error::other("the browser has no pipe");
        let requests = child.stdin.take().ok_or_else(gone)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else {
                    break;
                };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            requests,
            messages,
            heard: VecDeque::new(),
            next: 0,
            session: None,
            _profile: profile,
        })
    }

    /// Opens a page in a tab of its own and waits until it is loaded.
    pub fn open(&mut self, url: &str, view: View) -> io::Result<()> {
        self.session = None;
        self.heard.clear();
        let target = self.call("Target.createTarget", json!({"url": "about:blank"}))?;
        let attached = self.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        )?;
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}))?;
        }
        let View {
            width, height, phone, ..
        } = view;
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", screen)?;
        let scheme = if view.dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}))?;
        self.call("Page.navigate", json!({"url": url}))?;
        let until = Instant::now() + PATIENCE;
        while !self
            .heard
            .iter()
            .any(|message| message["method"] == "Page.loadEventFired")
        {
            self.listen(until)?;
        }
        Ok(())
    }

    /// The value of an expression in the page; a promise is waited for.
    pub fn evaluate(&mut self, expression: &str) -> io::Result<Value> {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", asked)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(io::Error::other(format!("{expression}: {thrown}"))),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// A picture of what is seen, as PNG in base64.
    pub fn picture(&mut self, whole: bool) -> io::Result<String> {
        let asked = json!({"format": "png", "captureBeyondViewport": whole});
        let answer = self.call("Page.captureScreenshot", asked)?;
        Ok(answer["data"].as_str().unwrap_or_default().to_owned())
    }

    /// What went wrong in the page since it was opened: errors of its script, messages on its console, and everything
    /// that was asked of anybody but the page's own file.
    pub fn complaints(&mut self, page: &Path) -> io::Result<Vec<String>> {
        // Everything that was said before this answer has been heard by then.
        self.evaluate("0")?;
        let own = format!("file://{}", page.display());
        let wrong = |message: &Value| {
            let request = message["params"]["request"]["url"].as_str().unwrap_or_default();
            match message["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => true,
                "Network.requestWillBeSent" => request != own && !request.starts_with("data:"),
                _ => false,
            }
        };
        let complaints = self.heard.iter().filter(|message| wrong(message));
        Ok(complaints.map(ToString::to_string).collect())
    }

    fn call(&mut self, method: &str, params: Value) -> io::Result<Value> {
        self.next += 1;
        let mut request = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        self.requests.write_all(format!("{request}\0").as_bytes())?;
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.heard.iter().position(|message| message["id"] == self.next);
            match found.and_then(|at| self.heard.remove(at)) {
                Some(answer) if answer.get("error").is_some() => {
                    return Err(io::Error::other(format!("{method}: {}", answer["error"])));
                }
                Some(answer) => return Ok(answer["result"].clone()),
                None => self.listen(until)?,
            }
        }
    }

    /// Hears one more message.
    fn listen(&mut self, until: Instant) -> io::Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        let message = self.messages.recv_timeout(left);
        let message =
            message.map_err(|error| io::Error::other(format!("the browser says nothing: {error}")))?;
        self.heard.push_back(message);
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        let _ = self.call("Browser.close", json!({}));
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
