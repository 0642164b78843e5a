//! `flowrun synth`: a flow made from a shape, a size and a seed.

use flowrun_sim::synth::{Detail, Synth};

use super::CommandError;
use crate::args::SynthArgs;
use crate::exit::Exit;
use crate::out::Out;
use crate::screen::Screen;

/// Writes a synthetic flow to a file, or prints it.
pub(crate) fn synth(args: &SynthArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let detail = if args.lean { Detail::Lean } else { Detail::Full };
    let json = Synth::new(args.shape, args.nodes)?.seed(args.seed).detail(detail).json();
    match &args.out {
        Some(path) => Out::create(path)?.keep(&json)?,
        None => screen.data(&format!("{json}\n"))?,
    }
    Ok(Exit::Done)
}
