//! Flows to be killed in, and how each has to end.

use crate::ledger::Outside;

/// What a run is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A scan and a row of this many webhooks, some of them slow.
    Chain(usize),
    /// Twelve nodes in a row for four pages, each webhook so slow that kills catch it.
    Long,
    /// A scan, two slow webhooks side by side, one of them so slow that a kill comes between, and one below both.
    FanIn,
    /// A webhook that is refused once for each object and sent again.
    Retried,
    /// A webhook that is refused for good, with another one below it.
    Failing,
    /// A webhook that is never answered.
    Hanging,
    /// A webhook with a deadline that is answered when it is tried again, and one below it.
    Stuck,
    /// The same, answered at once.
    Answered,
}

/// How a run of the shape ends when nothing is killed; one that hangs is cancelled in the end.
pub(crate) const fn ends(shape: Shape) -> &'static str {
    match shape {
        Shape::Chain(_) | Shape::Long | Shape::FanIn | Shape::Retried | Shape::Stuck | Shape::Answered => {
            "passed"
        }
        Shape::Failing => "failed",
        Shape::Hanging => "cancelled",
    }
}

/// The pages a run of the shape works on.
pub(crate) const fn pages(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Long => &["/", "/good", "/about", "/bad"],
        Shape::Chain(_)
        | Shape::FanIn
        | Shape::Retried
        | Shape::Failing
        | Shape::Hanging
        | Shape::Stuck
        | Shape::Answered => &["/"],
    }
}

/// The flow of a case. Every webhook names the case, so that the ledger tells them apart.
pub(crate) fn flow(shape: Shape, case: &str, outside: &Outside) -> String {
    let hook = |node: &str, how: &str, configs: &str| {
        let uri = outside.hook(how, case, node);
        // The secret is in every request and may be in no file of the store.
        format!(
            r#"{{"id":"{node}","data":{{"id":"{node}","task_type":"webhook","request_type":"POST","uri":"{uri}","payload":"{{\"object\":\"{{{{page_url}}}}\",\"word\":\"{{{{WORD}}}}\"}}","configs":{{{configs}}}}}}}"#
        )
    };
    let mut nodes = vec![
        r#"{"id":"1","data":{"id":"1","task_type":"scan","type":["html"],"configs":{"retries":200}}}"#
            .to_owned(),
    ];
    // Enough attempts that no number of kills makes the guard against crash loops step in.
    const MANY: &str = r#""retries":200"#;
    let mut edges = Vec::new();
    match shape {
        Shape::Chain(hooks) => {
            for node in 2..=hooks + 1 {
                nodes.push(hook(&node.to_string(), if node % 2 == 0 { "slow" } else { "ok" }, MANY));
                edges.push((node - 1, node));
            }
        }
        Shape::Long => {
            for node in 2..=12 {
                nodes.push(hook(&node.to_string(), "late", MANY));
                edges.push((node - 1, node));
            }
        }
        Shape::FanIn => {
            nodes.extend([hook("2", "slow", MANY), hook("3", "slowest", MANY), hook("4", "ok", MANY)]);
            edges.extend([(1, 2), (1, 3), (2, 4), (3, 4)]);
        }
        Shape::Retried => {
            nodes.extend([hook("2", "flaky", r#""retries":200,"retry_wait":0.02"#), hook("3", "ok", MANY)]);
            edges.extend([(1, 2), (2, 3)]);
        }
        Shape::Failing => {
            nodes.extend([hook("2", "fail", MANY), hook("3", "ok", MANY)]);
            edges.extend([(1, 2), (2, 3)]);
        }
        Shape::Hanging => {
            nodes.push(hook("2", "hang", MANY));
            edges.push((1, 2));
        }
        Shape::Stuck | Shape::Answered => {
            let how = if shape == Shape::Stuck { "stuck" } else { "slow" };
            // Long enough that a busy machine freezes the process before it.
            let timed = r#""attempt_timeout":3,"retries":200,"retry_wait":0.02"#;
            nodes.extend([hook("2", how, timed), hook("3", "ok", MANY)]);
            edges.extend([(1, 2), (2, 3)]);
        }
    }
    let edges: Vec<String> = edges
        .iter()
        .map(|(from, to)| format!(r#"{{"id":"{from}-{to}","source":"{from}","target":"{to}"}}"#))
        .collect();
    format!(r#"{{"title":"{case}","nodes":[{}],"edges":[{}]}}"#, nodes.join(","), edges.join(","))
}
