//! Browsers driven by what they speak themselves: Chromium's DevTools over pipes, Firefox's Marionette over a socket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// A browser that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// Chromium.
pub(crate) struct Chromium {
    _process: Process,
    pipe: Pipe,
    session: String,
}

/// Firefox.
pub(crate) struct Firefox {
    _process: Process,
    _line: Process,
    pipe: Pipe,
}

/// A process with all that it starts, ended when dropped.
struct Process(Child);

/// Where messages go in and out.
struct Pipe {
    to: ChildStdin,
    from: Receiver<Value>,
    count: u64,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// In a namespace, with another `/etc`; a shell's words say how it is run.
    fn start(namespace: &str, etc: &Path, home: &Path, run: &str, program: &[&str]) -> Self {
        let mut command = Command::new("ip");
        command.args([
            "netns",
            "exec",
            namespace,
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]);
        command.args(["sh", "-c", &format!("mount --bind \"$0\" /etc && {run}")]).arg(etc).args(program);
        command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("config")).env("XDG_CACHE_HOME", home.join("cache"));
        command.env_remove("DISPLAY").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Pipe {
    fn new(process: &mut Child, read: fn(&mut BufReader<ChildStdout>, &Sender<Value>)) -> Self {
        let (to, out) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || read(&mut BufReader::new(out), &sender));
        Self { to, from, count: 0 }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).and_then(|()| self.to.flush()).expect("the browser runs");
    }

    fn next(&self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("the browser answers")
    }
}

impl Chromium {
    pub(crate) fn start(namespace: &str, etc: &Path, home: &Path) -> Self {
        let profile = format!("--user-data-dir={}", home.join("chromium").display());
        let program = [
            "chromium",
            "--remote-debugging-pipe",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
            "about:blank",
        ];
        let mut process = Process::start(namespace, etc, home, "exec \"$@\" 3<&0 4>&1 >/dev/null", &program);
        let pipe = Pipe::new(&mut process.0, |out, sender| {
            let mut bytes = Vec::new();
            while out.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
                bytes.pop();
                if sender.send(serde_json::from_slice(&bytes).unwrap()).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        let mut chromium = Self { _process: process, pipe, session: String::new() };
        let made = chromium.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attached = chromium.call("Target.attachToTarget", &json!({"targetId": made["targetId"], "flatten": true}));
        chromium.session = attached["sessionId"].as_str().unwrap().to_owned();
        chromium
    }

    /// Goes to a page; its error, if there is one.
    pub(crate) fn open(&mut self, url: &str) -> Option<String> {
        let mut error = self.navigate(url);
        // It gives up what it loads when addresses of the machine come or go, and loads it again by itself a while later.
        for _ in 0..5 {
            if error.as_deref() != Some("net::ERR_NETWORK_CHANGED") {
                break;
            }
            error = self.navigate(url);
        }
        if error.is_none() {
            self.until("document.readyState === 'complete' && location.href !== 'about:blank'");
        }
        error
    }

    fn navigate(&mut self, url: &str) -> Option<String> {
        self.call("Page.navigate", &json!({"url": url}))["errorText"].as_str().map(str::to_owned)
    }

    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let done = self
            .call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true, "awaitPromise": true}));
        done["result"]["value"].clone()
    }

    /// What a person sees now, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let done = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        STANDARD.decode(done["data"].as_str().unwrap()).unwrap()
    }

    pub(crate) fn until(&mut self, expression: &str) {
        tests::process::until(10, expression, || self.eval(expression) == json!(true));
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.pipe.count += 1;
        let id = self.pipe.count;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.pipe.send(format!("{message}\0").as_bytes());
        loop {
            let said = self.pipe.next();
            if said["id"] == json!(id) {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
        }
    }
}

impl Firefox {
    pub(crate) fn start(namespace: &str, etc: &Path, home: &Path) -> Self {
        let profile = home.join("firefox");
        std::fs::create_dir_all(&profile).unwrap();
        let profile = profile.display().to_string();
        let program = [
            "firefox-esr",
            "--headless",
            "--marionette",
            "-remote-allow-system-access",
            "--no-remote",
            "--profile",
            &profile,
            "about:blank",
        ];
        let process = Process::start(namespace, etc, home, "exec \"$@\" >/dev/null", &program);
        // Marionette speaks on a socket of the namespace, which is entered by a shell.
        let relay = "until exec 5<>/dev/tcp/127.0.0.1/2828; do sleep 0.1; done 2>/dev/null; cat <&5 & exec cat >&5";
        let mut line = Process::start(namespace, etc, home, "exec \"$@\"", &["bash", "-c", relay]);
        let pipe = Pipe::new(&mut line.0, |out, sender| {
            // A length, a colon, and so many bytes.
            let mut length = Vec::new();
            while out.read_until(b':', &mut length).is_ok_and(|count| count > 0) {
                let size = String::from_utf8_lossy(&length[..length.len() - 1]).parse().unwrap();
                let mut bytes = vec![0; size];
                if out.read_exact(&mut bytes).is_err() || sender.send(serde_json::from_slice(&bytes).unwrap()).is_err()
                {
                    return;
                }
                length.clear();
            }
        });
        let mut firefox = Self { _process: process, _line: line, pipe };
        assert_eq!(firefox.pipe.next()["applicationType"], json!("gecko"));
        firefox.call("WebDriver:NewSession", &json!({})).unwrap();
        firefox
    }

    /// Goes to a page; its error, if there is one.
    pub(crate) fn open(&mut self, url: &str) -> Option<String> {
        self.call("WebDriver:Navigate", &json!({"url": url})).err()
    }

    /// What a person sees now, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let done = self.call("WebDriver:TakeScreenshot", &json!({"full": false})).unwrap();
        STANDARD.decode(done["value"].as_str().unwrap()).unwrap()
    }

    /// From now on what is evaluated sees the browser itself.
    pub(crate) fn inside(&mut self) {
        self.call("Marionette:SetContext", &json!({"value": "chrome"})).unwrap();
    }

    pub(crate) fn eval(&mut self, script: &str) -> Value {
        self.call("WebDriver:ExecuteScript", &json!({"script": script, "args": []})).unwrap()["value"].clone()
    }

    fn call(&mut self, command: &str, params: &Value) -> Result<Value, String> {
        self.pipe.count += 1;
        let message = json!([0, self.pipe.count, command, params]).to_string();
        self.pipe.send(format!("{}:{message}", message.len()).as_bytes());
        let said = self.pipe.next();
        assert_eq!(said[1], json!(self.pipe.count), "{said}");
        if said[2].is_null() {
            Ok(said[3].clone())
        } else {
            Err(said[2]["message"].as_str().unwrap_or_default().to_owned())
        }
    }
}
