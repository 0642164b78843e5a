//! A run that was played.

use std::sync::Arc;
use std::time::Duration;

use flowrun_core::{FlowRun, NodeIx, Plan, Record, Run, Timestamp};

use super::world::World;
use crate::script::{Script, UnknownNameError};

/// What came of a simulated run.
#[derive(Debug)]
pub struct Simulated {
    run: Run,
    elapsed: Duration,
    events: u64,
}

/// Plays a script. The run begins at [`Timestamp::EPOCH`].
///
/// # Errors
///
/// [`UnknownNameError`] when the script speaks of a node that the flow does not have, or of an unknown task type.
///
/// # Complexity
///
/// What the run itself takes, and O(log waiting) for each attempt that waits.
pub fn simulate(plan: &Arc<Plan>, script: &Script) -> Result<Simulated, UnknownNameError> {
    simulate_watched(plan, script, |_, _| {})
}

/// Plays a script and shows every record as it is decided.
///
/// # Errors
///
/// As [`simulate`].
pub fn simulate_watched(
    plan: &Arc<Plan>,
    script: &Script,
    watch: impl FnMut(Timestamp, &Record),
) -> Result<Simulated, UnknownNameError> {
    script.check(plan)?;
    let start = Timestamp::EPOCH;
    let run = Run::new(Arc::clone(plan), script.run_spec(start));
    let mut world = World::new(run, start, script, watch);
    world.play();
    let elapsed = world.now.as_micros().saturating_sub(start.as_micros());
    Ok(Simulated {
        run: world.run,
        elapsed: Duration::from_micros(u64::try_from(elapsed).unwrap_or(0)),
        events: world.events,
    })
}

impl Simulated {
    /// The run as it stands at the end.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// The run as the wire shows it.
    #[must_use]
    pub fn flow_run(&self) -> FlowRun {
        self.run.to_flow_run()
    }

    /// How much virtual time passed.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How many events the run was given.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The nodes that keep the run from ending: they hang, and nothing stops them. Empty when the run is over.
    #[must_use]
    pub fn hanging(&self) -> Vec<NodeIx> {
        if self.run.is_over() { Vec::new() } else { self.run.working().map(|(node, _)| node).collect() }
    }
}
