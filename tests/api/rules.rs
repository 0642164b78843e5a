//! Where this server does not answer as the original does, each difference a rule. `docs/differences.md` says why.

use super::compare::Mismatch;

/// A difference between an answer and the recorded one.
pub(crate) struct Difference<'a> {
    pub(crate) case: &'a str,
    /// Who asks, the method and the path.
    pub(crate) request: &'a str,
    pub(crate) mismatch: &'a Mismatch,
}

impl Difference<'_> {
    fn is_in(&self, cases: &[&str]) -> bool {
        cases.contains(&self.case)
    }

    fn is_at(&self, path: &str) -> bool {
        self.mismatch.path == path
    }

    /// Whether a status was recorded, and another one came.
    fn is_status(&self, want: u16, got: &[u16]) -> bool {
        self.is_at("status")
            && self.mismatch.want == want.to_string()
            && got.iter().any(|got| self.mismatch.got == got.to_string())
    }

    /// Whether an object was recorded, and a refusal came.
    fn is_refused(&self, status: u16) -> bool {
        [200, 201].into_iter().any(|recorded| self.is_status(recorded, &[status]))
            || ["body.reason", "body.detail", "body.problems"].into_iter().any(|path| self.is_at(path))
            || self.mismatch.got == "nothing"
    }
}

/// A rule: its name, and which differences it is about.
type Rule = (&'static str, fn(&Difference<'_>) -> bool);

/// Every rule.
pub(crate) const RULES: &[Rule] = &[
    ("accepts_the_bare_token", |difference| difference.is_in(&["auth-bare-token"])),
    ("answers_with_the_whole_run", answers_with_the_whole_run),
    ("names_the_missing_flow", |difference| {
        difference.is_at("body.reason")
            && (&*difference.mismatch.want, &*difference.mismatch.got)
                == ("flowrun not found", "flow not found")
    }),
    ("saves_nothing_of_a_run", |difference| {
        difference.is_in(&["flow-round-trip"])
            && difference.mismatch.path.starts_with("body.nodes[0].data.")
            && difference.mismatch.got == "nothing"
    }),
    ("looks_at_the_run_itself", |difference| {
        difference.is_in(&["list-by-run-id-errors"]) && difference.is_refused(404)
    }),
    ("looks_at_the_object_itself", looks_at_the_object_itself),
    ("refuses_instead_of_failing", |difference| difference.is_status(500, &[400, 404])),
    ("reads_ids_as_ids", |difference| {
        let is_text = |text: &str| text.contains("not a valid id");
        difference.is_in(&["run-create-malformed-ids"])
            && (difference.is_status(404, &[400]) || is_text(&difference.mismatch.got))
    }),
    ("takes_ids_from_lists_alone", |difference| {
        difference.is_in(&["flows-delete-errors"]) && difference.is_refused(400)
    }),
    ("bounds_pages", |difference| difference.is_in(&["list-odd-numbers"])),
    ("has_no_html", |difference| {
        difference.is_in(&["media-accept-html"])
            && (difference.is_status(200, &[406]) || difference.is_at("headers.content-type"))
    }),
    ("answers_many_pages_as_one", |difference| difference.is_status(402, &[404, 426])),
    ("counts_every_page", |difference| {
        difference.is_in(&["page-bulk"])
            && ["body.num_succeeded", "body.succeeded"]
                .iter()
                .any(|path| difference.mismatch.path.starts_with(path))
    }),
    ("takes_drawings_alone", takes_drawings_alone),
    ("starts_what_passes_the_check", starts_what_passes_the_check),
    ("starts_with_missing_keys", |difference| {
        difference.is_in(&["run-graph-missing-message", "run-graph-missing-task-type"])
            && difference.request.contains("GET /flowrun/")
    }),
    ("starts_any_node_id", |difference| {
        difference.is_in(&["run-graph-text-id"]) && difference.request.contains("GET /flowrun/")
    }),
    ("takes_addresses_of_the_web", |difference| {
        difference.is_in(&["site-create-url-forms"]) && difference.is_refused(400)
    }),
];

/// The rule that covers a difference.
pub(crate) fn rule_for(difference: &Difference<'_>) -> Option<&'static str> {
    RULES.iter().find(|(_, covers)| covers(difference)).map(|(name, _)| *name)
}

fn answers_with_the_whole_run(difference: &Difference<'_>) -> bool {
    let added = ["user", "account", "flow", "nodes", "edges", "status", "time_completed", "logs", "configs"];
    let Mismatch { path, want, .. } = difference.mismatch;
    difference.request.ends_with("POST /flowrun")
        && (path == "body.time_created" && want == "<time T3>"
            || path == "key_order $" && want == "id title site time_created"
            || want == "nothing" && added.iter().any(|key| path.strip_prefix("body.") == Some(key)))
}

fn looks_at_the_object_itself(difference: &Difference<'_>) -> bool {
    difference.is_in(&["page-foreign-with-own-site", "site-update-foreign"])
        && (difference.is_refused(404) || difference.is_at("body.tags") && difference.mismatch.got == "null")
}

fn takes_drawings_alone(difference: &Difference<'_>) -> bool {
    // What was refused changed nothing, and what was there before is run.
    difference.is_in(&["run-graph-not-nodes"])
        && (difference.is_refused(400) || difference.is_status(500, &[201]))
}

fn starts_what_passes_the_check(difference: &Difference<'_>) -> bool {
    let cases = [
        "run-graph-cycle",
        "run-graph-dangling-edge",
        "run-graph-duplicate-ids",
        "run-graph-no-nodes",
        "run-graph-unknown-task",
    ];
    // There is no run to be looked at afterwards.
    difference.is_in(&cases) && (difference.is_refused(400) || difference.is_refused(404))
}
