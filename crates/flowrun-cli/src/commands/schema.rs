//! `flowrun schema`: what a flow file may hold, for editors.

use super::CommandError;
use crate::exit::Exit;
use crate::screen::Screen;

/// Prints the JSON Schema of flow files.
pub(crate) fn schema(screen: &Screen) -> Result<Exit, CommandError> {
    screen.json(&flowrun::flow_schema())?;
    Ok(Exit::Done)
}
