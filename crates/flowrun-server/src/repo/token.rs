//! Tokens: shown once, stored as a keyed hash, gone at once when they are revoked.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use flowrun::{SqlValue, Timestamp};

use super::rows::{self, Column, values};
use super::{AccountId, Caller, Repository, RepositoryError, TokenId, now};

/// How every token begins, so that one that got lost is found by whoever searches for such texts.
pub(crate) const PREFIX: &str = "flowrun_";

/// What a token may do. Each scope includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// See what the account has.
    Read,
    /// Create runs, and delete them.
    Run,
    /// Change everything the account has.
    Write,
}

impl Scope {
    const NAMES: [(Self, &'static str); 3] =
        [(Self::Read, "read"), (Self::Run, "run"), (Self::Write, "write")];
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(scope, _)| scope == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

/// The text names no scope.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is none of `read`, `run`, `write`")]
pub struct ParseScopeError(String);

impl FromStr for Scope {
    type Err = ParseScopeError;

    fn from_str(text: &str) -> Result<Self, ParseScopeError> {
        let named = Self::NAMES.iter().find(|(_, name)| *name == text);
        named.map(|(scope, _)| *scope).ok_or_else(|| ParseScopeError(text.chars().take(40).collect()))
    }
}

impl Column for Scope {
    fn of(value: SqlValue) -> Option<Self> {
        value.as_text()?.parse().ok()
    }
}

/// A token as it is listed. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// Its id, to revoke it by.
    pub id: TokenId,
    /// The name of its account.
    pub account: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops being one.
    pub expires: Option<Timestamp>,
}

/// A token that was just made: the only time that it is seen.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The token, for the `Authorization` header.
    pub secret: String,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Repository {
    /// Makes a token of an account.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub async fn create_token(
        &self,
        account: AccountId,
        scope: Scope,
        expires: Option<Timestamp>,
    ) -> Result<NewToken, RepositoryError> {
        // 244 bits from the system's generator, spread over 32 bytes.
        let drawn = [*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat();
        let secret = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(blake3::hash(&drawn).as_bytes()));
        let (id, hash, at) = (TokenId::random(), self.hash(&secret), now().as_micros());
        let expires = expires.map(Timestamp::as_micros);
        self.write(move |tables| {
            tables.execute(
                "INSERT INTO server_token VALUES (?, ?, ?, ?, ?, ?)",
                values![hash.as_slice(), id, account, scope.to_string(), at, expires],
            )
        })
        .await?;
        Ok(NewToken { id, secret })
    }

    /// Every token, of one account or of all, the one made first first.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub fn tokens(&self, of: Option<AccountId>) -> Result<Vec<Token>, RepositoryError> {
        let select = "SELECT token.id, account.name, scope, token.created, expires
            FROM server_token token JOIN server_account account ON account.id = token.account
            WHERE ?1 IS NULL OR token.account = ?1 ORDER BY token.created, token.id";
        self.read(|tables| {
            rows::all(tables, select, values![of], |row| {
                Ok(Token {
                    id: row.next()?,
                    account: row.next()?,
                    scope: row.next()?,
                    created: row.next()?,
                    expires: row.next()?,
                })
            })
        })
    }

    /// Takes a token back: from here on it names nobody. Whether there was one.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub async fn revoke_token(&self, id: TokenId) -> Result<bool, RepositoryError> {
        let revoked =
            self.write(move |tables| tables.execute("DELETE FROM server_token WHERE id = ?", values![id]));
        let is_one = revoked.await? > 0;
        self.shared.revoked.send_modify(|count| *count += 1);
        Ok(is_one)
    }

    /// Changes whenever a token was taken back.
    pub(crate) fn revocations(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.revoked.subscribe()
    }

    /// Whether there is such a token, and it has not expired.
    pub(crate) fn is_token(&self, id: TokenId) -> Result<bool, RepositoryError> {
        let select = "SELECT 1 FROM server_token WHERE id = ? AND (expires IS NULL OR expires > ?)";
        self.read(|tables| rows::exists(tables, select, values![id, now().as_micros()]))
    }

    /// Whose token this is, if it is one. Looked up by its hash, so that the time of a comparison tells nothing
    /// about any other token.
    pub(crate) fn caller(&self, token: &str) -> Result<Option<Caller>, RepositoryError> {
        let (hash, at) = (self.hash(token), now().as_micros());
        let select = "SELECT account.id, user, token.id, scope
            FROM server_token token JOIN server_account account ON account.id = token.account
            WHERE hash = ? AND (expires IS NULL OR expires > ?)";
        self.read(|tables| {
            rows::first(tables, select, values![hash.as_slice(), at], |row| {
                Ok(Caller { account: row.next()?, user: row.next()?, token: row.next()?, scope: row.next()? })
            })
        })
    }

    /// Whether there is any token at all.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`].
    pub fn has_tokens(&self) -> Result<bool, RepositoryError> {
        self.read(|tables| rows::exists(tables, "SELECT 1 FROM server_token LIMIT 1", &[]))
    }

    fn hash(&self, token: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.shared.key, token.as_bytes()).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewAccount;
    use super::*;

    #[tokio::test]
    async fn a_token_names_its_account_until_it_expires_or_is_revoked_and_is_stored_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.flowrun");
        let repo = Repository::open(&path).unwrap();
        let account = repo.create_account(NewAccount::new("a")).await.unwrap().unwrap();
        assert_eq!(repo.create_account(NewAccount::new("a")).await.unwrap(), None);

        let token = repo.create_token(account.id, Scope::Run, None).await.unwrap();
        let caller = repo.caller(&token.secret).unwrap().unwrap();
        assert_eq!((caller.account, caller.scope, caller.token), (account.id, Scope::Run, token.id));
        assert!(repo.caller(&format!("{}x", token.secret)).unwrap().is_none());
        assert!(!format!("{token:?}").contains(&token.secret));

        let past = Some(Timestamp::from_micros(now().as_micros() - 1));
        let expired = repo.create_token(account.id, Scope::Write, past).await.unwrap();
        assert!(repo.caller(&expired.secret).unwrap().is_none());
        assert_eq!(repo.tokens(Some(account.id)).unwrap().len(), 2);

        // The next opening of the file knows it too.
        drop(repo);
        let repo = Repository::open(&path).unwrap();
        assert!(repo.caller(&token.secret).unwrap().is_some());
        assert!(repo.revoke_token(token.id).await.unwrap() && !repo.revoke_token(token.id).await.unwrap());
        assert!(repo.caller(&token.secret).unwrap().is_none());
        drop(repo);
        assert!(Repository::open(&path).unwrap().caller(&token.secret).unwrap().is_none());
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let secret = token.secret.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}
