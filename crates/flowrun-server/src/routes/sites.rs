//! `/site`: the sites of an account, as far as a run needs them.

use std::sync::Arc;

use url::Url;
use uuid::Uuid;

use super::flows::ids;
use super::shown::Tally;
use super::{Route, handler, shown};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::json::array;
use crate::http::page::Window;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::repo::{Made, Scope, SiteId, SortKey};
use crate::server::Inner;

pub(super) fn routes() -> Vec<Route> {
    let all = Resource { get: handler!(list), post: handler!(save), ..Resource::default() };
    let one = Resource { get: handler!(retrieve), delete: handler!(delete), ..Resource::default() };
    let many = Resource { post: handler!(delete_many), ..Resource::default() };
    let short = Resource { get: handler!(zapier), ..Resource::default() };
    vec![("/site", all), ("/site/{id}", one), ("/sites/delete", many), ("/sites/zapier", short)]
}

/// Most characters of an address.
const MAX_URL: usize = 1000;

/// An address as it is stored: without slashes at its end, else as it was given.
pub(super) fn address(name: &str, text: &str) -> Result<String, Refusal> {
    let url = text.trim_end_matches('/');
    let is_written = |c: char| c.is_ascii() && !c.is_ascii_control() && !" \"<>\\^`{|}".contains(c);
    let is_web = Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())
    });
    if !is_web || !url.chars().all(|c| is_written(c) || !c.is_ascii() && c.is_alphanumeric()) {
        return Err(Refusal::bad(format!("the {name} is not an http or https address")));
    }
    if url.chars().count() > MAX_URL {
        return Err(Refusal::bad(format!("the {name} is longer than {MAX_URL} characters")));
    }
    Ok(url.to_owned())
}

/// Creates a site, or changes the tags of the one that `site_id` names.
async fn save(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let Call { caller, fields, .. } = &call;
    let account = caller.account;
    let id = if fields.is_set("site_id") { fields.id("site_id")?.map(SiteId::from) } else { None };
    if let Some(id) = id {
        server.repo.site(account, id)?.ok_or_else(|| Refusal::missing("site"))?;
    }
    call.needs(Scope::Write)?;
    let url = fields.text("site_url")?.filter(|url| !url.is_empty());
    let tags = fields.get("tags").map(str::to_owned);
    if let Some(id) = id {
        if let Some(url) = url
            && server.repo.has_site(account, url.trim_end_matches('/'))?
        {
            return Err(Refusal::exists("site"));
        }
        let site =
            server.repo.update_site(account, id, tags).await?.ok_or_else(|| Refusal::missing("site"))?;
        return Ok(Answer::ok(shown::site(caller, &site)));
    }
    let url = address("site_url", &url.ok_or_else(|| Refusal::bad("the site_url cannot be empty"))?)?;
    let mut pages = Vec::new();
    if !fields.is_set("no_scan") {
        for page in fields.texts("page_urls")?.unwrap_or_default() {
            pages.push(address("page_url", &page)?);
        }
    }
    match server.repo.create_site(account, url, tags, pages).await? {
        Made::Done(site) => Ok(Answer::created(shown::site(caller, &site))),
        Made::Exists => Err(Refusal::exists("site")),
        Made::Limit => Err(Refusal::limit("sites")),
        Made::Missing => Err(Refusal::missing("site")),
    }
}

async fn retrieve(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    one(&server, &call, call.path_id())
}

fn one(server: &Inner, call: &Call, id: Uuid) -> Result<Answer, Refusal> {
    let site = server.repo.site(call.caller.account, id.into())?.ok_or_else(|| Refusal::missing("site"))?;
    Ok(Answer::ok(shown::site(&call.caller, &site)))
}

async fn list(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    if let Some(id) = call.query_id("site_id")? {
        return one(&server, &call, id);
    }
    let window = Window::of(&call.query);
    let (count, sites) = server.repo.sites(call.caller.account, &order(&call.query, "site"), Some(window))?;
    let sites: Vec<String> = sites.iter().map(|site| shown::site(&call.caller, site)).collect();
    shown::page(&call, window, count, &sites)
}

/// What a list is to be sorted by: `sort` may be repeated and hold several keys, each falling after a `-`. Keys that
/// are not known, and those of scans, which none of the objects has, change nothing.
pub(super) fn order(query: &Query, url: &str) -> Vec<(SortKey, bool)> {
    let keys = query.all("sort").iter().flat_map(|keys| keys.split(','));
    let mut order = Vec::new();
    for key in keys {
        let name = key.trim().trim_start_matches('-');
        let key = match name {
            "time_created" => (SortKey::Created, key.trim().starts_with('-')),
            name if name == url => (SortKey::Url, key.trim().starts_with('-')),
            _ => continue,
        };
        // What was sorted by once is in order already.
        if !order.iter().any(|(known, _)| *known == key.0) {
            order.push(key);
        }
    }
    order
}

async fn delete(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    call.needs(Scope::Write)?;
    let gone = server.repo.delete_site(call.caller.account, call.path_id().into()).await?;
    server.remove(gone.ok_or_else(|| Refusal::missing("site"))?);
    Ok(Answer::message("site deleted"))
}

async fn delete_many(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let mut tally = Tally::default();
    for (text, id) in ids(&call)? {
        let gone = match id {
            Some(id) => server.repo.delete_site(call.caller.account, id.into()).await?,
            None => None,
        };
        tally.count(text, gone.map(|gone| server.remove(gone)).is_some());
    }
    Ok(tally.answer())
}

async fn zapier(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let (_, sites) = server.repo.sites(call.caller.account, &[], Some(shown::WHOLE))?;
    let sites: Vec<String> = sites.iter().map(shown::short_site).collect();
    Ok(Answer::ok(array(&sites)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_web_and_stay_as_they_are_spelt() {
        for (given, stored) in [
            ("https://example.com/", "https://example.com"),
            ("https://example.org///", "https://example.org"),
            ("HTTPS://Example.COM", "HTTPS://Example.COM"),
            ("http://localhost:8000/a?b=c#d", "http://localhost:8000/a?b=c#d"),
            ("https://bücher.example/é", "https://bücher.example/é"),
        ] {
            assert_eq!(address("site_url", given), Ok(stored.to_owned()));
        }
        let long = format!("https://example.com/{}", "p".repeat(1000));
        for given in [
            "/",
            "",
            "not a url",
            "ftp://example.com",
            "https://",
            "https://example.com/\"x",
            "https://a/\0",
            "https://a b",
            "javascript:alert(1)",
            "https://a/<script>",
            &long,
        ] {
            assert!(address("site_url", given).is_err(), "{given}");
        }
    }

    #[test]
    fn known_keys_sort_each_once() {
        let order = |query| order(&Query::parse(query), "site");
        assert_eq!(order("sort=nonsense,scan,-test"), []);
        assert_eq!(
            order("sort=-site,scan&sort=time_created,site"),
            [(SortKey::Url, true), (SortKey::Created, false)]
        );
    }
}
