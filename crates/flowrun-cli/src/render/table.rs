//! How a run ended, as a table.

use std::time::Duration;

use flowrun::{FlowRun, LogEntry, NodeProgress, NodeStatus, ObjectStatus, Timestamp};
use flowrun_sim::sim::duration_text;

use super::Reasons;
use super::columns::aligned;
use super::skipped::skipped;
use super::{plain, plain_line};

/// One row per node, what was skipped, the lines of the nodes that failed, and a closing line.
pub(crate) fn table(run: &FlowRun, reasons: &Reasons) -> String {
    table_of(run, &run.status().to_string(), reasons)
}

/// The same of a run that may not be over: `state` says how it stands.
pub(crate) fn table_of(run: &FlowRun, state: &str, reasons: &Reasons) -> String {
    let mut rows = vec![["node", "task", "status", "objects", "time"].map(str::to_owned)];
    for (node, progress) in run.nodes() {
        let task_type = node.task_type();
        let task_type = if task_type.is_empty() { "–".into() } else { task_type };
        rows.push([
            plain(&node.id()),
            plain(&task_type),
            if reasons.get(&node.id()).is_some() {
                "skipped".to_owned()
            } else {
                progress.status.to_string()
            },
            objects(progress),
            duration(progress.time_started, progress.time_completed),
        ]);
    }
    let mut out = aligned(&rows);
    for (node, _) in run.nodes() {
        if let Some(why) = reasons.get(&node.id()) {
            out += &format!("  {}: skipped: {why}\n", plain(&node.id()));
        }
    }
    out += &skipped(run);
    for (node, progress) in run.nodes() {
        if progress.status != NodeStatus::Failed {
            continue;
        }
        let id = node.id();
        for line in run.logs().iter().filter(|line| line.step == *id) {
            out += &format!("  {}: {}\n", plain(&id), plain_line(&line.message));
        }
    }
    let id = run.id().map(|id| format!(" {}", plain(&id))).unwrap_or_default();
    let time = duration(run.time_created(), run.time_completed().map(|end| without_idle(run, end)));
    out += &format!("run{id} {state} in {time}\n");
    out
}

/// When the run would have ended if nobody had waited before it was done once more. Its earlier ends stand in its
/// log, and nothing happens between one of them and the beginning that follows.
fn without_idle(run: &FlowRun, end: Timestamp) -> Timestamp {
    let of = |line: &LogEntry| line.timestamp.as_micros();
    let is_end = |line: &&LogEntry| line.message.starts_with("flowrun completed with status: ");
    let idle = run.logs().iter().filter(is_end).filter_map(|closing| {
        let next = run.logs().iter().map(of).filter(|time| *time > of(closing)).min()?;
        Some(next - of(closing))
    });
    Timestamp::from_micros(end.as_micros() - idle.sum::<i64>())
}

/// How many entries ended how, such as `3 passed, 1 failed`.
fn objects(progress: &NodeProgress) -> String {
    let count = |status| progress.objects.iter().filter(|entry| entry.status == status).count();
    let parts: Vec<String> = [
        (ObjectStatus::Passed, "passed"),
        (ObjectStatus::Failed, "failed"),
        (ObjectStatus::Incomplete, "incomplete"),
        (ObjectStatus::Working, "working"),
    ]
    .into_iter()
    .map(|(status, word)| (count(status), word))
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

fn duration(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => {
            let us = u64::try_from(to.as_micros().saturating_sub(from.as_micros())).unwrap_or(0);
            match us / 1_000 {
                ms @ ..1_000 => format!("{ms} ms"),
                ms @ ..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
                ms => duration_text(Duration::from_secs(ms / 1_000)),
            }
        }
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_shown_node_by_node() {
        let run = FlowRun::from_json(
            r#"{"id":"r1","status":"failed","time_created":"2024-11-15T18:01:32Z",
            "time_completed":"2024-11-15T18:01:35.250Z","nodes":[
            {"id":"1","data":{"task_type":"scan","status":"passed","time_started":"2024-11-15T18:01:32Z",
            "time_completed":"2024-11-15T18:01:32.034Z","objects":[{"id":"a","status":"passed"},
            {"id":"b","status":"failed"}]}},
            {"id":"二","data":{"task_type":"slack","status":"failed","objects":[]}},
            {"id":"3","data":{"status":"passed","time_started":"2024-11-15T18:01:33Z",
            "time_completed":"2024-12-16T19:02:34.034Z"}}],"edges":[],"logs":[
            {"timestamp":"2024-11-15 18:01:32.833712","message":"channel_not_found\u001b[1m","step":"二"},
            {"timestamp":"2024-11-15 18:01:32.833712","message":"fine","step":"1"}]}"#,
        )
        .unwrap();
        insta::assert_snapshot!(table(&run, &Reasons::default()), @r#"
        node  task   status  objects             time
        1     scan   passed  1 passed, 1 failed  34 ms
        二    slack  failed  –                   –
        3     –      passed  –                   31d 1h 1m 1s
          二: channel_not_found\u{1b}[1m
        run r1 failed in 3.2 s
        "#);
    }

    #[test]
    fn a_skipped_node_is_shown_as_skipped_with_what_decided() {
        let run = FlowRun::from_json(
            r#"{"id":"r1","status":"passed","nodes":[{"id":"2","data":{"task_type":"slack","status":"queued"}}],
            "edges":[]}"#,
        )
        .unwrap();
        let reasons =
            Reasons::from([("2", "no object of node `1` went to true: health (42.0) >= 80.0: false")]);
        insta::assert_snapshot!(table(&run, &reasons), @r"
        node  task   status   objects  time
        2     slack  skipped  –        –
          2: skipped: no object of node `1` went to true: health (42.0) >= 80.0: false
        run r1 passed in –
        ");
    }

    #[test]
    fn the_time_between_an_end_and_a_rerun_is_not_that_of_the_run() {
        let line = |at: &str, message: &str| {
            format!(r#"{{"timestamp":"2024-11-15 {at}","message":"{message}","step":"1"}}"#)
        };
        let shown = |lines: &[String], completed: &str| {
            let text = format!(
                r#"{{"id":"r1","status":"passed","time_created":"2024-11-15T18:00:00Z","time_completed":"{completed}",
                "nodes":[],"edges":[],"logs":[{}]}}"#,
                lines.join(",")
            );
            table(&FlowRun::from_json(text.as_str()).unwrap(), &Reasons::default())
        };
        let first = [
            line("18:00:00.000000", "starting job ID: 1"),
            line("18:00:02.000000", "flowrun completed with status: ❌ FAILED"),
        ];
        assert!(shown(&first, "2024-11-15T18:00:02Z").ends_with("passed in 2.0 s\n"));
        let again = [
            line("19:00:00.000000", "starting job ID: 1"),
            line("19:00:03.000000", "flowrun completed with status: ✅ PASSED"),
        ];
        let both = [first, again].concat();
        assert!(shown(&both, "2024-11-15T19:00:03Z").ends_with("passed in 5.0 s\n"));
    }

    #[test]
    fn a_run_without_nodes_has_a_closing_line() {
        let run = FlowRun::from_json(r#"{"nodes":[],"edges":[],"status":"cancelled"}"#).unwrap();
        assert!(table(&run, &Reasons::default()).ends_with("\nrun cancelled in –\n"));
    }
}
