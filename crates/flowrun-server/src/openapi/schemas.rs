//! The shapes of bodies, as the description of the API has them. What is sent is written elsewhere, as text; a test
//! holds every answer against these.

use serde_json::Value;
use utoipa::ToSchema;

/// Shapes that hold more than is described: whatever the drawing has stays in them.
pub(super) const OPEN: [&str; 4] = ["RunNode", "RunNodeData", "RunObject", "RunEdge"];

macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident { $($(#[$member:meta])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "described, and never made")]
        pub(super) struct $name { $($(#[$member])* $field: $kind,)* }
    )*};
}

/// How far a run or a node is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "described, and never made")]
pub(super) enum RunStatus {
    Working,
    Passed,
    Failed,
    Cancelled,
}

/// How far a node is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "described, and never made")]
pub(super) enum NodeStatus {
    Queued,
    Working,
    Passed,
    Failed,
}

schemas! {
    /// A flow run: the drawing of its flow with how far each node is, a log and a result.
    FlowRun {
        #[schema(format = "uuid")]
        id: String,
        /// Name of the user whose flow it is.
        user: String,
        #[schema(format = "uuid")]
        account: String,
        #[schema(format = "uuid")]
        flow: String,
        #[schema(format = "date-time")]
        time_created: String,
        title: Option<String>,
        nodes: Vec<RunNode>,
        edges: Vec<RunEdge>,
        status: RunStatus,
        #[schema(format = "date-time", required)]
        time_completed: Option<String>,
        logs: Vec<LogLine>,
        #[schema(format = "uuid")]
        site: String,
        #[schema(value_type = BTreeMap<String, Value>)]
        configs: Value,
        /// What could start and waits; there is none of it otherwise.
        #[schema(nullable = false)]
        waiting: Option<Vec<WaitingNode>>,
    }

    /// A flow run without its drawing and its log.
    LeanFlowRun {
        #[schema(format = "uuid")]
        id: String,
        user: String,
        #[schema(format = "uuid")]
        account: String,
        #[schema(format = "uuid")]
        flow: String,
        #[schema(format = "date-time")]
        time_created: String,
        title: Option<String>,
        status: RunStatus,
        #[schema(format = "date-time", required)]
        time_completed: Option<String>,
        #[schema(format = "uuid")]
        site: String,
        #[schema(value_type = BTreeMap<String, Value>)]
        configs: Value,
        /// What could start and waits; there is none of it otherwise.
        #[schema(nullable = false)]
        waiting: Option<Vec<WaitingNode>>,
    }

    /// A node that could start but for a limit.
    WaitingNode {
        /// The id of the node.
        node: String,
        /// The limit.
        reason: String,
    }

    /// A node of a run: as the flow has it, and how far it is.
    RunNode {
        id: String,
        data: RunNodeData,
    }

    RunNodeData {
        status: NodeStatus,
        finalized: bool,
        #[schema(required)]
        time_started: Option<String>,
        #[schema(required)]
        time_completed: Option<String>,
        objects: Vec<RunObject>,
    }

    /// Something that a node made or works on.
    RunObject {
        #[schema(required)]
        parent: Option<String>,
        #[schema(required)]
        id: Option<String>,
        status: String,
    }

    /// An edge of a run: as the flow has it, and whether its target is at work because of it.
    RunEdge {
        source: String,
        target: String,
        animated: bool,
        #[schema(required, value_type = Option<BTreeMap<String, Value>>)]
        style: Option<Value>,
    }

    /// A line of the log.
    LogLine {
        /// UTC, such as `2024-11-15 18:01:32.833712`.
        timestamp: String,
        message: String,
        /// Id of its node.
        step: String,
    }

    /// A flow: a drawing, which may be half done.
    Flow {
        #[schema(format = "uuid")]
        id: String,
        user: String,
        #[schema(format = "uuid")]
        account: String,
        #[schema(format = "date-time")]
        time_created: String,
        title: String,
        nodes: Vec<Value>,
        edges: Vec<Value>,
        #[schema(format = "date-time", required)]
        time_last_run: Option<String>,
    }

    /// A site.
    Site {
        #[schema(format = "uuid")]
        id: String,
        user: String,
        site_url: String,
        #[schema(format = "date-time")]
        time_created: String,
        #[schema(value_type = BTreeMap<String, Value>)]
        info: Value,
        /// Whatever was given.
        tags: Value,
        #[schema(format = "uuid")]
        account: String,
        #[schema(format = "date-time", required)]
        time_crawl_started: Option<String>,
        #[schema(format = "date-time", required)]
        time_crawl_completed: Option<String>,
    }

    /// A page of a site.
    Page {
        #[schema(format = "uuid")]
        id: String,
        user: String,
        #[schema(format = "uuid")]
        site: String,
        page_url: String,
        #[schema(format = "date-time")]
        time_created: String,
        #[schema(value_type = BTreeMap<String, Value>)]
        info: Value,
        /// Whatever was given.
        tags: Value,
        #[schema(format = "uuid")]
        account: String,
    }

    /// A run that is over, in short.
    ShortRun {
        #[schema(format = "uuid")]
        id: String,
        #[schema(format = "uuid")]
        flow: String,
        #[schema(format = "uuid")]
        site: String,
        title: String,
        time_created: String,
        time_completed: String,
        status: RunStatus,
    }

    /// A flow, in short.
    ShortFlow {
        #[schema(format = "uuid")]
        id: String,
        title: String,
        time_created: String,
    }

    /// A site, in short.
    ShortSite {
        #[schema(format = "uuid")]
        id: String,
        site_url: String,
        time_created: String,
        tags: Value,
        #[schema(value_type = BTreeMap<String, Value>)]
        info: Value,
    }

    /// A page, in short.
    ShortPage {
        #[schema(format = "uuid")]
        id: String,
        page_url: String,
        #[schema(format = "uuid")]
        site: String,
        site_url: String,
        time_created: String,
        tags: Value,
        #[schema(value_type = BTreeMap<String, Value>)]
        info: Value,
    }

    /// What was done.
    Message {
        message: String,
    }

    /// What became of many at once.
    Tally {
        success: bool,
        num_succeeded: u64,
        succeeded: Vec<String>,
        num_failed: u64,
        failed: Vec<String>,
    }

    /// Whether the server is there, or can take runs.
    Health {
        status: String,
    }

    /// Why a request was refused: by this API (`reason`), or by HTTP (`detail`).
    Refusal {
        reason: Option<String>,
        detail: Option<String>,
        /// Everything that is wrong with a flow.
        #[schema(value_type = Option<Vec<BTreeMap<String, Value>>>)]
        problems: Option<Vec<Value>>,
    }

    /// Why a request was refused (RFC 9457), for callers that accept `application/problem+json`.
    Problem {
        r#type: String,
        title: String,
        status: u16,
        detail: String,
    }

    /// A run that is to be created.
    NewFlowRun {
        #[schema(format = "uuid")]
        site_id: String,
        #[schema(format = "uuid")]
        flow_id: String,
        /// Default: the documented ones. `end_on_fail` says whether the first failed node ends the run.
        #[schema(value_type = Option<BTreeMap<String, Value>>)]
        configs: Option<Value>,
    }

    /// A flow that is to be created, or changed: then what is not given stays.
    SavedFlow {
        /// The flow to change.
        #[schema(format = "uuid")]
        flow_id: Option<String>,
        /// At most 1,000 characters.
        title: Option<String>,
        nodes: Option<Vec<Value>>,
        edges: Option<Vec<Value>>,
    }

    /// A flow that is meant.
    NamedFlow {
        #[schema(format = "uuid")]
        flow_id: String,
    }

    /// Those that are to be deleted.
    Ids {
        /// At most 1,000.
        ids: Vec<String>,
    }

    /// A site that is to be created, or whose tags are to be changed.
    SavedSite {
        /// The site to change.
        #[schema(format = "uuid")]
        site_id: Option<String>,
        /// An `http` or `https` address.
        site_url: Option<String>,
        page_urls: Option<Vec<String>>,
        tags: Option<Value>,
        /// With it, `page_urls` are left aside.
        no_scan: Option<bool>,
    }

    /// A page that is to be created, or several of them, or one whose tags are to be changed.
    SavedPage {
        #[schema(format = "uuid")]
        site_id: Option<String>,
        /// The page to change.
        #[schema(format = "uuid")]
        page_id: Option<String>,
        page_url: Option<String>,
        page_urls: Option<Vec<String>>,
        tags: Option<Value>,
    }

    /// A line of a run's journal.
    RunEvent {
        /// Its number, from 1.
        seq: u64,
        #[schema(format = "date-time")]
        at: String,
        /// Id of the node it is about, if it is about one.
        #[schema(required)]
        node: Option<String>,
        /// The task type of that node, unless it is empty.
        #[schema(required)]
        task_type: Option<String>,
        /// What was decided: the name of a record, or an object with that name and what belongs to it. An `attempt` is a
        /// number, in later visits of its node plus 65,536 for each visit before.
        record: Value,
    }

    /// A part of a journal.
    Journal {
        from: u64,
        /// The number of the next event; null when there is none yet.
        #[schema(required)]
        next: Option<u64>,
        events: Vec<RunEvent>,
    }

    /// Why a run is as it is.
    Explanation {
        #[schema(format = "uuid")]
        id: String,
        /// The number of the record after which the run was so.
        at: u64,
        run: ExplainedRun,
        nodes: Vec<ExplainedNode>,
    }

    /// How the run stood.
    ExplainedRun {
        state: Value,
        /// What let nothing new start, if something did.
        #[schema(value_type = Option<BTreeMap<String, Value>>, required)]
        stopped: Option<Value>,
        /// The record that closed it.
        #[schema(required)]
        ended: Option<u64>,
        /// Ids of the nodes that failed.
        failed: Vec<String>,
        /// The same in words.
        text: String,
    }

    /// Why a node is as it is.
    ExplainedNode {
        node: String,
        /// `queued`, `working`, `waiting`, `passed`, `failed`, `skipped`, `empty` or `not_reached`.
        state: String,
        /// The record that brought it there.
        #[schema(required)]
        record: Option<u64>,
        visit: u32,
        /// The record that started it.
        #[schema(required)]
        started: Option<u64>,
        #[schema(value_type = Vec<BTreeMap<String, Value>>)]
        because: Vec<Value>,
        edges: Vec<ExplainedEdge>,
        #[schema(value_type = Vec<BTreeMap<String, Value>>)]
        attempts: Vec<Value>,
        /// The same in words.
        text: String,
    }

    /// Why an edge was taken, or was not.
    ExplainedEdge {
        from: String,
        #[schema(required)]
        taken: Option<bool>,
        /// `reason`, and what belongs to it: records, and the operands that were compared.
        #[schema(value_type = BTreeMap<String, Value>)]
        why: Value,
    }

    /// How a run stands.
    RunStanding {
        #[schema(format = "uuid")]
        id: String,
        status: RunStatus,
        /// The same, or `paused`, `awaiting_person` or `lost` for runs of which the status is `working`.
        state: String,
        /// Whether it goes on only when somebody resumes it.
        at_rest: bool,
    }

    /// What of a run is to be done once more.
    WhatAgain {
        /// This node, however it ended, and all below it.
        from: Option<String>,
        /// `failed`: what failed. `failed_objects`: the same, and of receivers only the objects that failed. Default: `failed`.
        only: Option<String>,
    }

    /// A flow that is to be checked: a saved one, or a drawing.
    FlowToCheck {
        #[schema(format = "uuid")]
        flow_id: Option<String>,
        nodes: Option<Vec<Value>>,
        edges: Option<Vec<Value>>,
    }

    /// What is to be said of a flow.
    CheckedFlow {
        /// Whether it can run.
        ok: bool,
        findings: Vec<Finding>,
    }

    /// Something that is wrong with a flow, or worth knowing.
    Finding {
        /// `error` or `warning`.
        severity: String,
        /// `settings` where it is not for the author of the flow to mend.
        origin: Option<String>,
        code: String,
        message: String,
        node: Option<String>,
        edge: Option<String>,
        pointer: String,
        #[schema(value_type = Option<BTreeMap<String, Value>>)]
        span: Option<Value>,
        help: Option<String>,
    }
}
