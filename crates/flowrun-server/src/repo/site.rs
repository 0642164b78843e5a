//! Sites and their pages.

use flowrun::{HostError, HostTransaction, Timestamp};

use super::account::account;
use super::rows::{self, Row, values};
use super::run::Gone;
use super::{AccountId, PageId, Repository, RepositoryError, SiteId, now, run};
use crate::http::page::Window;

/// A site of an account.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) id: SiteId,
    pub(crate) url: String,
    pub(crate) created: Timestamp,
    /// JSON of any kind.
    pub(crate) tags: Option<String>,
}

/// A page of a site.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) id: PageId,
    pub(crate) site: SiteId,
    pub(crate) site_url: String,
    pub(crate) url: String,
    pub(crate) created: Timestamp,
    /// JSON of any kind.
    pub(crate) tags: Option<String>,
}

/// What became of something that was to be made.
#[derive(Clone, Debug)]
pub(crate) enum Made<T> {
    Done(T),
    /// There is one of this address.
    Exists,
    /// The account may have no more.
    Limit,
    /// What it belongs to is not there.
    Missing,
}

/// What a list of sites or pages is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortKey {
    Url,
    Created,
}

/// The order of a list, where nothing else is asked for the newest first.
fn order(table: &str, keys: &[(SortKey, bool)]) -> String {
    let column = |key| match key {
        SortKey::Url => "url",
        SortKey::Created => "number",
    };
    let mut order = String::new();
    for (key, is_falling) in keys {
        let direction = if *is_falling { "DESC" } else { "ASC" };
        order.push_str(&format!("{table}.{} {direction}, ", column(*key)));
    }
    order + table + ".number DESC"
}

const SITE: &str = "site.id, site.url, site.created, site.tags";
const PAGE: &str = "page.id, page.site, site.url, page.url, page.created, page.tags";
const PAGES: &str =
    "server_page page JOIN server_site site ON site.account = page.account AND site.id = page.site";

impl Site {
    fn of(row: &mut Row) -> Result<Self, HostError> {
        Ok(Self { id: row.next()?, url: row.next()?, created: row.next()?, tags: row.next()? })
    }
}

impl Page {
    fn of(row: &mut Row) -> Result<Self, HostError> {
        Ok(Self {
            id: row.next()?,
            site: row.next()?,
            site_url: row.next()?,
            url: row.next()?,
            created: row.next()?,
            tags: row.next()?,
        })
    }
}

impl Repository {
    /// Makes a site with pages, of which those over the limit are left out.
    pub(crate) async fn create_site(
        &self,
        of: AccountId,
        url: String,
        tags: Option<String>,
        pages: Vec<String>,
    ) -> Result<Made<Site>, RepositoryError> {
        let (id, at) = (SiteId::random(), now());
        self.write(move |tables| {
            if has_site(tables, of, &url)? {
                return Ok(Made::Exists);
            }
            let account = account(tables, of)?;
            if account.limits.sites_allowed.is_some_and(|most| account.sites >= most) {
                return Ok(Made::Limit);
            }
            tables.execute(
                "INSERT INTO server_site (account, id, url, created, tags) VALUES (?, ?, ?, ?, ?)",
                values![of, id, &url, at.as_micros(), tags.as_deref()],
            )?;
            tables.execute("UPDATE server_account SET sites = sites + 1 WHERE id = ?", values![of])?;
            for page in pages {
                if matches!(insert_page(tables, of, id, &page, None, at)?, Made::Limit) {
                    break;
                }
            }
            Ok(Made::Done(Site { id, url, created: at, tags }))
        })
        .await
    }

    /// Whether the account has a site of this address.
    pub(crate) fn has_site(&self, of: AccountId, url: &str) -> Result<bool, RepositoryError> {
        self.read(|tables| has_site(tables, of, url))
    }

    /// A site of the account.
    pub(crate) fn site(&self, of: AccountId, id: SiteId) -> Result<Option<Site>, RepositoryError> {
        self.read(|tables| site(tables, of, id))
    }

    /// Sets the tags of a site, if there are any to set.
    pub(crate) async fn update_site(
        &self,
        of: AccountId,
        id: SiteId,
        tags: Option<String>,
    ) -> Result<Option<Site>, RepositoryError> {
        self.write(move |tables| {
            tables.execute(
                "UPDATE server_site SET tags = ifnull(?, tags) WHERE account = ? AND id = ?",
                values![tags, of, id],
            )?;
            site(tables, of, id)
        })
        .await
    }

    /// How many sites the account has, and some of them.
    pub(crate) fn sites(
        &self,
        of: AccountId,
        keys: &[(SortKey, bool)],
        window: Option<Window>,
    ) -> Result<(u64, Vec<Site>), RepositoryError> {
        let (limit, offset) = bounds(window);
        self.read(|tables| {
            let count = account(tables, of)?.sites;
            let select = format!(
                "SELECT {SITE} FROM server_site site WHERE account = ? ORDER BY {} LIMIT ? OFFSET ?",
                order("site", keys)
            );
            Ok((count, rows::all(tables, &select, values![of, limit, offset], Site::of)?))
        })
    }

    /// Deletes a site with its pages and its runs, and says which runs are to go. `None` when there is none.
    pub(crate) async fn delete_site(
        &self,
        of: AccountId,
        id: SiteId,
    ) -> Result<Option<Gone>, RepositoryError> {
        self.write(move |tables| {
            if tables.execute("DELETE FROM server_site WHERE account = ? AND id = ?", values![of, id])? == 0 {
                return Ok(None);
            }
            tables.execute("UPDATE server_account SET sites = sites - 1 WHERE id = ?", values![of])?;
            tables.execute("DELETE FROM server_page WHERE account = ? AND site = ?", values![of, id])?;
            run::delete_where(tables, of, "site", id.into()).map(Some)
        })
        .await
    }

    /// Makes pages of a site: what became of each. `Missing` for all of them when there is no such site.
    pub(crate) async fn create_pages(
        &self,
        of: AccountId,
        site_id: SiteId,
        urls: Vec<String>,
        tags: Option<String>,
    ) -> Result<Option<Vec<Made<Page>>>, RepositoryError> {
        let at = now();
        self.write(move |tables| {
            if site(tables, of, site_id)?.is_none() {
                return Ok(None);
            }
            let make = |url: &String| insert_page(tables, of, site_id, url, tags.as_deref(), at);
            urls.iter().map(make).collect::<Result<Vec<_>, HostError>>().map(Some)
        })
        .await
    }

    /// A page of the account.
    pub(crate) fn page(&self, of: AccountId, id: PageId) -> Result<Option<Page>, RepositoryError> {
        self.read(|tables| page(tables, of, id))
    }

    /// Sets the tags of a page, if there are any to set.
    pub(crate) async fn update_page(
        &self,
        of: AccountId,
        id: PageId,
        tags: Option<String>,
    ) -> Result<Option<Page>, RepositoryError> {
        self.write(move |tables| {
            tables.execute(
                "UPDATE server_page SET tags = ifnull(?, tags) WHERE account = ? AND id = ?",
                values![tags, of, id],
            )?;
            page(tables, of, id)
        })
        .await
    }

    /// How many pages the account, or one of its sites, has, and some of them.
    pub(crate) fn pages(
        &self,
        of: AccountId,
        site: Option<SiteId>,
        keys: &[(SortKey, bool)],
        window: Option<Window>,
    ) -> Result<(u64, Vec<Page>), RepositoryError> {
        let (limit, offset) = bounds(window);
        self.read(|tables| {
            let count = rows::value(
                tables,
                "SELECT ifnull(sum(pages), 0) FROM server_site WHERE account = ?1 AND (?2 IS NULL OR id = ?2)",
                values![of, site],
            )?;
            let select = format!(
                "SELECT {PAGE} FROM {PAGES} WHERE page.account = ?1 AND (?2 IS NULL OR page.site = ?2)
                ORDER BY {} LIMIT ?3 OFFSET ?4",
                order("page", keys)
            );
            Ok((count, rows::all(tables, &select, values![of, site, limit, offset], Page::of)?))
        })
    }

    /// Deletes a page. Whether there was one.
    pub(crate) async fn delete_page(&self, of: AccountId, id: PageId) -> Result<bool, RepositoryError> {
        self.write(move |tables| {
            let Some(page) = page(tables, of, id)? else { return Ok(false) };
            tables.execute("DELETE FROM server_page WHERE account = ? AND id = ?", values![of, id])?;
            tables.execute(
                "UPDATE server_site SET pages = pages - 1 WHERE account = ? AND id = ?",
                values![of, page.site],
            )?;
            Ok(true)
        })
        .await
    }
}

/// Limit and offset for SQLite.
pub(super) fn bounds(window: Option<Window>) -> (i64, i64) {
    window.map_or((-1, 0), |window| (super::sql(window.limit), super::sql(window.offset)))
}

fn has_site(tables: &HostTransaction<'_>, of: AccountId, url: &str) -> Result<bool, HostError> {
    rows::exists(tables, "SELECT 1 FROM server_site WHERE account = ? AND url = ?", values![of, url])
}

pub(super) fn site(
    tables: &HostTransaction<'_>,
    of: AccountId,
    id: SiteId,
) -> Result<Option<Site>, HostError> {
    let select = format!("SELECT {SITE} FROM server_site site WHERE account = ? AND id = ?");
    rows::first(tables, &select, values![of, id], Site::of)
}

fn page(tables: &HostTransaction<'_>, of: AccountId, id: PageId) -> Result<Option<Page>, HostError> {
    let select = format!("SELECT {PAGE} FROM {PAGES} WHERE page.account = ? AND page.id = ?");
    rows::first(tables, &select, values![of, id], Page::of)
}

fn insert_page(
    tables: &HostTransaction<'_>,
    of: AccountId,
    site: SiteId,
    url: &str,
    tags: Option<&str>,
    at: Timestamp,
) -> Result<Made<Page>, HostError> {
    let is_there = "SELECT 1 FROM server_page WHERE account = ? AND site = ? AND url = ?";
    if rows::exists(tables, is_there, values![of, site, url])? {
        return Ok(Made::Exists);
    }
    let pages: u64 =
        rows::value(tables, "SELECT pages FROM server_site WHERE account = ? AND id = ?", values![of, site])?;
    if account(tables, of)?.limits.pages_allowed.is_some_and(|most| pages >= most) {
        return Ok(Made::Limit);
    }
    let id = PageId::random();
    tables.execute(
        "INSERT INTO server_page (account, id, site, url, created, tags) VALUES (?, ?, ?, ?, ?, ?)",
        values![of, id, site, url, at.as_micros(), tags],
    )?;
    tables.execute(
        "UPDATE server_site SET pages = pages + 1 WHERE account = ? AND id = ?",
        values![of, site],
    )?;
    Ok(page(tables, of, id)?.map_or(Made::Missing, Made::Done))
}
