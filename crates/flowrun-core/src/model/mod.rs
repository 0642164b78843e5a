//! What a flow, a site and a run look like: the documents of the wire and the parts they are made of.

mod builder;
mod diagnostic;
mod document;
mod facts;
mod findings;
mod flow;
mod flow_run;
mod ids;
pub(crate) mod json;
mod line;
mod nearest;
mod node_data;
mod object;
mod read;
mod scan;
mod site;
mod time;

pub use builder::{Condition, FlowBuilder, NodeSpec};
pub use diagnostic::shown;
pub use diagnostic::{Diagnostic, Origin, Severity, json_problem, line_and_column};
pub(crate) use document::{NodeSlot, Top};
pub use document::{ReadError, ReadLimits};
pub use facts::Facts;
pub use findings::Findings;
pub use flow::{Edge, Flow, Node};
pub use flow_run::{FlowRun, LogEntry, NodeProgress, NodeStatus, RunStatus};
pub use ids::{Attempt, AttemptError, Call, NodeIx, ParseRunIdError, RunId};
pub use line::{fit_line, is_harmless};
pub use nearest::nearest;
pub use node_data::{NodeData, NodeDataError};
pub use object::{ObjectEntry, ObjectStatus};
pub use site::{Page, Site};
pub use time::{ParseTimestampError, Timestamp};
