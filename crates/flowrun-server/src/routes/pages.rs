//! `/page`: the pages of sites.

use std::sync::Arc;

use super::flows::ids;
use super::shown::Tally;
use super::sites::{address, order};
use super::{Route, handler, shown};
use crate::http::call::{Answer, Call, Handler, Resource};
use crate::http::json::array;
use crate::http::page::Window;
use crate::http::refusal::Refusal;
use crate::repo::{AccountId, Made, Page, PageId, Scope, SiteId};
use crate::server::Inner;

pub(super) fn routes() -> Vec<Route> {
    let all = Resource { get: handler!(list), post: handler!(save), ..Resource::default() };
    let one = Resource { get: handler!(retrieve), delete: handler!(delete), ..Resource::default() };
    let many = Resource { post: handler!(delete_many), ..Resource::default() };
    let short = Resource { get: handler!(zapier), ..Resource::default() };
    vec![("/page", all), ("/page/{id}", one), ("/pages/delete", many), ("/pages/zapier", short)]
}

/// Sites, too, are missed in these words on the routes of pages.
fn missing() -> Refusal {
    Refusal::missing("page")
}

/// A page of the account, and of the site if one is named.
fn find(server: &Inner, of: AccountId, id: PageId, site: Option<SiteId>) -> Result<Page, Refusal> {
    let page = server.repo.page(of, id)?.filter(|page| site.is_none_or(|site| page.site == site));
    page.ok_or_else(missing)
}

/// Creates pages of a site, or changes the tags of the one that `page_id` names.
async fn save(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let Call { caller, fields, .. } = &call;
    let account = caller.account;
    let id = |name| if fields.is_set(name) { fields.id(name) } else { Ok(None) };
    let site = id("site_id")?.map(SiteId::from);
    if let Some(id) = id("page_id")?.map(PageId::from) {
        find(&server, account, id, site)?;
        call.needs(Scope::Write)?;
        let tags = fields.get("tags").map(str::to_owned);
        let page = server.repo.update_page(account, id, tags).await?.ok_or_else(missing)?;
        return Ok(Answer::ok(shown::page_of_site(caller, &page)));
    }
    let urls = fields.texts("page_urls")?;
    let is_bulk = urls.is_some();
    let urls = match urls {
        Some(urls) => urls,
        None => {
            let url = fields.text("page_url")?.filter(|url| !url.is_empty());
            vec![url.ok_or_else(|| Refusal::bad("the page_url cannot be empty"))?]
        }
    };
    let site = site.ok_or_else(|| Refusal::bad("site_id is missing"))?;
    server.repo.site(account, site)?.ok_or_else(missing)?;
    call.needs(Scope::Write)?;
    let urls = urls.iter().map(|url| address("page_url", url)).collect::<Result<Vec<_>, _>>()?;
    let tags = fields.get("tags").map(str::to_owned);
    let made = server.repo.create_pages(account, site, urls.clone(), tags).await?.ok_or_else(missing)?;
    if is_bulk {
        return bulk(&urls, &made);
    }
    match made.into_iter().next() {
        Some(Made::Done(page)) => Ok(Answer::created(shown::page_of_site(caller, &page))),
        Some(Made::Exists) => Err(Refusal::exists("page")),
        Some(Made::Limit) => Err(Refusal::limit("pages")),
        Some(Made::Missing) | None => Err(missing()),
    }
}

/// Says which pages were made. When none was because the site may have no more, that is the answer.
fn bulk(urls: &[String], made: &[Made<Page>]) -> Result<Answer, Refusal> {
    let is_made = |made: &Made<Page>| matches!(made, Made::Done(_));
    if !made.iter().any(is_made) && made.iter().any(|made| matches!(made, Made::Limit)) {
        return Err(Refusal::limit("pages"));
    }
    let mut tally = Tally::default();
    urls.iter().zip(made).for_each(|(url, made)| tally.count(url.clone(), is_made(made)));
    Ok(tally.created())
}

async fn retrieve(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let page = find(&server, call.caller.account, call.path_id().into(), None)?;
    Ok(Answer::ok(shown::page_of_site(&call.caller, &page)))
}

async fn list(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let account = call.caller.account;
    let site = call.query_id("site_id")?.map(SiteId::from);
    let page = call.query_id("page_id")?.map(PageId::from);
    if let Some(site) = site {
        server.repo.site(account, site)?.ok_or_else(missing)?;
    }
    if let Some(id) = page {
        let page = find(&server, account, id, site)?;
        return Ok(Answer::ok(shown::page_of_site(&call.caller, &page)));
    }
    let site = site.ok_or_else(|| Refusal::bad("need site_id or page_id"))?;
    let window = Window::of(&call.query);
    let (count, pages) = server.repo.pages(account, Some(site), &order(&call.query, "page"), Some(window))?;
    let pages: Vec<String> = pages.iter().map(|page| shown::page_of_site(&call.caller, page)).collect();
    shown::page(&call, window, count, &pages)
}

async fn delete(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    call.needs(Scope::Write)?;
    if !server.repo.delete_page(call.caller.account, call.path_id().into()).await? {
        return Err(missing());
    }
    Ok(Answer::message("Page deleted"))
}

async fn delete_many(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let mut tally = Tally::default();
    for (text, id) in ids(&call)? {
        let is_gone = match id {
            Some(id) => server.repo.delete_page(call.caller.account, id.into()).await?,
            None => false,
        };
        tally.count(text, is_gone);
    }
    Ok(tally.answer())
}

async fn zapier(server: Arc<Inner>, call: Call) -> Result<Answer, Refusal> {
    let account = call.caller.account;
    let site = call.query_id("site_id")?.map(SiteId::from);
    if let Some(site) = site {
        server.repo.site(account, site)?.ok_or_else(missing)?;
    }
    let (_, pages) = server.repo.pages(account, site, &[], Some(shown::WHOLE))?;
    let pages: Vec<String> = pages.iter().map(shown::short_page).collect();
    Ok(Answer::ok(array(&pages)))
}
