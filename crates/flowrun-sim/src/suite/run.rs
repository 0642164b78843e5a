//! Running a folder of cases.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowrun_core::{Flow, NodeIx, NodeStatus, Plan};
use serde::Serialize;

use super::case::text_of;
use super::coverage::Tracker;
use super::{Case, CaseError, Coverage};
use crate::sim::{Simulated, simulate_watched};

/// The cases of a folder.
///
/// ```
/// use flowrun_sim::suite::Suite;
///
/// # let folder = std::env::temp_dir().join("flowrun-suite-example");
/// # std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("flow.json"), r#"{"nodes": [{"id": "1", "data": {"task_type": "scan"}}]}"#)?;
/// std::fs::write(folder.join("good.case.toml"), "flow = 'flow.json'\nexpect.status = 'passed'")?;
/// let report = Suite::read(&folder)?.run()?;
/// assert!(report.has_passed());
/// assert_eq!(report.coverage.percent(), 100.0);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Suite {
    cases: Vec<Case>,
}

/// What came of a suite.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SuiteReport {
    /// The cases, by name.
    pub cases: Vec<CaseReport>,
    /// What all of them reached of all flows.
    pub coverage: Coverage,
    /// What was reached of each flow, by its file.
    pub flows: BTreeMap<PathBuf, Coverage>,
}

/// What came of a case.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// Why it failed; `None` when it passed.
    pub failure: Option<String>,
}

impl Suite {
    /// Reads the cases of a folder, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`CaseError`] when the folder or a case cannot be read, or there is none.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let unreadable = |source| CaseError::Read { path: folder.to_owned(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if Case::name_of(&path).is_some() {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(CaseError::Empty { path: folder.to_owned() });
        }
        paths.sort();
        Ok(Self { cases: paths.iter().map(|path| Case::read(path)).collect::<Result<_, _>>()? })
    }

    /// The cases.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Plays every case.
    ///
    /// # Errors
    ///
    /// [`CaseError`] when a flow cannot be read. A flow that is refused fails its cases.
    pub fn run(&self) -> Result<SuiteReport, CaseError> {
        let mut flows: BTreeMap<PathBuf, Followed> = BTreeMap::new();
        let mut cases = Vec::new();
        for case in &self.cases {
            if !flows.contains_key(&case.flow) {
                flows.insert(case.flow.clone(), Followed::read(&case.flow)?);
            }
            let failure = flows.get_mut(&case.flow).and_then(|flow| flow.play(case).err());
            cases.push(CaseReport { name: case.name.clone(), failure });
        }
        let flows: BTreeMap<PathBuf, Coverage> =
            flows.into_iter().filter_map(|(path, flow)| Some((path, flow.coverage()?))).collect();
        let coverage = flows.values().fold(Coverage::default(), |sum, flow| sum.plus(flow));
        Ok(SuiteReport { cases, coverage, flows })
    }
}

impl SuiteReport {
    /// Whether every case passed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.cases.iter().all(|case| case.failure.is_none())
    }
}

/// A flow that cases are played on.
struct Followed {
    flow: Flow,
    /// What was reached so far; `None` until a case had a plan.
    tracker: Option<(Arc<Plan>, Tracker)>,
}

impl Followed {
    fn read(path: &Path) -> Result<Self, CaseError> {
        let flow = Flow::from_json(text_of(path)?);
        let flow = flow.map_err(|source| CaseError::Flow { path: path.to_owned(), source })?;
        Ok(Self { flow, tracker: None })
    }

    fn play(&mut self, case: &Case) -> Result<(), String> {
        // Each case may bring task types of its own.
        let plan = Plan::new(&self.flow, &case.script.run.task_types()).map(Arc::new);
        let plan = plan.map_err(|refused| refused.to_string())?;
        let (_, tracker) = self.tracker.get_or_insert_with(|| (Arc::clone(&plan), Tracker::new(&plan)));
        tracker.begin();
        let simulated = simulate_watched(&plan, &case.script, |_, record| tracker.see(record));
        let simulated = simulated.map_err(|error| error.to_string())?;
        tracker.finish(&plan);
        compare(&plan, case, &simulated)
    }

    fn coverage(&self) -> Option<Coverage> {
        let (plan, tracker) = self.tracker.as_ref()?;
        Some(tracker.coverage(plan))
    }
}

fn compare(plan: &Plan, case: &Case, simulated: &Simulated) -> Result<(), String> {
    let mut differences = Vec::new();
    let status = simulated.run().status();
    if status != case.expect.status {
        differences.push(format!("the run is {status}, not {}", case.expect.status));
    }
    let nodes = plan.flow().nodes().map(|node| node.id());
    let places: HashMap<_, _> = nodes.zip((0..).map(NodeIx::new)).collect();
    for (id, expected) in &case.expect.nodes {
        let Some(node) = places.get(id.as_str()) else {
            differences.push(format!("the case speaks of node `{id}`, which this flow does not define"));
            continue;
        };
        let status: NodeStatus = simulated.run().node_status(*node);
        if status != *expected {
            differences.push(format!("node `{id}` is {status}, not {expected}"));
        }
    }
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}
