//! What the account has, as the API shows it: members in the documented order.

use flowrun::Timestamp;

use crate::http::call::{Answer, Call};
use crate::http::json::{array, object, text};
use crate::http::page::Window;
use crate::http::refusal::Refusal;
use crate::repo::{AccountId, Caller, Flow, Page, Site, Standing};

/// Most objects of the lists that are not paged.
pub(super) const MOST: u64 = 10_000;

/// The same as a window.
pub(super) const WHOLE: Window = Window { limit: MOST, offset: 0 };

/// Largest page of a list in bytes.
const MAX_PAGE: usize = 64 << 20;

/// What no scan and no test has happened to yet: this server makes neither on its own.
const INFO: &str = concat!(
    r#"{"latest_scan":{"id":null,"time_created":null,"time_completed":null,"score":null},"#,
    r#""latest_test":{"id":null,"time_created":null,"time_completed":null,"score":null,"status":null}}"#
);

/// One page of a list.
pub(super) fn page(call: &Call, window: Window, count: u64, results: &[String]) -> Result<Answer, Refusal> {
    if results.iter().map(String::len).sum::<usize>() > MAX_PAGE {
        return Err(Refusal::bad("the page is too large: ask for fewer objects by limit, or for lean ones"));
    }
    let (next, previous) = window.links(count, &call.address, &call.query);
    let link = |link: Option<String>| link.map_or_else(|| "null".to_owned(), |link| text(&link));
    Ok(Answer::ok(object([
        ("count", count.to_string().as_str()),
        ("next", &link(next)),
        ("previous", &link(previous)),
        ("results", &array(results)),
    ])))
}

fn id(id: impl std::fmt::Display) -> String {
    text(&id.to_string())
}

fn time(at: Timestamp) -> String {
    text(&at.rfc3339())
}

fn short_time(at: Timestamp) -> String {
    text(&at.offset())
}

pub(super) fn flow(of: AccountId, flow: &Flow) -> String {
    object([
        ("id", id(flow.id).as_str()),
        ("user", &text(&flow.user)),
        ("account", &id(of)),
        ("time_created", &time(flow.created)),
        ("title", &text(&flow.title)),
        ("nodes", &flow.nodes),
        ("edges", &flow.edges),
        ("time_last_run", &flow.last_run.map_or_else(|| "null".to_owned(), time)),
    ])
}

pub(super) fn short_flow(flow: &Flow) -> String {
    object([
        ("id", id(flow.id).as_str()),
        ("title", &text(&flow.title)),
        ("time_created", &short_time(flow.created)),
    ])
}

pub(super) fn site(caller: &Caller, site: &Site) -> String {
    object([
        ("id", id(site.id).as_str()),
        ("user", &text(&caller.user)),
        ("site_url", &text(&site.url)),
        ("time_created", &time(site.created)),
        ("info", INFO),
        ("tags", site.tags.as_deref().unwrap_or("null")),
        ("account", &id(caller.account)),
        ("time_crawl_started", &time(site.created)),
        ("time_crawl_completed", "null"),
    ])
}

pub(super) fn short_site(site: &Site) -> String {
    object([
        ("id", id(site.id).as_str()),
        ("site_url", &text(&site.url)),
        ("time_created", &short_time(site.created)),
        ("tags", site.tags.as_deref().unwrap_or("null")),
        ("info", INFO),
    ])
}

pub(super) fn page_of_site(caller: &Caller, page: &Page) -> String {
    object([
        ("id", id(page.id).as_str()),
        ("user", &text(&caller.user)),
        ("site", &id(page.site)),
        ("page_url", &text(&page.url)),
        ("time_created", &time(page.created)),
        ("info", INFO),
        ("tags", page.tags.as_deref().unwrap_or("null")),
        ("account", &id(caller.account)),
    ])
}

pub(super) fn short_page(page: &Page) -> String {
    object([
        ("id", id(page.id).as_str()),
        ("page_url", &text(&page.url)),
        ("site", &id(page.site)),
        ("site_url", &text(&page.site_url)),
        ("time_created", &short_time(page.created)),
        ("tags", page.tags.as_deref().unwrap_or("null")),
        ("info", INFO),
    ])
}

pub(super) fn short_run(run: &Standing) -> String {
    object([
        ("id", id(run.id).as_str()),
        ("flow", &id(run.flow)),
        ("site", &id(run.site)),
        ("title", &text(&run.title)),
        ("time_created", &short_time(run.created)),
        ("time_completed", &short_time(run.completed)),
        ("status", &text(&run.status)),
    ])
}

/// What became of many at once.
#[derive(Debug, Default)]
pub(super) struct Tally {
    succeeded: Vec<String>,
    failed: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, one: String, has_succeeded: bool) {
        if has_succeeded { self.succeeded.push(one) } else { self.failed.push(one) }
    }

    pub(super) fn answer(&self) -> Answer {
        Answer::ok(self.told())
    }

    pub(super) fn created(&self) -> Answer {
        Answer::created(self.told())
    }

    fn told(&self) -> String {
        let texts = |all: &[String]| array(&all.iter().map(|one| text(one)).collect::<Vec<_>>());
        let Self { succeeded, failed } = self;
        object([
            ("success", if failed.is_empty() { "true" } else { "false" }),
            ("num_succeeded", succeeded.len().to_string().as_str()),
            ("succeeded", &texts(succeeded)),
            ("num_failed", &failed.len().to_string()),
            ("failed", &texts(failed)),
        ])
    }
}
