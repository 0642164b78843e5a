//! A bounded list of findings: a document of a million nodes can be wrong a million times.

use super::Diagnostic;

/// Collects what is found about a document, so many of it and no more; of the rest the number is told.
///
/// ```
/// use flowrun_core::{Flow, Findings, NodeProblem, NodeSpec, Plan, TaskTypes};
///
/// let flow = Flow::builder().node(NodeSpec::new("1", "scan")).build()?;
/// let plan = Plan::new(&flow, &TaskTypes::documented()).unwrap();
/// let node = plan.roots().next().unwrap();
/// let mut problems = Findings::default();
/// for _ in 0..1_234 {
///     problems.add(|| flow.finding(node, NodeProblem::error("host.tired", "", "nobody is in the mood")));
/// }
/// let told = problems.into_vec();
/// assert_eq!(told.len(), Findings::MOST + 1);
/// assert_eq!(told[Findings::MOST].message, "234 more are not listed");
/// # Ok::<(), flowrun_core::ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Findings {
    kept: Vec<Diagnostic>,
    more: usize,
}

impl Findings {
    /// So many findings are kept: enough to see what is wrong, and little to hold, send and read.
    pub const MOST: usize = 1_000;

    /// Adds a finding, which is only made where there is room for it.
    pub fn add(&mut self, make: impl FnOnce() -> Diagnostic) {
        if self.kept.len() < Self::MOST {
            self.kept.push(make());
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What was found, in the order of the document. If there was no room for all, the last one, of the code
    /// `plan.more`, says how many more there are.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        let Self { mut kept, more } = self;
        kept.sort_by_key(|finding| finding.span.as_ref().map_or(0, |span| span.start));
        if let Some(last) = kept.last()
            && more > 0
        {
            let message = format!("{more} more are not listed");
            let rest = Diagnostic::error("plan.more", String::new(), message);
            let severity = last.severity;
            kept.push(Diagnostic { severity, ..rest }.help("correct these first, then check again"));
        }
        kept
    }
}
