//! `chaos [--seeds N] [--seed S] [--nodes N] [--keep PLACES] [--sabotage NAME]`: plays stories in which everything
//! goes wrong, and says what happened in them.
//!
//! Exits with 0, with 1 when a promise was broken, with 2 when the arguments make no sense.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use flowrun_testkit::chaos::{Case, Hunt, Sabotage};

const USAGE: &str = "usage: chaos [--seeds N] [--seed S] [--nodes N] [--keep PLACES] [--sabotage NAME]

  --seeds N        plays the stories of N seeds, 1 by default when a seed is named, else 20000
  --seed S         the first of them, 0 by default
  --nodes N        only the first N nodes of the flow
  --keep PLACES    only these entries of the list of mischief, such as 0,3, or none
  --sabotage NAME  makes a mistake on purpose";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    seed: u64,
    seeds: usize,
    nodes: Option<usize>,
    keep: Option<Vec<usize>>,
    sabotage: Option<Sabotage>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = match Asked::of(&arguments) {
        Ok(asked) => asked,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "error: {why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let begun = Instant::now();
    let hunt = Hunt::of((asked.seed..).take(asked.seeds).map(|seed| asked.case(seed)));
    let text = report(&hunt, begun.elapsed().as_secs_f64());
    // A reader that goes away early, like `head`, has seen what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(u8::from(hunt.finding.is_some()))
}

/// What came of it: the counts, how quick it was, and the finding if there is one.
fn report(hunt: &Hunt, seconds: f64) -> String {
    let mut text = hunt.tally.to_string();
    let (stories, records) = (hunt.tally.of("stories"), hunt.tally.of("records"));
    let rate = records as f64 / seconds.max(f64::EPSILON);
    let _ = writeln!(text, "{stories} stories in {seconds:.1} s, {rate:.0} records a second");
    match &hunt.finding {
        Some(finding) => {
            let _ = writeln!(text, "\n{finding}");
        }
        None => text.push_str("no promise was broken\n"),
    }
    text
}

impl Asked {
    fn of(arguments: &[String]) -> Result<Self, String> {
        let (mut seed, mut seeds, mut nodes, mut keep, mut sabotage) = (None, None, None, None, None);
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("`{}` needs a value", pair[0])) };
            match &**name {
                "--seed" => seed = Some(number(name, value)?),
                "--seeds" => seeds = Some(number(name, value)?),
                "--nodes" => nodes = Some(number(name, value)?),
                "--keep" if value == "none" => keep = Some(Vec::new()),
                "--keep" => {
                    let places = value.split(',').map(|place| number(name, place));
                    keep = Some(places.collect::<Result<_, _>>()?);
                }
                "--sabotage" => sabotage = Some(value.parse().map_err(|error| format!("{error}"))?),
                _ => return Err(format!("there is no option `{name}`")),
            }
        }
        let seeds = seeds.unwrap_or(if seed.is_some() { 1 } else { 20_000 });
        Ok(Self { seed: seed.unwrap_or(0), seeds, nodes, keep, sabotage })
    }

    fn case(&self, seed: u64) -> Case {
        let mut case = Case::new(seed);
        if let Some(nodes) = self.nodes {
            case = case.nodes(nodes);
        }
        if let Some(keep) = &self.keep {
            case = case.keep(keep.clone());
        }
        if let Some(sabotage) = self.sabotage {
            case = case.sabotage(sabotage);
        }
        case
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{name}` needs a number, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Asked, String> {
        Asked::of(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_of_a_case_gives_the_case() {
        let cases = [
            Case::new(7),
            Case::new(9).nodes(2).keep([0, 3]).sabotage(Sabotage::LosesNewest),
            Case::new(9).keep([]),
        ];
        for case in cases {
            let command = case.command();
            let asked = asked(command.strip_prefix("cargo xtask sim ").unwrap()).unwrap();
            assert_eq!((asked.case(asked.seed), asked.seeds), (case, 1), "{command}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        assert_eq!(asked("").unwrap().seeds, 20_000);
        assert_eq!(asked("--seed x").unwrap_err(), "`--seed` needs a number, not `x`");
        assert_eq!(asked("--seed").unwrap_err(), "`--seed` needs a value");
        assert_eq!(asked("--sed 1").unwrap_err(), "there is no option `--sed`");
        assert!(asked("--sabotage Nothing").unwrap_err().contains("FiresEarly"));
    }
}
