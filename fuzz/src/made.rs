//! Flows, outcomes and reports made from bytes.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use flowrun::{
    Condition, ErrorClass, Facts, Flow, NodeSpec, ObjectEntry, ObjectReport, ObjectStatus, Operator, Outcome,
    Plan, Report, Run, RunId, RunSpec, Site, TaskTypes, Timestamp,
};

/// Task types by what they do with objects: two that make some, one that passes them on, two that take them,
/// and an empty node.
const TASK_TYPES: [&str; 6] = ["scan", "test", "report", "slack", "webhook", ""];

/// What they are, to a plan.
static TYPES: LazyLock<TaskTypes> = LazyLock::new(TaskTypes::documented);

/// A flow of up to 16 nodes with any edges, cycles and loose ends included.
pub(crate) fn flow(input: &mut Unstructured<'_>) -> Result<Flow> {
    let count = input.int_in_range(1..=16)?;
    let mut flow = Flow::builder();
    for number in 0..count {
        let mut node = NodeSpec::new(number.to_string(), *input.choose(&TASK_TYPES)?);
        if input.ratio(1, 3)? {
            node = node.condition(Condition::new(
                "health",
                *input.choose(&[Operator::AtLeast, Operator::AtMost, Operator::MoreThan])?,
                50,
            ));
        }
        if let Some(side) = Option::<bool>::arbitrary(input)? {
            node = node.start_if(side);
        }
        flow = flow.node(node);
    }
    for _ in 0..input.int_in_range(0..=count * 2)? {
        // One past the last: an edge may lead to nowhere. Mostly forward, or few flows would be plans.
        let source = input.int_in_range(0..=count - 1)?;
        let low = if input.ratio(1, 16)? { 0 } else { source + 1 };
        let target = input.int_in_range(low..=count.max(low))?;
        flow = flow.edge(source.to_string(), target.to_string());
    }
    Ok(flow.build().expect("sixteen nodes are within every limit"))
}

/// A run of that flow; `None` when the flow is no plan.
pub(crate) fn run(input: &mut Unstructured<'_>) -> Result<Option<Run>> {
    let flow = flow(input)?;
    let Ok(plan) = Plan::new(&flow, &TYPES) else { return Ok(None) };
    let configs = if bool::arbitrary(input)? { "{}" } else { r#"{"end_on_fail":false}"# };
    let configs = serde_json::value::RawValue::from_string(configs.to_owned()).expect("an object");
    let spec =
        RunSpec::new(RunId::from_bytes([7; 16]), Timestamp::default(), Site::new("https://site.example"));
    Ok(Some(Run::new(plan.into(), spec.configs(configs))))
}

pub(crate) fn outcome(input: &mut Unstructured<'_>) -> Result<Outcome> {
    let class = *input.choose(&[
        ErrorClass::Transient,
        ErrorClass::Permanent,
        ErrorClass::Unknown,
        ErrorClass::Timeout,
        ErrorClass::Panic,
        ErrorClass::Stopped,
    ])?;
    Ok(match input.int_in_range(0..=2)? {
        0 => Outcome::Done,
        1 => Outcome::Passed,
        _ => Outcome::failed("made").class(class),
    })
}

pub(crate) fn report(input: &mut Unstructured<'_>) -> Result<Report> {
    if input.ratio(1, 4)? {
        return Ok(Report::Log("line".to_owned()));
    }
    let mut objects = Vec::new();
    for _ in 0..input.int_in_range(0..=3)? {
        let id = input.int_in_range(0..=5)?.to_string();
        let status = *input.choose(&[
            ObjectStatus::Working,
            ObjectStatus::Passed,
            ObjectStatus::Failed,
            ObjectStatus::Incomplete,
        ])?;
        let mut entry = ObjectEntry::new(&id, &id).with_status(status);
        if bool::arbitrary(input)? {
            entry.track_id = Some(input.int_in_range(0..=3)?.to_string().into());
        }
        let score = input.int_in_range(0..=100)?;
        let facts = serde_json::json!({"type": "scan", "id": id, "score": score});
        objects.push(ObjectReport { entry, facts: bool::arbitrary(input)?.then(|| Facts::new(facts)) });
    }
    Ok(Report::Objects(objects))
}
