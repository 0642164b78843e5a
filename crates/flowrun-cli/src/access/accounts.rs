//! Answers about the accounts and tokens in a store.

use flowrun::Timestamp;
use flowrun_server::{Account, Limits, NewAccount, Repository, Token};

use super::ask::{AccountPart, TokenPart};
use crate::commands::CommandError;
use crate::render::plain;

/// Limits by their names. A name that is not among those of an account changes nothing.
type Named = Vec<(String, Option<u64>)>;

/// The accounts in a store.
pub(super) struct Accounts(pub(super) Repository);

impl Accounts {
    pub(super) async fn create(
        &self,
        name: String,
        user: Option<String>,
        limits: &Named,
    ) -> Result<AccountPart, CommandError> {
        let mut new = NewAccount::new(&name).limits(over(limits, Limits::default()));
        if let Some(user) = user {
            new = new.user(user);
        }
        let made = self.0.create_account(new).await?.ok_or(CommandError::AccountExists(name))?;
        Ok(made.into())
    }

    pub(super) fn all(&self) -> Result<Vec<AccountPart>, CommandError> {
        Ok(self.0.accounts()?.into_iter().map(AccountPart::from).collect())
    }

    pub(super) async fn limit(&self, name: &str, limits: &Named) -> Result<AccountPart, CommandError> {
        let account = self.find(name)?;
        self.0.set_limits(account.id, over(limits, account.limits)).await?;
        Ok(self.find(name)?.into())
    }

    /// The id of a new token, and the token.
    pub(super) async fn create_token(
        &self,
        account: &str,
        scope: &str,
        expires: Option<Timestamp>,
    ) -> Result<(String, String), CommandError> {
        let account = self.find(account)?;
        let made = self.0.create_token(account.id, scope.parse()?, expires).await?;
        Ok((made.id.to_string(), made.secret))
    }

    pub(super) fn tokens(&self, account: Option<&str>) -> Result<Vec<TokenPart>, CommandError> {
        let account = account.map(|name| self.find(name)).transpose()?;
        let tokens = self.0.tokens(account.map(|account| account.id))?;
        Ok(tokens.into_iter().map(TokenPart::from).collect())
    }

    pub(super) async fn revoke(&self, id: &str) -> Result<(), CommandError> {
        let id = id.parse()?;
        if self.0.revoke_token(id).await? { Ok(()) } else { Err(CommandError::NoToken(id)) }
    }

    fn find(&self, name: &str) -> Result<Account, CommandError> {
        self.0.account_named(name)?.ok_or_else(|| CommandError::NoAccount(plain(name)))
    }
}

/// What an account may have, by the names that the API has for it.
fn fields(limits: &mut Limits) -> [(&'static str, &mut Option<u64>); 6] {
    [
        ("sites_allowed", &mut limits.sites_allowed),
        ("pages_allowed", &mut limits.pages_allowed),
        ("flowruns_allowed", &mut limits.flowruns_allowed),
        ("nodes_allowed", &mut limits.nodes_allowed),
        ("conditions_allowed", &mut limits.conditions_allowed),
        ("concurrency", &mut limits.concurrency),
    ]
}

/// The named limits, and for those that are not named the others.
fn over(named: &Named, mut limits: Limits) -> Limits {
    for (name, limit) in fields(&mut limits) {
        if let Some((_, given)) = named.iter().find(|(given, _)| given == name) {
            *limit = *given;
        }
    }
    limits
}

impl From<Account> for AccountPart {
    fn from(account: Account) -> Self {
        let mut limits = account.limits;
        let limits = fields(&mut limits).map(|(name, limit)| (name.to_owned(), *limit)).into();
        let Account { id, name, user, created, sites, flows, runs, flowruns, .. } = account;
        Self { id: id.to_string(), name, user, created, sites, flows, runs, flowruns, limits }
    }
}

impl From<Token> for TokenPart {
    fn from(token: Token) -> Self {
        let Token { id, account, scope, created, expires, .. } = token;
        Self { id: id.to_string(), account, scope: scope.to_string(), created, expires }
    }
}
