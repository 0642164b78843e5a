//! `flowrun bench`: what the engine costs on this machine.

use flowrun_bench::Sitting;

use super::CommandError;
use crate::args::BenchArgs;
use crate::exit::Exit;
use crate::out::Out;
use crate::screen::Screen;

/// Measures, and prints figures with the data of the machine. Allocations are not counted here: that takes an
/// allocator of its own, which a binary for every day does without.
pub(crate) fn bench(args: BenchArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let svg = args.svg.as_deref().map(Out::create).transpose()?;
    let sitting = Sitting { is_quick: args.quick, names: args.names };
    let report = sitting.take(|name| screen.note(name))?;
    if !report.machine.is_optimised {
        screen.note(
            "warning: this binary is not optimised, so these figures say little; build it with --release",
        );
    }
    if let Some(out) = svg {
        out.keep(&report.to_svg().ok_or(CommandError::NoPicture)?)?;
    }
    if args.markdown {
        screen.data(&report.to_markdown())?;
    } else {
        screen.data(&format!("{}\n", report.to_json().map_err(CommandError::Figures)?))?;
    }
    Ok(Exit::Done)
}
