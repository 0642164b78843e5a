//! What stands in for a browser in a build without one.

use std::convert::Infallible;
use std::time::Duration;

use flowrun::NodeProblem;
use serde_json::Value;

use super::configs::{Configs, Granted};

/// There are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browsers(());

/// There is none.
#[derive(Debug)]
pub(crate) struct Session(Infallible);

/// Nobody saw anything.
#[derive(Debug)]
pub(crate) struct Visit(Infallible);

/// Nothing fails that is never done.
#[derive(Debug)]
pub(crate) struct Error(Infallible);

impl Error {
    pub(crate) const fn is_transient(&self) -> bool {
        match self.0 {}
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {}
    }
}

impl Browsers {
    pub(crate) const fn session(&self) -> Result<Session, Option<String>> {
        Err(None)
    }

    pub(crate) const fn check(_: &Configs) -> Option<NodeProblem> {
        None
    }
}

impl Session {
    pub(crate) async fn visit(
        &self,
        _: &str,
        _: &Configs,
        _: &Granted,
        _: bool,
        _: usize,
    ) -> Result<Visit, Error> {
        match self.0 {}
    }

    pub(crate) async fn close(self) {
        match self.0 {}
    }
}

impl Visit {
    pub(crate) const fn html(&self) -> &str {
        match self.0 {}
    }

    pub(crate) const fn picture(&self) -> Option<(&[u8], &str)> {
        match self.0 {}
    }

    pub(crate) const fn final_url(&self) -> &str {
        match self.0 {}
    }

    pub(crate) fn logs(&self, _: &dyn Fn(&str) -> String) -> Value {
        match self.0 {}
    }

    pub(crate) const fn images(&self) -> Value {
        match self.0 {}
    }

    pub(crate) fn about(&self, _: &dyn Fn(&str) -> String) -> Value {
        match self.0 {}
    }

    pub(crate) const fn remarks(&self, _: Duration) -> Vec<String> {
        match self.0 {}
    }
}
