//! Starts the binary and says how it ended.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory of its own in which the binary runs, without any setting of the machine.
pub(crate) struct Place(TempDir);

/// How the binary ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a directory for temporary files"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("a file in a directory of our own");
        path
    }

    /// The command, ready for more arguments.
    pub(crate) fn command(&self, args: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_flowrun"));
        command.args(args).current_dir(self.path()).env_clear();
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        ended(self.command(args))
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: impl Into<Vec<u8>>) -> Ended {
        let mut command = self.command(args);
        command.write_stdin(input);
        ended(command)
    }
}

pub(crate) fn ended(mut command: assert_cmd::Command) -> Ended {
    let output = command.output().expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ended {
        code: output.status.code().expect("the binary ends by itself, not by a signal"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// A flow of nodes `(id, task type, more members of data)` and edges.
pub(crate) fn flow(nodes: &[(&str, &str, &str)], edges: &[(&str, &str)]) -> String {
    let nodes: Vec<String> = nodes
        .iter()
        .map(|(id, kind, more)| {
            format!(r#"    {{"id": "{id}", "data": {{"id": "{id}", "task_type": "{kind}"{more}}}}}"#)
        })
        .collect();
    let edges: Vec<String> = edges
        .iter()
        .enumerate()
        .map(|(n, (from, to))| format!(r#"    {{"id": "{n}", "source": "{from}", "target": "{to}"}}"#))
        .collect();
    format!(
        "{{\n  \"nodes\": [\n{}\n  ],\n  \"edges\": [\n{}\n  ]\n}}\n",
        nodes.join(",\n"),
        edges.join(",\n")
    )
}

/// A sound flow: a scan that tells Slack.
pub(crate) fn sound() -> String {
    flow(&[("1", "scan", ""), ("2", "slack", r#", "message": "hi""#)], &[("1", "2")])
}
