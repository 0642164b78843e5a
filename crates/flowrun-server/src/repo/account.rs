//! Accounts and their limits.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use flowrun::{HostError, HostTransaction, Timestamp};

use super::rows::{self, Row, values};
use super::{AccountId, Repository, RepositoryError, Scope, TokenId, now, sql};

/// Whose request it is.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    /// The name of its user, as it stands in what it makes.
    pub(crate) user: String,
    pub(crate) token: TokenId,
    pub(crate) scope: Scope,
}

/// What an account may have at most. `None` is no limit, which is the default of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Sites.
    pub sites_allowed: Option<u64>,
    /// Pages of each site.
    pub pages_allowed: Option<u64>,
    /// Runs it may create, counted for good: deleting one gives nothing back.
    pub flowruns_allowed: Option<u64>,
    /// Nodes of a flow that is run.
    pub nodes_allowed: Option<u64>,
    /// Conditions of each node of a flow that is run.
    pub conditions_allowed: Option<u64>,
    /// Tasks at work at the same time, at least 1; more of them wait. A change holds from the next task on that asks.
    pub concurrency: Option<u64>,
}

/// An account that is to be made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NewAccount {
    /// Its name, by which the command line knows it.
    pub name: String,
    /// The name of its user, as it stands in flows and runs.
    pub user: String,
    /// What it may have.
    pub limits: Limits,
}

impl NewAccount {
    /// An account of this name, whose user has the same name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { user: name.clone(), name, limits: Limits::default() }
    }

    /// Sets the name of its user.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Sets its limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// An account with what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// The name of its user.
    pub user: String,
    /// When it was made.
    pub created: Timestamp,
    /// What it may have.
    pub limits: Limits,
    /// Sites it has.
    pub sites: u64,
    /// Flows it has.
    pub flows: u64,
    /// Runs it has.
    pub runs: u64,
    /// Runs it has created, also those that are deleted.
    pub flowruns: u64,
}

const COLUMNS: &str = "id, name, user, created, sites, flows, runs, flowruns, sites_allowed, pages_allowed, \
    flowruns_allowed, nodes_allowed, conditions_allowed, concurrency";

impl Account {
    fn of(row: &mut Row) -> Result<Self, HostError> {
        Ok(Self {
            id: row.next()?,
            name: row.next()?,
            user: row.next()?,
            created: row.next()?,
            sites: row.next()?,
            flows: row.next()?,
            runs: row.next()?,
            flowruns: row.next()?,
            limits: Limits {
                sites_allowed: row.next()?,
                pages_allowed: row.next()?,
                flowruns_allowed: row.next()?,
                nodes_allowed: row.next()?,
                conditions_allowed: row.next()?,
                concurrency: row.next()?,
            },
        })
    }
}

/// An account as it is seen by the transaction that writes.
pub(super) fn account(tables: &HostTransaction<'_>, id: AccountId) -> Result<Account, HostError> {
    let select = format!("SELECT {COLUMNS} FROM server_account WHERE id = ?");
    rows::first(tables, &select, values![id], Account::of)?.ok_or_else(|| "there is no such account".into())
}

impl Repository {
    /// Makes an account; `None` when there is one of this name.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub async fn create_account(&self, new: NewAccount) -> Result<Option<Account>, RepositoryError> {
        let (id, at) = (AccountId::random(), now().as_micros());
        let created = self.write(move |tables| {
            let NewAccount { name, user, limits } = new;
            let inserted = tables.execute(
                "INSERT OR IGNORE INTO server_account (id, name, user, created) VALUES (?, ?, ?, ?)",
                values![id, name, user, at],
            )?;
            if inserted == 0 {
                return Ok(None);
            }
            set_limits(tables, id, limits)?;
            account(tables, id).map(Some)
        });
        created.await
    }

    /// Every account, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub fn accounts(&self) -> Result<Vec<Account>, RepositoryError> {
        let select = format!("SELECT {COLUMNS} FROM server_account ORDER BY name");
        self.read(|tables| rows::all(tables, &select, &[], Account::of))
    }

    /// The account of this name.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub fn account_named(&self, name: &str) -> Result<Option<Account>, RepositoryError> {
        let select = format!("SELECT {COLUMNS} FROM server_account WHERE name = ?");
        self.read(|tables| rows::first(tables, &select, values![name], Account::of))
    }

    /// Sets every limit of an account.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub async fn set_limits(&self, account: AccountId, limits: Limits) -> Result<(), RepositoryError> {
        self.write(move |tables| set_limits(tables, account, limits)).await?;
        self.known().insert(account, limits.concurrency);
        Ok(())
    }

    /// How many tasks of an account may be at work. Kept in memory, as every task asks for it.
    pub(crate) fn concurrency(&self, id: AccountId) -> Result<Option<u64>, RepositoryError> {
        let known = self.known().get(&id).copied();
        match known {
            Some(concurrency) => Ok(concurrency),
            None => Ok(self.limits(id)?.concurrency),
        }
    }

    /// The limits of an account.
    pub(crate) fn limits(&self, id: AccountId) -> Result<Limits, RepositoryError> {
        let limits = self.read(|tables| Ok(account(tables, id)?.limits))?;
        self.known().insert(id, limits.concurrency);
        Ok(limits)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<AccountId, Option<u64>>> {
        // A panic elsewhere does not leave the map half changed.
        self.shared.concurrency.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set_limits(tables: &HostTransaction<'_>, account: AccountId, limits: Limits) -> Result<(), HostError> {
    let Limits {
        sites_allowed,
        pages_allowed,
        flowruns_allowed,
        nodes_allowed,
        conditions_allowed,
        concurrency,
    } = limits;
    let limit = |limit: Option<u64>| limit.map(sql);
    tables.execute(
        "UPDATE server_account SET sites_allowed = ?, pages_allowed = ?, flowruns_allowed = ?, nodes_allowed = ?,
        conditions_allowed = ?, concurrency = ? WHERE id = ?",
        values![
            limit(sites_allowed),
            limit(pages_allowed),
            limit(flowruns_allowed),
            limit(nodes_allowed),
            limit(conditions_allowed),
            limit(concurrency),
            account,
        ],
    )?;
    Ok(())
}
