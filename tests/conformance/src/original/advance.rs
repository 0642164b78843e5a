//! What follows when a node has ended, in the model: sections 3.1 to 3.9 and 3.12.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::entries::routed;
use super::judge::{Judged, judge};
use super::log::integer;
use super::run::{Edge, Entry, Model, Node, Raised, Status, Way};
use crate::arguments::{is_receiver, works_on_objects};

/// The keys that a task of the original reads without asking whether they are there.
const HARD_KEYS: [(&str, &[&str]); 8] = [
    ("scan", &["configs"]),
    ("test", &["configs", "threshold"]),
    ("case", &["configs", "case_id", "updates"]),
    ("issue", &["title", "details", "generate"]),
    ("phone", &["message", "phone_number"]),
    ("slack", &["message"]),
    ("email", &["message", "subject", "email"]),
    ("webhook", &["request_type", "uri", "headers", "payload"]),
];

/// A node whose edges are decided.
struct Decided {
    parent: usize,
    /// The nodes that this was the last of: where edges join, only these are looked at because of it.
    due: Vec<usize>,
}

impl Model<'_> {
    /// Looks at one node that has ended: without the sweep and late updates there is never more than one.
    /// Exceptions are swallowed: what was stored before them stays.
    pub(super) fn advance(&mut self) {
        if self.state.closed.is_none() {
            let _raised = match self.current() {
                Some(node) => self.follow(node),
                None => self.first_step(),
            };
        }
    }

    /// The node that ended last, of those from which nothing has followed yet.
    fn current(&self) -> Option<usize> {
        let ended = self.state.nodes.iter().enumerate().filter(|(_, node)| !node.finalized);
        let ended = ended.filter_map(|(place, node)| Some((node.completed?, place)));
        ended.max().map(|(_, place)| place)
    }

    fn first_step(&mut self) -> Result<(), Raised> {
        let nodes = &self.state.nodes;
        let is_root = |place: &usize| match self.conduct.starts_first_of_array {
            true => *place == 0,
            false => self.state.edges_into(*place).next().is_none(),
        };
        let roots: Vec<usize> = (0..nodes.len())
            .filter(is_root)
            .filter(|place| nodes[*place].status == Status::Queued && !nodes[*place].is_resolved)
            .collect();
        if roots.is_empty() {
            return Ok(());
        }
        let mut queue = VecDeque::new();
        for root in roots {
            self.state.nodes[root].is_resolved = true;
            if self.state.nodes[root].is_empty() {
                self.state.finalize(root);
                self.kill_edges(root);
                queue.push_back(self.decided(root));
                continue;
            }
            let itself =
                ["parent", "id", "source_id", "track_id"].map(|key| (key.to_owned(), "<run>".into()));
            let mut itself: Entry = itself.into_iter().collect();
            itself.insert("status".into(), "working".into());
            // A step that raises is taken again.
            self.state.nodes[root].is_resolved = self.start(root, vec![itself], None, &mut queue).is_ok();
            if !self.state.nodes[root].is_resolved {
                return Err(Raised);
            }
        }
        self.spread(queue)?;
        self.close(self.state.last_finalized);
        Ok(())
    }

    /// Lets what is to follow from a node that has ended.
    fn follow(&mut self, place: usize) -> Result<(), Raised> {
        let node = &self.state.nodes[place];
        if self.conduct.lacks_defaults && node.data.get("conditions").is_none() {
            return Err(Raised);
        }
        let failed = node.status == Status::Failed;
        let is_routed = node.has_conditions()
            && (!failed || !self.ends_on_failure(!self.conduct.routes_failed_by_default));
        let ends_run = failed && !is_routed && self.ends_on_failure(true);
        self.state.failing |= ends_run && !self.conduct.failure_spares_other_branches;
        self.state.finalize(place);
        if ends_run || self.state.failing {
            self.close(Some(place));
            return Ok(());
        }
        let has_outcome = if is_routed { self.route(place)? } else { self.hand_on(place)? };
        let deferred = self.spread([self.decided(place)].into())?;
        if self.state.closed.is_none() && (has_outcome || !self.conduct.hangs_without_outcome) {
            self.close(deferred.unwrap_or(self.state.last_finalized));
        }
        Ok(())
    }

    /// Whether a failure ends the run; `absent` if nothing is said.
    fn ends_on_failure(&self, absent: bool) -> bool {
        match self.case.run_configs().and_then(|configs| configs.get("end_on_fail")) {
            None => absent,
            Some(Value::Null) => false,
            Some(Value::Bool(ends)) => *ends,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(members)) => !members.is_empty(),
        }
    }

    /// Decides the edges of a node without conditions: its entries go along each of them.
    fn hand_on(&mut self, place: usize) -> Result<bool, Raised> {
        let edges = self.edges_out_of(place);
        let starts_none = self.conduct.starts_only_children && edges.len() != 1;
        let mut objects = self.state.nodes[place].objects.clone();
        if !self.conduct.keeps_handed_statuses {
            objects.iter_mut().for_each(|entry| drop(entry.insert("status".into(), "working".into())));
        }
        let pages = self.pages_of(place);
        for edge in edges {
            let way = Way::Taken { objects: objects.clone(), pages: pages.clone() };
            self.state.edges[edge].way = if starts_none { Way::Dead } else { way };
        }
        Ok(true)
    }

    /// Decides the edges of a node with conditions; whether any object goes to a side.
    fn route(&mut self, place: usize) -> Result<bool, Raised> {
        let node = &self.state.nodes[place];
        let mut shares: [Vec<Entry>; 2] = Default::default();
        for entry in &node.objects {
            let facts = self.facts_of(node, entry);
            let is_incomplete = match &facts {
                Some(facts) => facts["type"] == "test" && facts["status"] == "incomplete",
                None => entry.get("status") == Some(&"incomplete".into()) && !self.conduct.conditions_raise,
            };
            if is_incomplete {
                continue;
            }
            match judge(&node.data["conditions"], facts.as_ref(), self.conduct) {
                Judged::Holds(holds) => shares[usize::from(holds)].push(routed(entry)),
                Judged::Raises | Judged::Unpredictable => return Err(Raised),
            }
        }
        let edges = self.edges_out_of(place);
        let child = |edge: usize| self.state.find(&self.state.edges[edge].target);
        if self.conduct.lacks_defaults
            && edges.iter().any(|edge| {
                child(*edge).is_some_and(|child| self.state.nodes[child].data.get("start_if").is_none())
            })
        {
            return Err(Raised);
        }
        let side = |edge: usize| child(edge).and_then(|child| self.state.nodes[child].start_if());
        let last_of_side =
            |edge: usize| edges.iter().rfind(|other| side(**other) == side(edge)) == Some(&edge);
        let ways: Vec<Way> = edges
            .iter()
            .map(|edge| match side(*edge).map(|side| &shares[usize::from(side)]) {
                Some(share)
                    if !share.is_empty() && (!self.conduct.starts_last_of_side || last_of_side(*edge)) =>
                {
                    Way::Taken { objects: share.clone(), pages: None }
                }
                _ => Way::Dead,
            })
            .collect();
        for (edge, way) in edges.iter().zip(ways) {
            self.state.edges[*edge].way = way;
        }
        self.state.nodes[place].sides = [!shares[0].is_empty(), !shares[1].is_empty()];
        Ok(shares.iter().any(|share| !share.is_empty()))
    }

    /// The stored object of an entry, as far as conditions can read it.
    fn facts_of(&self, node: &Node, entry: &Entry) -> Option<Value> {
        let itself = || {
            (entry.get("id") == Some(&"<run>".into())).then(|| {
                let flow = &self.case.flow;
                json!({
                    "type": "flowrun", "id": "<run>", "title": flow["title"], "status": "working",
                    "flow": {"id": flow["id"]}, "site": self.case.site,
                })
            })
        };
        let facts = self.case.stored(entry).or_else(itself)?;
        let kind = stored_kind(&node.task_type);
        // The original looks the object up as what the node's task makes.
        (!self.conduct.conditions_raise || kind.is_some_and(|kind| facts["type"] == kind)).then_some(facts)
    }

    /// The pages of a node's objects; `None` for the site.
    fn pages_of(&self, place: usize) -> Option<Vec<Value>> {
        let node = &self.state.nodes[place];
        if node.status == Status::Failed {
            return None;
        }
        let parent = self.state.find(node.data["parentId"].as_str().unwrap_or_default());
        let parent = parent.map(|parent| &self.state.nodes[parent]).filter(|parent| !parent.is_empty());
        let kind = stored_kind(&parent.unwrap_or(node).task_type);
        let mut pages = Vec::new();
        for facts in node.objects.iter().filter_map(|entry| self.case.stored(entry)) {
            if self.conduct.looks_up_as_parent_type && kind.is_none_or(|kind| facts["type"] != kind) {
                continue;
            }
            match facts["type"].as_str() {
                Some("scan" | "test") => {
                    let page = &facts["page"];
                    pages.push(json!({"id": page["id"], "str": page["page_url"], "type": "page"}));
                }
                Some("caserun" | "report") => return None,
                _ => {}
            }
        }
        (!pages.is_empty()).then_some(pages)
    }

    fn edges_out_of(&self, place: usize) -> Vec<usize> {
        let id = &self.state.nodes[place].id;
        (0..self.state.edges.len()).filter(|edge| self.state.edges[*edge].source == *id).collect()
    }

    fn kill_edges(&mut self, place: usize) {
        for edge in self.edges_out_of(place) {
            self.state.edges[edge].way = Way::Dead;
        }
    }

    /// A node whose edges are decided, with the nodes that this was the last of.
    fn decided(&self, parent: usize) -> Decided {
        let edges = self.edges_out_of(parent).into_iter();
        let children = edges.filter_map(|edge| self.state.find(&self.state.edges[edge].target));
        let is_due = |child: &usize| {
            let is_open = |edge: &Edge| matches!(edge.way, Way::Open);
            !self.state.nodes[*child].is_resolved && !self.state.edges_into(*child).any(is_open)
        };
        Decided { parent, due: children.filter(is_due).collect() }
    }

    /// Starts what is due below nodes whose edges are decided, each node's children in the order of the
    /// edges, the true ones of conditions first. What is passed over comes after what starts. Gives the node
    /// under whose step the run is to close, where that is not the one finalized last.
    fn spread(&mut self, mut queue: VecDeque<Decided>) -> Result<Option<Option<usize>>, Raised> {
        let mut deferred = None;
        while let Some(Decided { parent, due }) = queue.pop_front() {
            let edges = self.edges_out_of(parent);
            let targets: Vec<Option<usize>> =
                edges.iter().map(|edge| self.state.find(&self.state.edges[*edge].target)).collect();
            let reads_targets = self.state.nodes[parent].has_conditions() || edges.len() == 1;
            if self.conduct.unlinked_raises && reads_targets && targets.contains(&None) {
                return Err(Raised);
            }
            let children: Vec<(usize, usize)> =
                edges.into_iter().zip(targets).filter_map(|(edge, target)| Some((edge, target?))).collect();
            let is_due = |child: usize| self.conduct.starts_per_edge || due.contains(&child);
            if !self.state.nodes[parent].has_conditions() {
                for (edge, child) in children.into_iter().filter(|(_, child)| is_due(*child)) {
                    self.reach(edge, child, &mut queue)?;
                }
                continue;
            }
            for side in [Some(true), Some(false), None] {
                let of_side: Vec<_> = children
                    .iter()
                    .filter(|(_, child)| self.state.nodes[*child].start_if() == side)
                    .collect();
                let ends = |place: usize| self.state.nodes[place].is_empty();
                let sides = self.state.nodes[parent].sides;
                let has_share = side.is_some_and(|side| sides[usize::from(side)]);
                // A side that leads nowhere lets the original try to close at once.
                let closing = match of_side.iter().rfind(|(edge, _)| self.is_taken(*edge)) {
                    None if has_share => Some(None),
                    Some((_, child)) if ends(*child) => Some(Some(*child)),
                    _ => None,
                };
                for (edge, child) in of_side.into_iter().filter(|(_, child)| is_due(*child)) {
                    self.reach(*edge, *child, &mut queue)?;
                }
                if let Some(step) = closing {
                    if self.conduct.closes_between_sides {
                        self.close(step);
                    } else {
                        deferred = Some(step);
                    }
                }
            }
        }
        Ok(deferred)
    }

    fn is_taken(&self, edge: usize) -> bool {
        matches!(self.state.edges[edge].way, Way::Taken { .. })
    }

    /// Starts the node an edge leads to, or passes it over, if everything above it is decided.
    fn reach(&mut self, edge: usize, child: usize, queue: &mut VecDeque<Decided>) -> Result<(), Raised> {
        let above: Vec<usize> = match self.conduct.starts_per_edge {
            true => vec![edge],
            false => {
                let id = &self.state.nodes[child].id;
                (0..self.state.edges.len()).filter(|edge| self.state.edges[*edge].target == *id).collect()
            }
        };
        let is_open = |edge: &usize| matches!(self.state.edges[*edge].way, Way::Open);
        if above.iter().any(is_open) || self.state.nodes[child].is_resolved && !self.conduct.starts_per_edge {
            return Ok(());
        }
        let taken: Vec<usize> = above.into_iter().filter(|edge| self.is_taken(*edge)).collect();
        if taken.is_empty() && self.conduct.starts_per_edge {
            return Ok(());
        }
        self.state.nodes[child].is_resolved = true;
        if taken.is_empty() || self.state.nodes[child].is_empty() {
            let below_conditions = taken.iter().any(|edge| {
                let source = self.state.find(&self.state.edges[*edge].source);
                source.is_some_and(|source| self.state.nodes[source].has_conditions())
            });
            if below_conditions && !self.conduct.forgets_empty_nodes {
                self.state.finalize(child);
            }
            self.kill_edges(child);
            queue.push_back(self.decided(child));
            return Ok(());
        }
        let (objects, pages) = self.handed_over(&taken);
        self.start(child, objects, pages, queue)
    }

    /// What comes along the edges together: of one `track_id` the first entry; the pages of the first edge and
    /// those that further ones add, unless one of them brings the site.
    fn handed_over(&self, taken: &[usize]) -> (Vec<Entry>, Option<Vec<Value>>) {
        let (mut entries, mut tracks) = (Vec::new(), BTreeSet::new());
        let mut all_pages: Option<Vec<Value>> = Some(Vec::new());
        for (place, edge) in taken.iter().enumerate() {
            let Way::Taken { objects, pages } = &self.state.edges[*edge].way else { continue };
            let is_new = |entry: &&Entry| match entry.get("track_id").and_then(Value::as_str) {
                Some(track) => tracks.insert(track.to_owned()),
                None => true,
            };
            entries.extend(objects.iter().filter(is_new).cloned().collect::<Vec<_>>());
            all_pages = all_pages.zip(pages.clone()).map(|(mut all, more)| {
                for page in more {
                    if place == 0 || all.iter().all(|known| known["id"] != page["id"]) {
                        all.push(page);
                    }
                }
                all
            });
        }
        (entries, all_pages)
    }

    fn start(
        &mut self,
        place: usize,
        objects: Vec<Entry>,
        pages: Option<Vec<Value>>,
        queue: &mut VecDeque<Decided>,
    ) -> Result<(), Raised> {
        let before = self.state.clone();
        // The edge to decorate is looked for by the other copy of the id.
        let data_id = &self.state.nodes[place].data_id;
        let is_found = self.state.edges.iter().any(|edge| edge.target == *data_id);
        if self.conduct.accepts_ambiguous_ids
            && place > 0
            && !is_found
            && self.state.edges_into(place).next().is_some()
        {
            return Err(Raised);
        }
        let node = &mut self.state.nodes[place];
        let task_type = node.task_type.clone();
        node.status = Status::Working;
        node.started = true;
        node.objects = if is_receiver(&task_type) { objects.clone() } else { Vec::new() };
        let step = node.data_id.clone();
        let line = format!("starting job ID: {step} | job type is [ {} ]", task_type.to_uppercase());
        if let Err(raised) = self.add_line(&step, &line) {
            self.state = before;
            return Err(raised);
        }
        if works_on_objects(&task_type) && objects.is_empty() && !self.conduct.calls_receivers_with_nothing {
            self.state.log.add(&step, "nothing to send: no objects");
            self.state.end(place, Status::Passed);
            self.state.finalize(place);
            let is_routed = self.state.nodes[place].has_conditions();
            if is_routed {
                self.kill_edges(place)
            } else {
                drop(self.hand_on(place))
            }
            queue.push_back(self.decided(place));
            return Ok(());
        }
        let hard = HARD_KEYS.iter().find(|(known, _)| *known == task_type).map_or(&[][..], |(_, keys)| keys);
        let data = &self.state.nodes[place].data;
        // Where the recording has the start all the same, a key was null: nothing raised.
        let may_raise = self.conduct.lacks_defaults && self.recorded_start(place).is_none();
        if may_raise && hard.iter().any(|key| data.get(key).is_none()) {
            return Err(Raised);
        }
        if task_type == "report" || HARD_KEYS.iter().any(|(known, _)| *known == task_type) {
            let site = &self.case.site;
            let whole_site = || vec![json!({"id": site["id"], "str": site["site_url"], "type": "site"})];
            let resources = pages.filter(|pages| !pages.is_empty()).unwrap_or_else(whole_site);
            self.dispatch(place, &objects, &resources);
        }
        if self.conduct.sweeps {
            self.sweep(place);
        }
        Ok(())
    }

    /// Ends the other working nodes of which every object is complete, or cannot be found.
    fn sweep(&mut self, started: usize) {
        for place in (0..self.state.nodes.len()).filter(|place| *place != started) {
            let node = &self.state.nodes[place];
            let kind = stored_kind(&node.task_type);
            let works = |entry: &Entry| {
                let Some(id) = entry.get("id").and_then(Value::as_str) else { return true };
                let object = self.case.script.domain.get(id);
                let is_found = kind.is_some_and(|kind| object.is_some_and(|object| object["type"] == kind));
                is_found && node.task_type != "report" && !self.complete.contains(id)
            };
            let is_at_work = |entry: &&Entry| entry.get("status") == Some(&"working".into());
            if node.status != Status::Working
                || node.objects.is_empty()
                || node.objects.iter().filter(is_at_work).any(works)
            {
                continue;
            }
            let node = &mut self.state.nodes[place];
            for entry in node.objects.iter_mut().filter(|entry| is_at_work(&&**entry)) {
                entry.insert("status".into(), "passed".into());
            }
            let status = node.status_by_entries();
            self.state.end(place, status);
        }
    }

    /// Closes the run if nothing works any more, under the step of a node, or of the largest id that is
    /// complete.
    fn close(&mut self, step: Option<usize>) {
        let nodes = &self.state.nodes;
        let works = nodes.iter().any(|node| node.status == Status::Working);
        if works {
            return;
        }
        let largest = || {
            let complete = (0..nodes.len()).filter(|place| nodes[*place].completed.is_some());
            complete.max_by_key(|place| integer(&nodes[*place].data_id))
        };
        let step = match step {
            Some(step) => Some(step),
            None if self.conduct.closes_under_largest_id => largest(),
            None => self.state.last_finalized,
        };
        let Some(step) = step else { return };
        let failed = nodes.iter().any(|node| node.status == Status::Failed);
        let (status, word) =
            if failed { (Status::Failed, "❌ FAILED") } else { (Status::Passed, "✅ PASSED") };
        let id = nodes[step].id.clone();
        self.state.log.add(&id, &format!("flowrun completed with status: {word}"));
        self.state.finalize(step);
        self.state.closed = Some(status);
    }
}

/// What the original looks up for the entries of a task's node; receivers have nothing to look up.
fn stored_kind(task_type: &str) -> Option<&'static str> {
    match task_type {
        "scan" => Some("scan"),
        "test" => Some("test"),
        "case" => Some("caserun"),
        "report" => Some("report"),
        "flow" => Some("flowrun"),
        _ => None,
    }
}
