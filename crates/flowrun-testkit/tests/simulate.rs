//! Scripts give the same run in virtual time and in an engine.
#![cfg(all(feature = "engine", feature = "proptest"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use flowrun::{Clock, Flow, FlowRun, Plan, RunRequest, TaskTypes, Timestamp};
use flowrun_testkit::script::{Behaviour, End, Script, ScriptedExecutor};
use flowrun_testkit::sim::simulate;
use flowrun_testkit::synth::{Shape, flows};
use proptest::prelude::*;

fn planned(flow: &Flow) -> Arc<Plan> {
    Arc::new(Plan::new(flow, &TaskTypes::documented()).unwrap())
}

/// Follows tokio's clock from the simulation's beginning, in steps of 10 ms: tokio wakes whole milliseconds
/// after the time that was asked for.
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        let elapsed = self.0.elapsed().as_millis() as u64;
        Timestamp::EPOCH.after(Duration::from_millis(elapsed / 10 * 10))
    }
}

/// The run of a script in an engine, with time paused.
fn in_an_engine(plan: &Arc<Plan>, script: &Script) -> FlowRun {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock = Paused(tokio::time::Instant::now());
        let engine = ScriptedExecutor::engine(script).clock(clock).build().unwrap();
        let mut request = RunRequest::of_plan(Arc::clone(plan), script.run.site()).id(script.run_id());
        if let Some(configs) = &script.run.configs {
            request = request.configs(serde_json::to_string(configs).unwrap()).unwrap();
        }
        let run = engine.start(request).await.unwrap();
        if let Some(after) = script.run.cancel_after {
            tokio::time::sleep(after).await;
            run.cancel().await;
        }
        run.result().await.unwrap()
    })
}

/// What a node does. Waits differ from node to node, so that no two things happen at one instant.
fn behaviours() -> impl Strategy<Value = Behaviour> {
    let ends = prop_oneof![
        6 => Just(End::Done),
        1 => Just(End::Passed),
        1 => Just(End::Failed),
        1 => Just(End::Panic),
        1 => Just(End::Hang),
    ];
    let flaky = prop_oneof![Just(0.0), Just(0.5)];
    (ends, any::<bool>(), flaky, any::<bool>()).prop_map(|(end, waits, flaky, deaf)| {
        let mut behaviour = Behaviour::default();
        behaviour.end = end;
        behaviour.flaky = flaky;
        behaviour.deaf = deaf;
        behaviour.after = waits.then_some(Duration::from_millis(1));
        behaviour
    })
}

prop_compose! {
    fn cases()(
        flow in flows(&[Shape::Random, Shape::Cursion, Shape::Diamonds, Shape::Fan], 1..=20),
    )(
        behaviours in proptest::collection::vec(behaviours(), flow.node_count()),
        end_on_fail in any::<bool>(),
        seed in 0..1_000_u64,
        flow in Just(flow),
    ) -> (Flow, Script) {
        let mut script = Script::default();
        script.seed = seed;
        script.run.configs = Some([("end_on_fail".to_owned(), end_on_fail.into())].into_iter().collect());
        // What hangs is stopped by this, long after all that waits.
        script.run.run_timeout = Some(Duration::from_secs(30 * 86_400));
        let mut has_hanging = false;
        for (place, mut behaviour) in behaviours.into_iter().enumerate() {
            // Of two that hang, the runtime would choose which stops first.
            if behaviour.end == End::Hang && std::mem::replace(&mut has_hanging, true) {
                behaviour.end = End::Done;
            }
            behaviour.after = behaviour.after.map(|_| Duration::from_millis(10 << place));
            script = script.node((place + 1).to_string(), behaviour);
        }
        (flow, script)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_script_gives_the_same_run_in_virtual_time_and_in_an_engine((flow, script) in cases()) {
        let plan = planned(&flow);
        let simulated = simulate(&plan, &script).unwrap();
        prop_assert!(simulated.hanging().is_empty());
        let (simulated, driven) = (simulated.flow_run(), in_an_engine(&plan, &script));
        prop_assert_eq!(simulated.to_json(), driven.to_json());
    }

    #[test]
    fn the_same_script_gives_the_same_run((flow, script) in cases()) {
        let plan = planned(&flow);
        let run = || simulate(&plan, &script).unwrap().flow_run().to_json().to_owned();
        prop_assert_eq!(run(), run());
    }
}
