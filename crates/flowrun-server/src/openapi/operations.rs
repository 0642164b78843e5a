//! What each method of each route takes and answers.

use crate::http::accept::JSON;
use Answer::{All, Document, Either, Events, File, Nothing, One, Page, PageOr, Text};

/// What is answered when a request is done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// An object of this shape.
    One(&'static str),
    /// An array of them.
    All(&'static str),
    /// An object of one of these shapes.
    Either(&'static [&'static str]),
    /// A page of a list.
    Page(&'static str),
    /// A page of a list of these shapes, or one object of the first, where its id is in the query.
    PageOr(&'static [&'static str]),
    /// Events, one after the other, as long as somebody takes them.
    Events,
    /// A file: a picture, or a document.
    File,
    /// Nothing but the status.
    Nothing,
    /// Text as Prometheus reads it.
    Text,
    /// This description.
    Document,
}

/// A method of a route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: &'static [&'static str],
    /// The parameter of the query that has to be there.
    pub(super) required: Option<&'static str>,
    /// Headers that it looks at.
    pub(super) headers: &'static [&'static str],
    /// The shape of its body.
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [(u16, Answer)],
    /// Refusals beside those that every route with a token has.
    pub(super) also: &'static [u16],
    /// Whether it is none of the documented routes.
    pub(super) is_own: bool,
}

impl Operation {
    pub(super) fn needs_token(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    /// The parameters of its query, each with what it does.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let about = |name| PARAMETERS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
        self.query.iter().map(move |name| (*name, about(*name)))
    }

    /// The headers that it looks at, each with what it does.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let about = |name| HEADERS.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about);
        self.headers.iter().map(move |name| (*name, about(*name)))
    }

    /// Whether it does nothing without a body. A flow that nothing is said about is a new one.
    pub(super) fn needs_body(&self) -> bool {
        !matches!(self.body, Some("SavedFlow" | "WhatAgain"))
    }

    /// What its body may be written in. Forms hold texts alone, so an array comes as JSON.
    pub(super) fn media(&self) -> &'static [&'static str] {
        if matches!(self.body, Some("Ids" | "FlowToCheck")) {
            &[JSON]
        } else {
            &[JSON, "application/x-www-form-urlencoded", "multipart/form-data"]
        }
    }

    /// The operations that take the id of what this one has made.
    pub(super) fn next(&self) -> impl Iterator<Item = &'static Self> {
        let beside = if self.method == "POST" { format!("{}/{{id}}", self.path) } else { String::new() };
        OPERATIONS.iter().filter(move |operation| operation.path == beside)
    }

    /// Its refusals, each with why.
    pub(super) fn refusals(&self) -> impl Iterator<Item = (u16, &'static str)> {
        let shared: &[u16] = if self.needs_token() { &SHARED } else { &[] };
        // A body that is not looked at is read all the same.
        let of_body: &[u16] = if self.method == "POST" { &OF_BODIES } else { &[] };
        let all: std::collections::BTreeSet<u16> =
            [shared, of_body, self.also].into_iter().flatten().copied().collect();
        let about =
            |status| REFUSALS.iter().find(|(known, _)| *known == status).map_or("", |(_, about)| about);
        all.into_iter().map(move |status| (status, about(status)))
    }
}

/// Refusals of every route that asks for a token. 405 is that of other methods than those described.
const SHARED: [u16; 10] = [400, 401, 403, 404, 405, 406, 414, 429, 431, 503];

/// Refusals of every body.
const OF_BODIES: [u16; 3] = [408, 413, 415];

const REFUSALS: [(u16, &str); 18] = [
    (400, "Something in the request is wrong."),
    (401, "There is no token, or nobody has it."),
    (403, "The token may not do it."),
    (404, "There is no such object in the account, or no such route."),
    (405, "The route has no such method."),
    (406, "Nothing that is here is accepted."),
    (408, "The body took too long."),
    (409, "There is such an object already, or it is not in a state for that."),
    (410, "There was such an object, and it was deleted."),
    (412, "It is not the version that `If-Match` names."),
    (413, "The body is too large."),
    (414, "The address is too long."),
    (415, "The body is in a format that is not read here."),
    (422, "`Idempotency-Key` was used for another request."),
    (426, "A limit of the account is reached."),
    (429, "The token asks too often."),
    (431, "The headers are too long."),
    (503, "Not now: the server is shutting down, or cannot write."),
];

const PARAMETERS: [(&str, &str); 13] = [
    ("limit", "Objects on a page, 1 to 1,000. Default: 10. Of a journal: 1 to 10,000 lines. Default: 1,000."),
    ("from", "The number of the first event. Default: 1."),
    ("at", "As the run was after the record of this number. Default: the last one."),
    ("node", "Only the node of this id, and those that its explanation leads back to."),
    ("offset", "Objects before the page. Default: 0."),
    ("site_id", "Only those of this site."),
    ("flow_id", "This flow alone."),
    ("page_id", "This page alone."),
    ("flowrun_id", "This run alone, whole."),
    ("lean", "`true`: runs without nodes, edges and logs."),
    ("sort", "`time_created`, and `site` or `page`; `-` before it reverses the order; several with commas."),
    ("status", "Only those that ended like this."),
    ("query", "A part of the title, in any case."),
];

const HEADERS: [(&str, &str); 5] = [
    ("Last-Event-ID", "The number of the last event that was seen. The stream goes on after it."),
    (
        "Idempotency-Key",
        "The same key and the same body: the same run. 1 to 255 printable characters, kept for 24 hours.",
    ),
    ("Prefer", "`wait=N`: answer once the run is over, or after N seconds, at most 60."),
    ("If-None-Match", "The `ETag` of the version that is known: answered with 304 while it is the same."),
    ("If-Match", "The `ETag` of the version that is meant: refused with 412 when it is another one now."),
];

const BASE: Operation = Operation {
    method: "GET",
    path: "",
    id: "",
    summary: "",
    query: &[],
    required: None,
    headers: &[],
    body: None,
    answers: &[],
    also: &[],
    is_own: false,
};

const fn get(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: &'static [(u16, Answer)],
) -> Operation {
    Operation { path, id, summary, answers: answer, ..BASE }
}

const fn post(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    body: &'static str,
    answers: &'static [(u16, Answer)],
) -> Operation {
    Operation { method: "POST", path, id, summary, body: Some(body), answers, ..BASE }
}

const fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    let answers = &[(200, Answer::One("Message"))];
    Operation { method: "DELETE", path, id, summary, answers, ..BASE }
}

/// A method of a route beside the documented ones.
const fn own(operation: Operation) -> Operation {
    Operation { is_own: true, ..operation }
}

/// Asks something of a run.
const fn ask(path: &'static str, id: &'static str, summary: &'static str, status: u16) -> Operation {
    let answers: &'static [(u16, Answer)] =
        if status == 202 { &[(202, One("RunStanding"))] } else { &[(200, One("RunStanding"))] };
    Operation { method: "POST", path, id, summary, answers, also: &[409], is_own: true, ..BASE }
}

/// Every operation.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        query: &["limit", "offset", "site_id", "lean", "flowrun_id"],
        ..get(
            "/v1/ops/flowrun",
            "list_flowruns",
            "List runs, the newest first.",
            &[(200, PageOr(&["FlowRun", "LeanFlowRun"]))],
        )
    },
    Operation {
        headers: &["Idempotency-Key", "Prefer"],
        also: &[410, 422, 426],
        ..post("/v1/ops/flowrun", "create_flowrun", "Create a run.", "NewFlowRun", &[(201, One("FlowRun"))])
    },
    Operation {
        query: &["at"],
        headers: &["Prefer", "If-None-Match"],
        ..get(
            "/v1/ops/flowrun/{id}",
            "retrieve_flowrun",
            "Show a run as it stands, or as it stood.",
            &[(200, One("FlowRun")), (304, Nothing)],
        )
    },
    Operation {
        headers: &["If-Match"],
        also: &[412],
        ..delete("/v1/ops/flowrun/{id}", "delete_flowrun", "Delete a run; one that is open is cancelled.")
    },
    Operation {
        query: &["status"],
        ..get(
            "/v1/ops/flowruns/zapier",
            "zapier_flowruns",
            "List runs that are over, in short.",
            &[(200, All("ShortRun"))],
        )
    },
    Operation {
        query: &["limit", "offset", "flow_id"],
        ..get("/v1/ops/flow", "list_flows", "List flows, the newest first.", &[(200, PageOr(&["Flow"]))])
    },
    Operation {
        headers: &["If-Match"],
        also: &[412],
        ..post(
            "/v1/ops/flow",
            "save_flow",
            "Create a flow, or change one.",
            "SavedFlow",
            &[(201, One("Flow"))],
        )
    },
    Operation {
        headers: &["If-None-Match"],
        ..get("/v1/ops/flow/{id}", "retrieve_flow", "Show a flow.", &[(200, One("Flow")), (304, Nothing)])
    },
    Operation {
        headers: &["If-Match"],
        also: &[412],
        ..delete("/v1/ops/flow/{id}", "delete_flow", "Delete a flow with its runs.")
    },
    Operation {
        query: &["query", "limit", "offset"],
        required: Some("query"),
        ..get("/v1/ops/flow/search", "search_flows", "Search flows by their titles.", &[(200, Page("Flow"))])
    },
    post("/v1/ops/flow/copy", "copy_flow", "Copy a flow.", "NamedFlow", &[(201, One("Flow"))]),
    post("/v1/ops/flows/delete", "delete_flows", "Delete many flows.", "Ids", &[(200, One("Tally"))]),
    get("/v1/ops/flows/zapier", "zapier_flows", "List flows, in short.", &[(200, All("ShortFlow"))]),
    Operation {
        query: &["limit", "offset", "site_id", "sort"],
        ..get("/v1/ops/site", "list_sites", "List sites, the newest first.", &[(200, PageOr(&["Site"]))])
    },
    Operation {
        also: &[409, 426],
        ..post(
            "/v1/ops/site",
            "save_site",
            "Create a site (201), or change its tags (200).",
            "SavedSite",
            &[(200, One("Site")), (201, One("Site"))],
        )
    },
    get("/v1/ops/site/{id}", "retrieve_site", "Show a site.", &[(200, One("Site"))]),
    delete("/v1/ops/site/{id}", "delete_site", "Delete a site with its pages and runs."),
    post("/v1/ops/sites/delete", "delete_sites", "Delete many sites.", "Ids", &[(200, One("Tally"))]),
    get("/v1/ops/sites/zapier", "zapier_sites", "List sites, in short.", &[(200, All("ShortSite"))]),
    Operation {
        query: &["limit", "offset", "site_id", "page_id", "sort"],
        ..get(
            "/v1/ops/page",
            "list_pages",
            "List the pages of a site, the newest first.",
            &[(200, PageOr(&["Page"]))],
        )
    },
    Operation {
        also: &[409, 426],
        ..post(
            "/v1/ops/page",
            "save_page",
            "Create a page or several (201), or change the tags of one (200).",
            "SavedPage",
            &[(200, One("Page")), (201, Either(&["Page", "Tally"]))],
        )
    },
    get("/v1/ops/page/{id}", "retrieve_page", "Show a page.", &[(200, One("Page"))]),
    delete("/v1/ops/page/{id}", "delete_page", "Delete a page."),
    post("/v1/ops/pages/delete", "delete_pages", "Delete many pages.", "Ids", &[(200, One("Tally"))]),
    Operation {
        query: &["site_id"],
        ..get("/v1/ops/pages/zapier", "zapier_pages", "List pages, in short.", &[(200, All("ShortPage"))])
    },
    own(Operation {
        query: &["from"],
        headers: &["Last-Event-ID"],
        ..get(
            "/v1/ops/flowrun/{id}/events",
            "watch_flowrun",
            "Watch a run: every event of its journal, then the end.",
            &[(200, Events), (204, Nothing)],
        )
    }),
    own(get(
        "/v1/ops/flowruns/events",
        "watch_flowruns",
        "Watch the runs of the account: how each stands, whenever that changes.",
        &[(200, Events)],
    )),
    own(Operation {
        query: &["from", "limit"],
        ..get(
            "/v1/ops/flowrun/{id}/journal",
            "read_journal",
            "Read the journal of a run.",
            &[(200, One("Journal"))],
        )
    }),
    own(Operation {
        query: &["at", "node"],
        ..get(
            "/v1/ops/flowrun/{id}/explain",
            "explain_flowrun",
            "Say why each node ran, was skipped, waits or failed.",
            &[(200, One("Explanation"))],
        )
    }),
    own(get(
        "/v1/ops/flowrun/{id}/artefacts/{hash}",
        "read_artefact",
        "Read a picture or a document that a scan of a run brought home.",
        &[(200, File)],
    )),
    ask("/v1/ops/flowrun/{id}/cancel", "cancel_flowrun", "Cancel a run.", 202),
    ask("/v1/ops/flowrun/{id}/pause", "pause_flowrun", "Let nothing new of a run start.", 200),
    ask("/v1/ops/flowrun/{id}/resume", "resume_flowrun", "Let a run go on.", 200),
    Operation {
        body: Some("WhatAgain"),
        ..ask("/v1/ops/flowrun/{id}/rerun", "rerun_flowrun", "Do a part of a run once more.", 202)
    },
    own(post(
        "/v1/ops/flow/check",
        "check_flow",
        "Check a flow before it runs.",
        "FlowToCheck",
        &[(200, One("CheckedFlow"))],
    )),
    get("/openapi.json", "openapi", "Describe the API.", &[(200, Document)]),
    get("/metrics", "metrics", "Tell what was counted and measured, for Prometheus.", &[(200, Text)]),
    get("/healthz", "healthz", "Say that the server is there.", &[(200, One("Health"))]),
    Operation {
        also: &[503],
        ..get("/readyz", "readyz", "Say whether runs can be created.", &[(200, One("Health"))])
    },
];
