//! What a run left out because a tool was missing: it must not pass for done.

use std::collections::BTreeMap;

use flowrun::FlowRun;

use super::{plain, plain_line};

/// One line per node and component that was skipped, with the reason; empty when nothing was.
///
/// The wire has no place for it but the log, so it is read from there: `skipped logs component for PAGE: REASON
/// | scan_id: ID`.
pub(super) fn skipped(run: &FlowRun) -> String {
    let mut counts = BTreeMap::new();
    for line in run.logs() {
        if let Some((component, reason)) = read(&line.message) {
            *counts.entry((&line.step, component, reason)).or_insert(0_usize) += 1;
        }
    }
    let lines = counts.into_iter().map(|((step, component, reason), pages)| {
        let pages = if pages == 1 { "1 page".to_owned() } else { format!("{pages} pages") };
        let (step, component) = (plain(step), plain(component));
        format!("  {step}: skipped {component} on {pages}: {}\n", plain_line(reason))
    });
    lines.collect()
}

/// Component and reason, if the line says that something was skipped.
fn read(message: &str) -> Option<(&str, &str)> {
    let (component, rest) = message.strip_prefix("skipped ")?.split_once(" component for ")?;
    let (_page, reason) = rest.split_once(": it needs ").map(|(page, _)| rest.split_at(page.len() + 2))?;
    Some((component, reason.rsplit_once(" | scan_id: ").map_or(reason, |(reason, _)| reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_components_are_counted_by_node_and_reason() {
        let line = |page: &str, step: &str| {
            let message = format!(
                "skipped logs component for http://a:1/{page}: it needs a browser: apt x | scan_id: i"
            );
            serde_json::json!({"timestamp": "2024-11-15 18:01:32.833712", "message": message, "step": step})
        };
        let other = serde_json::json!(
            {"timestamp": "2024-11-15 18:01:32.833712", "message": "skipped lunch", "step": "1"});
        let logs = [line("a", "1"), line("b", "1"), line("a", "2"), other];
        let run = serde_json::json!({"nodes": [], "edges": [], "logs": logs}).to_string();
        assert_eq!(
            skipped(&FlowRun::from_json(run).unwrap()),
            "  1: skipped logs on 2 pages: it needs a browser: apt x\n  \
               2: skipped logs on 1 page: it needs a browser: apt x\n"
        );
    }
}
