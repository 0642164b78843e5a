//! `flowrun outcomes`: every way a flow can end, each with a script that leads there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use flowrun::{NodeIx, NodeStatus, Plan, RunStatus};
use flowrun_sim::outcomes::{FlowEnd, Outcomes};
use flowrun_sim::script::Script;
use serde::Serialize;

use super::CommandError;
use crate::args::OutcomesArgs;
use crate::exit::Exit;
use crate::finding::Finding;
use crate::load::{Refused, load, load_script};
use crate::out::Out;
use crate::render::{plain, plain_up_to};
use crate::screen::Screen;

/// Nodes that are named for each end of a large flow.
const NAMED: usize = 12;

/// Lists the ends of a flow.
pub(crate) fn outcomes(args: &OutcomesArgs, screen: &Screen) -> Result<Exit, CommandError> {
    let (plan, text, listed) = match listed(args) {
        Ok(listed) => listed,
        Err(refused) => return Ok(refused.show(screen)),
    };
    if let Some(folder) = &args.cases {
        write_cases(folder, &plan, &text, &listed)?;
    }
    if args.json {
        let report = Report {
            version: 1,
            exhaustive: listed.is_exhaustive,
            ends: listed.ends.iter().map(|end| Printed::new(&plan, end)).collect(),
        };
        let json = serde_json::to_string(&report).expect("texts and numbers are always JSON");
        screen.data(&format!("{json}\n"))?;
    } else {
        screen.data(&told(&plan, &listed))?;
    }
    Ok(Exit::Done)
}

/// The plan, the flow's text, and how it can end.
fn listed(args: &OutcomesArgs) -> Result<(Arc<Plan>, String, Outcomes), Refused> {
    let loaded = load(&args.flow)?;
    let script = args.script.as_deref().map(load_script).transpose()?.unwrap_or_default();
    let text = loaded.flow.to_json().to_owned();
    let plan = match Plan::new(&loaded.flow, &script.run.task_types()) {
        Ok(plan) => Arc::new(plan),
        Err(refused) => {
            return Err(loaded.refused(refused.into_diagnostics().into_iter().map(Finding::from).collect()));
        }
    };
    let listed = flowrun_sim::outcomes::outcomes(&plan, &script.run, args.limit);
    Ok((plan, text, listed))
}

/// What `--json` prints. A key is never given another meaning; `version` rises when one has to go.
#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    exhaustive: bool,
    ends: Vec<Printed<'a>>,
}

/// One end. Of a large flow only the nodes that failed are named.
#[derive(Serialize)]
struct Printed<'a> {
    status: RunStatus,
    counts: BTreeMap<String, usize>,
    nodes: BTreeMap<String, NodeStatus>,
    script: &'a Script,
}

impl<'a> Printed<'a> {
    fn new(plan: &Plan, end: &'a FlowEnd) -> Self {
        let is_small = end.nodes.len() <= NAMED;
        let nodes = end.nodes.iter().enumerate();
        let nodes = nodes.filter(|(_, status)| is_small || **status == NodeStatus::Failed);
        let nodes = nodes.map(|(place, status)| (plan.node_id(NodeIx::new(place)).into_owned(), *status));
        let mut counts = BTreeMap::new();
        for status in &end.nodes {
            *counts.entry(status.to_string()).or_default() += 1;
        }
        Self { status: end.status, counts, nodes: nodes.collect(), script: &end.script }
    }
}

fn told(plan: &Plan, listed: &Outcomes) -> String {
    let mut out = String::new();
    for (end, number) in listed.ends.iter().zip(1..) {
        let printed = Printed::new(plan, end);
        let groups: Vec<String> = printed.counts.keys().map(|status| group(&printed, status)).collect();
        out += &format!("{number}. run {}: {}\n", end.status, groups.join(", "));
        // Whole, because it is there to be taken over.
        out += &format!("   {}\n", plain_up_to(usize::MAX, &end.script.to_json()));
    }
    let count = listed.ends.len();
    out += &if listed.is_exhaustive {
        format!("{count} ways to end, and no others\n")
    } else {
        format!(
            "{count} ways to end; there may be others: of a flow with more than {} nodes those are listed that \
             differ from all passing by what one node does, up to --limit\n",
            flowrun_sim::outcomes::EXHAUSTIVE
        )
    };
    out
}

/// `2 failed (nodes 3, 5)`, or `2 failed` where the nodes are not named.
fn group(printed: &Printed<'_>, status: &str) -> String {
    let count = printed.counts.get(status).copied().unwrap_or(0);
    let nodes = printed.nodes.iter().filter(|(_, of_node)| of_node.to_string() == status);
    let named: Vec<String> = nodes.map(|(id, _)| plain(id)).take(NAMED).collect();
    match named.len() {
        0 => format!("{count} {status}"),
        1 if count == 1 => format!("1 {status} (node {})", named[0]),
        some if some == count => format!("{count} {status} (nodes {})", named.join(", ")),
        some => format!("{count} {status} (nodes {} and {} more)", named.join(", "), count - some),
    }
}

/// A folder with the flow, and a case for each end.
fn write_cases(folder: &Path, plan: &Plan, flow: &str, listed: &Outcomes) -> Result<(), CommandError> {
    /// A case as `flowrun simulate --suite` reads it.
    #[derive(Serialize)]
    struct Case<'a> {
        flow: &'a str,
        expect: Expect,
        script: &'a Script,
    }
    #[derive(Serialize)]
    struct Expect {
        status: RunStatus,
        nodes: BTreeMap<String, NodeStatus>,
    }

    const FLOW: &str = "flow.json";
    std::fs::create_dir_all(folder)
        .map_err(|source| CommandError::Folder { name: folder.display().to_string(), source })?;
    Out::create(&folder.join(FLOW))?.keep(flow)?;
    let digits = listed.ends.len().to_string().len();
    for (end, number) in listed.ends.iter().zip(1..) {
        let expect = Expect { status: end.status, nodes: Printed::new(plan, end).nodes };
        let case = Case { flow: FLOW, expect, script: &end.script };
        let json = serde_json::to_string_pretty(&case).expect("texts and numbers are always JSON");
        Out::create(&folder.join(format!("end-{number:0digits$}.case.json")))?.keep(&json)?;
    }
    Ok(())
}
