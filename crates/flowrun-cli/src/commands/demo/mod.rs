//! `flowrun demo`: two flows on a website and sinks of our own, all in this process and on loopback.
//!
//! What has to come out is known beforehand, so the demo is a check of the whole program as well.

mod arrivals;
mod scene;

use flowrun::{Flow, RunRequest};

use self::scene::{Act, Scene};
use super::CommandError;
use crate::drive::{DriveError, Driven, drive};
use crate::exit::Exit;
use crate::render;
use crate::screen::Screen;
use crate::target::Target;
use crate::watch::Keep;
use crate::wiring;

/// Runs both flows. The exit code says whether everything went as it has to.
pub(crate) fn demo(screen: &Screen) -> Result<Exit, CommandError> {
    super::block_on(async {
        let scene = Scene::start().await.map_err(CommandError::Listen)?;
        screen.note(&scene.introduction());
        if let Some(why) = super::tools::missing(&scene.settings()) {
            screen.note(&format!("consoles and pictures are left out: {why}"));
        }
        let mut exit = Exit::Done;
        for act in scene::ACTS {
            match play(act, &scene, screen).await? {
                Exit::Done => {}
                Exit::RunFailed => exit = Exit::RunFailed,
                stopped => return Ok(stopped),
            }
        }
        if exit == Exit::Done {
            screen.data("everything went as expected\n")?;
        }
        Ok(exit)
    })?
}

/// Runs one flow and shows how it ended, what arrived, and what of it was not to be expected.
async fn play(act: &Act, scene: &Scene, screen: &Screen) -> Result<Exit, CommandError> {
    screen.note(&format!("\n{}", act.title));
    let pages: Vec<String> = act.pages.iter().map(|&page| page.to_owned()).collect();
    let target = Target::new(&scene.site(), &pages)?;
    let artefacts = super::run::artefacts(None)?;
    let executors =
        wiring::executors_with(&scene.settings(), &target.addresses, |scan| scan.artefacts(artefacts))?;
    let engine = wiring::engine(executors)?;
    let flow = Flow::from_json(act.flow.replace(scene::HOOKS, &scene.hooks()));
    let flow = flow.expect("the flows of the demo are well-formed, as a test runs them");
    let plan = engine.plan(&flow).map_err(|refused| DriveError::Start(refused.into()))?;
    let request = RunRequest::of_plan(plan, target.site);

    let before = scene.arrivals();
    let Driven { run, skipped, exit, .. } = drive(&engine, request, Keep::Nothing, screen).await?;
    let Some(run) = run.filter(|_| matches!(exit, Exit::Done | Exit::RunFailed)) else {
        return Ok(exit);
    };
    let arrived = scene.arrivals().since(&before);
    screen.data(&format!("\n{}\narrived:\n{}\n", render::table(&run, &skipped), arrived.told()))?;
    let differences = arrived.differences(&act.expected);
    for difference in &differences {
        screen.note(&format!("not as expected: {difference}"));
    }
    if differences.is_empty() { Ok(exit) } else { Ok(Exit::RunFailed) }
}
