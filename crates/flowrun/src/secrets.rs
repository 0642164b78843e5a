//! The secrets of an engine: those that flows name, and those its executors were set up with.
//!
//! Values are read when a run is driven, and that run has no others: whatever is filled in is known to what takes it
//! out again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowrun_core::SecretSource;

use crate::contain;
use crate::redact::Redactor;

/// Where secrets come from.
pub(crate) struct Secrets {
    source: Arc<dyn SecretSource>,
    /// What the operator set up, by name; flows cannot name it.
    settings: Vec<(String, String)>,
    /// What was read last, and what takes it out: making that costs more than reading.
    last: Mutex<Known>,
}

/// The secrets as they were read at one time.
#[derive(Clone, Default)]
pub(crate) struct Known {
    values: Arc<BTreeMap<String, String>>,
    redactor: Redactor,
}

impl Secrets {
    pub(crate) fn new(source: Arc<dyn SecretSource>, settings: Vec<(String, String)>) -> Self {
        let redactor = Redactor::of(settings.iter().map(|(name, value)| (name, value)));
        Self { source, settings, last: Mutex::new(Known { values: Arc::default(), redactor }) }
    }

    /// The name of a secret that is too short to be taken out of a text.
    ///
    /// # Errors
    ///
    /// What the source panicked with.
    pub(crate) fn short(&self) -> Result<Option<String>, String> {
        let values = self.read()?;
        let all = values.iter().chain(self.settings.iter().map(|(name, value)| (name, value)));
        Ok(all.filter(|(_, value)| !Redactor::can_find(value)).map(|(name, _)| name.clone()).next())
    }

    /// The secrets as they are now. One that is too short counts as not given.
    ///
    /// # Errors
    ///
    /// What the source panicked with. Without values nothing could be taken out of what is recorded.
    pub(crate) fn now(&self) -> Result<Known, String> {
        let mut values = self.read()?;
        values.retain(|_, value| Redactor::can_find(value));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last.values != values {
            let settings = self.settings.iter().map(|(name, value)| (name, value));
            let redactor = Redactor::of(values.iter().chain(settings));
            *last = Known { values: Arc::new(values), redactor };
        }
        Ok(last.clone())
    }

    fn read(&self) -> Result<BTreeMap<String, String>, String> {
        read(&*self.source)
    }
}

/// All secrets of a source.
///
/// # Errors
///
/// What the source panicked with.
fn read(source: &dyn SecretSource) -> Result<BTreeMap<String, String>, String> {
    let read = || {
        let names = source.names().into_iter();
        names.filter_map(|name| source.secret(&name).map(|value| (name, value))).collect()
    };
    contain::call(read).map_err(|panicked| panicked.to_string())
}

/// The names of the secrets that can be used.
///
/// # Errors
///
/// What the source panicked with.
pub(crate) fn names_of(source: &dyn SecretSource) -> Result<Vec<String>, String> {
    let values = read(source)?.into_iter();
    Ok(values.filter(|(_, value)| Redactor::can_find(value)).map(|(name, _)| name).collect())
}

impl Known {
    /// The secrets of a run without an engine.
    pub(crate) fn of(source: &dyn SecretSource) -> Self {
        let names = source.names().into_iter();
        let values: BTreeMap<_, _> =
            names.filter_map(|name| Some((name.clone(), source.secret(&name)?))).collect();
        Self { redactor: Redactor::of(&values), values: Arc::new(values) }
    }

    pub(crate) fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }

    pub(crate) fn source(&self) -> &dyn SecretSource {
        &*self.values
    }
}
