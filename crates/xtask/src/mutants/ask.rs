//! What was asked for: which of the mutants.

use crate::step::Failed;

const HELP: &str = "cargo xtask mutants [--sample N] [--seed S] [--shard K/N] [--most N] [--again]: so many of the \
                    mutants, another choice of them, the K-th of N parts; so many in this call; those that were \
                    missed once more";

/// The arguments.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    sample: usize,
    seed: u64,
    /// Which part of how many, from 1.
    shard: (usize, usize),
    /// How many to try in this call.
    pub(super) most: usize,
    /// Whether to try those again that were missed.
    pub(super) again: bool,
}

impl Asked {
    pub(super) fn of(arguments: &[String]) -> Result<Self, Failed> {
        let mut asked = Self { sample: usize::MAX, seed: 0, shard: (1, 1), most: usize::MAX, again: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let taken = if argument == "--again" {
                asked.again = true;
                Some(())
            } else {
                rest.next().and_then(|value| asked.set(argument, value))
            };
            taken.ok_or_else(|| Failed::check("these are not its arguments", HELP))?;
        }
        Ok(asked)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "--sample" => self.sample = value.parse().ok()?,
            "--seed" => self.seed = value.parse().ok()?,
            "--most" => self.most = value.parse().ok()?,
            "--shard" => {
                let (part, parts) = value.split_once('/')?;
                self.shard = (part.parse().ok()?, part_count(parts)?);
                (1..=self.shard.1).contains(&self.shard.0).then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Those that were asked for, in the order of their places.
    pub(super) fn choose(&self, all: &[String]) -> Vec<String> {
        let mut ranked: Vec<(u64, usize)> =
            all.iter().enumerate().map(|(place, name)| (rank(self.seed, name), place)).collect();
        ranked.sort_unstable();
        ranked.truncate(self.sample);
        let (part, parts) = self.shard;
        let mut places: Vec<usize> =
            ranked.iter().skip(part - 1).step_by(parts).map(|&(_, place)| place).collect();
        places.sort_unstable();
        places.into_iter().map(|place| all[place].clone()).collect()
    }
}

fn part_count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| *count > 0)
}

/// A number in place of chance (FNV-1a). The line is left out of it, so that a sample stays mostly the same when
/// code moves.
fn rank(seed: u64, name: &str) -> u64 {
    let (place, change) = name.split_once(": ").unwrap_or(("", name));
    let file = place.split(':').next().unwrap_or_default();
    let bytes = seed.to_le_bytes().into_iter().chain(file.bytes()).chain(change.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &str) -> Option<Asked> {
        Asked::of(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).ok()
    }

    fn mutants() -> Vec<String> {
        (0..40).map(|line| format!("src/lib.rs:{line}:9: replace f{} with ()", line % 35)).collect()
    }

    #[test]
    fn everything_is_asked_for_by_name() {
        let all = Asked { sample: 300, seed: 7, shard: (2, 3), most: 50, again: true };
        assert_eq!(asked("--sample 300 --seed 7 --shard 2/3 --most 50 --again"), Some(all));
        for wrong in
            ["--sample", "--sample x", "--shard 0/3", "--shard 4/3", "--shard 1/0", "--shard 1", "-x 1"]
        {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed_alone() {
        let sample = |words| asked(words).unwrap().choose(&mutants());
        assert_eq!(sample("").len(), 40);
        assert_eq!(sample("--sample 10").len(), 10);
        assert_eq!(sample("--sample 10 --seed 1"), sample("--sample 10 --seed 1"));
        assert_ne!(sample("--sample 10 --seed 1"), sample("--sample 10 --seed 2"));
    }

    #[test]
    fn the_shards_together_are_everything_that_was_chosen() {
        let of = |words: &str| asked(words).unwrap().choose(&mutants());
        let shards = ["1/3", "2/3", "3/3"].map(|shard| of(&format!("--sample 20 --shard {shard}")));
        let mut together = shards.concat();
        let mut whole = of("--sample 20");
        together.sort();
        whole.sort();
        assert_eq!(together, whole);
    }

    #[test]
    fn a_mutant_that_moves_keeps_its_rank() {
        assert_eq!(rank(1, "a.rs:1:2: replace + with -"), rank(1, "a.rs:30:4: replace + with -"));
        assert_ne!(rank(1, "a.rs:1:2: replace + with -"), rank(1, "b.rs:1:2: replace + with -"));
    }
}
