//! The program as a child: started, listened to, killed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child as Process, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a child may take to do what it has to. Far more than it needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const FLOWRUN: &str = env!("CARGO_BIN_EXE_flowrun-crash");

/// A running `flowrun`.
pub(crate) struct Child {
    process: Process,
    /// Every line on standard error so far.
    said: watch::Receiver<Vec<String>>,
    out: JoinHandle<String>,
}

/// A `flowrun` that is no more.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) said: Vec<String>,
}

impl Child {
    /// Starts the binary in `folder`, without any setting of the machine.
    pub(crate) fn start(folder: &Path, args: &[String], vars: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(FLOWRUN), folder, args, vars)
    }

    /// The same, and no file it writes may grow over so many times 512 bytes: a write beyond fails.
    pub(crate) fn start_limited(folder: &Path, args: &[String], blocks: u32) -> Self {
        // A signal that is ignored stays so in the program that takes the shell's place.
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &limit, FLOWRUN]);
        Self::spawn(command, folder, args, &[])
    }

    fn spawn(mut command: Command, folder: &Path, args: &[String], vars: &[(&str, &str)]) -> Self {
        command.args(args).current_dir(folder).env_clear().envs(vars.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("the binary starts");
        let (says, said) = watch::channel(Vec::new());
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                says.send_modify(|said| said.push(line));
            }
        });
        let mut stdout = process.stdout.take().expect("it is piped");
        let out = tokio::spawn(async move {
            let mut text = String::new();
            // What cannot be read any more is missing from the text, which the test then finds.
            let _ = stdout.read_to_string(&mut text).await;
            text
        });
        Self { process, said, out }
    }

    /// Waits until it says a line with `text` in it, or until it has nothing more to say.
    pub(crate) async fn says(&mut self, text: &str) -> Option<String> {
        self.says_one_of(&[text]).await
    }

    /// Waits until it says a line with one of these texts in it, or until it has nothing more to say.
    pub(crate) async fn says_one_of(&mut self, texts: &[&str]) -> Option<String> {
        let is_one = |line: &&String| texts.iter().any(|text| line.contains(text));
        let find = |said: &Vec<String>| said.iter().find(is_one).cloned();
        let waiting = self.said.wait_for(|said| find(said).is_some());
        let heard = tokio::time::timeout(PATIENCE, waiting).await.expect("a child does not fall silent");
        heard.ok().and_then(|said| find(&said))
    }

    /// Kills it, with the signal that nothing can be done about, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Ended {
        self.process.start_kill().expect("the child is ours to kill");
        self.ended().await
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("the child has not been waited for")
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let status = std::process::Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success(), "{kill}");
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        let status = status.expect("a child ends").expect("the child is ours to wait for");
        let out = self.out.await.expect("reading does not panic");
        // Closed once the last line was read.
        while self.said.changed().await.is_ok() {}
        let said = self.said.borrow().clone();
        Ended { code: status.code(), out, said }
    }
}
