//! Sites and their pages.

use flowrun::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::account::account;
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
const PAGES: &str = "page JOIN site ON site.account = page.account AND site.id = page.site";

impl Site {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let created = Timestamp::from_micros(row.get(2)?);
        Ok(Self { id: row.get(0)?, url: row.get(1)?, created, tags: row.get(3)? })
    }
}

impl Page {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            site: row.get(1)?,
            site_url: row.get(2)?,
            url: row.get(3)?,
            created: Timestamp::from_micros(row.get(4)?),
            tags: row.get(5)?,
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
        self.write(move |connection| {
            if has_site(connection, of, &url)? {
                return Ok(Made::Exists);
            }
            let account = account(connection, of)?;
            if account.limits.sites_allowed.is_some_and(|most| account.sites >= most) {
                return Ok(Made::Limit);
            }
            connection.execute(
                "INSERT INTO site (account, id, url, created, tags) VALUES (?, ?, ?, ?, ?)",
                params![of, id, url, at.as_micros(), tags],
            )?;
            connection.execute("UPDATE account SET sites = sites + 1 WHERE id = ?", [of])?;
            for page in pages {
                if matches!(insert_page(connection, of, id, &page, None, at)?, Made::Limit) {
                    break;
                }
            }
            Ok(Made::Done(Site { id, url, created: at, tags }))
        })
        .await
    }

    /// Whether the account has a site of this address.
    pub(crate) fn has_site(&self, of: AccountId, url: &str) -> Result<bool, RepositoryError> {
        self.read(|connection| has_site(connection, of, url))
    }

    /// A site of the account.
    pub(crate) fn site(&self, of: AccountId, id: SiteId) -> Result<Option<Site>, RepositoryError> {
        self.read(|connection| site(connection, of, id))
    }

    /// Sets the tags of a site, if there are any to set.
    pub(crate) async fn update_site(
        &self,
        of: AccountId,
        id: SiteId,
        tags: Option<String>,
    ) -> Result<Option<Site>, RepositoryError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE site SET tags = ifnull(?, tags) WHERE account = ? AND id = ?",
                params![tags, of, id],
            )?;
            site(connection, of, id)
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
        self.read(|connection| {
            let count = account(connection, of)?.sites;
            let select = format!(
                "SELECT {SITE} FROM site WHERE account = ? ORDER BY {} LIMIT ? OFFSET ?",
                order("site", keys)
            );
            let mut statement = connection.prepare_cached(&select)?;
            let sites =
                statement.query_map(params![of, limit, offset], Site::of)?.collect::<Result<_, _>>()?;
            Ok((count, sites))
        })
    }

    /// Deletes a site with its pages and its runs, and says which runs are to go. `None` when there is none.
    pub(crate) async fn delete_site(
        &self,
        of: AccountId,
        id: SiteId,
    ) -> Result<Option<Gone>, RepositoryError> {
        self.write(move |connection| {
            if connection.execute("DELETE FROM site WHERE account = ? AND id = ?", params![of, id])? == 0 {
                return Ok(None);
            }
            connection.execute("UPDATE account SET sites = sites - 1 WHERE id = ?", [of])?;
            connection.execute("DELETE FROM page WHERE account = ? AND site = ?", params![of, id])?;
            run::delete_where(connection, of, "site", &id).map(Some)
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
        self.write(move |connection| {
            if site(connection, of, site_id)?.is_none() {
                return Ok(None);
            }
            let make = |url: &String| insert_page(connection, of, site_id, url, tags.as_deref(), at);
            urls.iter().map(make).collect::<rusqlite::Result<Vec<_>>>().map(Some)
        })
        .await
    }

    /// A page of the account.
    pub(crate) fn page(&self, of: AccountId, id: PageId) -> Result<Option<Page>, RepositoryError> {
        self.read(|connection| page(connection, of, id))
    }

    /// Sets the tags of a page, if there are any to set.
    pub(crate) async fn update_page(
        &self,
        of: AccountId,
        id: PageId,
        tags: Option<String>,
    ) -> Result<Option<Page>, RepositoryError> {
        self.write(move |connection| {
            connection.execute(
                "UPDATE page SET tags = ifnull(?, tags) WHERE account = ? AND id = ?",
                params![tags, of, id],
            )?;
            page(connection, of, id)
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
        self.read(|connection| {
            let count: i64 = connection
                .prepare_cached(
                    "SELECT ifnull(sum(pages), 0) FROM site WHERE account = ?1 AND (?2 IS NULL OR id = ?2)",
                )?
                .query_row(params![of, site], |row| row.get(0))?;
            let select = format!(
                "SELECT {PAGE} FROM {PAGES} WHERE page.account = ?1 AND (?2 IS NULL OR page.site = ?2)
                ORDER BY {} LIMIT ?3 OFFSET ?4",
                order("page", keys)
            );
            let mut statement = connection.prepare_cached(&select)?;
            let pages = statement.query_map(params![of, site, limit, offset], Page::of)?;
            Ok((count.unsigned_abs(), pages.collect::<Result<_, _>>()?))
        })
    }

    /// Deletes a page. Whether there was one.
    pub(crate) async fn delete_page(&self, of: AccountId, id: PageId) -> Result<bool, RepositoryError> {
        self.write(move |connection| {
            let Some(page) = page(connection, of, id)? else { return Ok(false) };
            connection.execute("DELETE FROM page WHERE account = ? AND id = ?", params![of, id])?;
            connection.execute(
                "UPDATE site SET pages = pages - 1 WHERE account = ? AND id = ?",
                params![of, page.site],
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

fn has_site(connection: &Connection, of: AccountId, url: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM site WHERE account = ? AND url = ?")?.exists(params![of, url])
}

pub(super) fn site(connection: &Connection, of: AccountId, id: SiteId) -> rusqlite::Result<Option<Site>> {
    let select = format!("SELECT {SITE} FROM site WHERE account = ? AND id = ?");
    connection.prepare_cached(&select)?.query_row(params![of, id], Site::of).optional()
}

fn page(connection: &Connection, of: AccountId, id: PageId) -> rusqlite::Result<Option<Page>> {
    let select = format!("SELECT {PAGE} FROM {PAGES} WHERE page.account = ? AND page.id = ?");
    connection.prepare_cached(&select)?.query_row(params![of, id], Page::of).optional()
}

fn insert_page(
    connection: &Connection,
    of: AccountId,
    site: SiteId,
    url: &str,
    tags: Option<&str>,
    at: Timestamp,
) -> rusqlite::Result<Made<Page>> {
    let is_there = connection
        .prepare_cached("SELECT 1 FROM page WHERE account = ? AND site = ? AND url = ?")?
        .exists(params![of, site, url])?;
    if is_there {
        return Ok(Made::Exists);
    }
    let pages: i64 = connection
        .prepare_cached("SELECT pages FROM site WHERE account = ? AND id = ?")?
        .query_row(params![of, site], |row| row.get(0))?;
    if account(connection, of)?.limits.pages_allowed.is_some_and(|most| pages.unsigned_abs() >= most) {
        return Ok(Made::Limit);
    }
    let id = PageId::random();
    connection
        .prepare_cached("INSERT INTO page (account, id, site, url, created, tags) VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![of, id, site, url, at.as_micros(), tags])?;
    connection
        .prepare_cached("UPDATE site SET pages = pages + 1 WHERE account = ? AND id = ?")?
        .execute(params![of, site])?;
    Ok(page(connection, of, id)?.map_or(Made::Missing, Made::Done))
}
