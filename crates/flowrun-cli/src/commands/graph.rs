//! `flowrun graph`: a flow as a picture.

use super::CommandError;
use crate::args::{GraphArgs, GraphFormat};
use crate::exit::Exit;
use crate::load::load;
use crate::render;
use crate::screen::Screen;

/// Draws any flow that can be read, sound or not: a picture shows what is wrong with it.
pub(crate) fn graph(args: &GraphArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let flow = match load(&args.flow) {
        Ok(loaded) => loaded.flow,
        Err(refused) => return Ok(refused.show(screen)),
    };
    screen.data(&match args.format {
        GraphFormat::Mermaid => render::mermaid(&flow),
        GraphFormat::Dot => render::dot(&flow),
    })?;
    Ok(Exit::Done)
}
