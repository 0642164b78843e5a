//! `cargo xtask TASK`: what people and CI run, the same commands for both.
//!
//! A task is a list of steps, and a step is a command that can be repeated by hand. What the steps check is
//! decided by the tools they call; here is only which, in which order, and what a machine needs for them.
#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "talks to the person who called it")]

mod api_fuzz;
mod bench;
mod crash;
mod demo;
mod fuzz;
mod lint;
mod mutants;
mod settings;
mod setup;
mod sim;
mod step;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use step::Failed;

/// What can be asked for.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failed>,
}

const TASKS: [Task; 13] = [
    Task {
        name: "demo",
        about: "run two flows against a website and sinks of its own on loopback",
        run: demo::run,
    },
    Task {
        name: "test",
        about: "every test of the workspace; --without-tools for those that need Rust alone, or a filter",
        run: test::run,
    },
    Task {
        name: "tools",
        about: "install what tests need that is no crate into the ignored folder `.tools`",
        run: tools::run,
    },
    Task {
        name: "lint",
        about: "formatting, clippy, docs, features, dependencies, what files must not say",
        run: lint::run,
    },
    Task {
        name: "crash",
        about: "kill the binary at random and at every place that matters; --kills COUNT for more",
        run: crash::run,
    },
    Task {
        name: "api-fuzz",
        about: "requests made up from the description of the API; --requests N (10000), --seed S",
        run: api_fuzz::run,
    },
    Task {
        name: "sim",
        about: "runs that everything goes wrong for, compared with a model; --seeds N, --seed S for one",
        run: sim::run,
    },
    Task {
        name: "bench-check",
        about: "compare the engine's cost with the committed limits; --sabotage shows that it notices",
        run: bench::check,
    },
    Task { name: "figures", about: "measure the engine beside its floors, as a table", run: bench::figures },
    Task {
        name: "load",
        about: "what the server answers a second, beside floors; --short for less of everything",
        run: bench::load,
    },
    Task {
        name: "peers",
        about: "measure the engine beside other crates, in memory and on a disk; `durable`, or sizes",
        run: bench::peers,
    },
    Task {
        name: "fuzz",
        about: "odd inputs for every target, 60 seconds each; --seconds N or --runs N, and names of targets",
        run: fuzz::run,
    },
    Task {
        name: "mutants",
        about: "small mistakes in the core, which its tests have to notice; --sample N for fewer",
        run: mutants::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprintln!("{}", help());
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        eprintln!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("error: there is no task `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("\nerror: {failed}");
            failed.exit_code()
        }
    }
}

fn help() -> String {
    let tasks: String = TASKS.iter().map(|task| format!("\n  {:<11} {}", task.name, task.about)).collect();
    format!("usage: cargo xtask TASK\n\nTasks:{tasks}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_that_a_document_names_exists() {
        let mut named = 0;
        for document in ["README.md", "ARCHITECTURE.md", ".ci/run"] {
            let text = std::fs::read_to_string(workspace::root().join(document)).unwrap();
            for rest in text.split("cargo xtask ").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                assert!(TASKS.iter().any(|task| task.name == name), "`cargo xtask {name}` in {document}");
                named += 1;
            }
        }
        assert!(named >= 4, "the README names demo and test, CI runs test and lint; found {named}");
    }
}
