//! Browsers that are shared: as many at once as the machine holds, each for one page at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowrun_guard::{Guard, Permits};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::browser::Browser;
use crate::profile::Profiles;
use crate::{BrowserError, BrowserSettings, PageRequest, PageVisit};

/// Connections of all browsers, and those to one host. Browsers have limits of their own (6 to a host, 32 in all);
/// these only keep one that breaks them from taking all descriptors.
const CONNECTIONS: (usize, usize) = (256, 64);

/// Where browsers come from. Cheap to clone; clones share the limits.
#[derive(Clone, Debug)]
pub struct BrowserPool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    guard: Guard,
    settings: BrowserSettings,
    places: Semaphore,
    profiles: Mutex<Option<Profiles>>,
    /// Browsers without a page, each with the session it is kept for; the one that rests longest is first.
    resting: Mutex<Vec<(u64, Browser)>>,
    sessions: AtomicU64,
}

impl BrowserPool {
    /// A pool whose browsers reach what `guard` lets them. Nothing is started yet.
    #[must_use]
    pub fn new(guard: &Guard, settings: BrowserSettings) -> Self {
        let (all, per_host) = CONNECTIONS;
        Self(Arc::new(Shared {
            // With connections of their own: tunnels stay open, and other requests to the same host must not wait
            // for them.
            guard: guard.with_permits(Permits::new(all, per_host)),
            places: Semaphore::new(settings.browsers.clamp(1, Semaphore::MAX_PERMITS)),
            settings,
            profiles: Mutex::default(),
            resting: Mutex::default(),
            sessions: AtomicU64::new(0),
        }))
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &BrowserSettings {
        &self.0.settings
    }

    /// Begins to look at pages that may share a browser: those of one account.
    #[must_use]
    pub fn session(&self) -> BrowserSession {
        let id = self.0.sessions.fetch_add(1, Ordering::Relaxed);
        BrowserSession { pool: self.clone(), id }
    }

    async fn start(&self) -> Result<Browser, BrowserError> {
        let settings = &self.0.settings;
        let installed = settings.usable()?;
        if settings.allow_unsandboxed {
            warn!("browser without its sandbox");
        }
        let profile = self.profiles()?.create();
        let in_profiles = |source| BrowserError::Profile { path: settings.profiles.clone(), source };
        let profile = profile.map_err(in_profiles)?;
        let browser = Browser::start(&installed, profile, !settings.allow_unsandboxed).await?;
        debug!(product = browser.product, "browser started");
        Ok(browser)
    }

    fn profiles(&self) -> Result<Profiles, BrowserError> {
        let mut profiles = self.0.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*profiles {
            return Ok(open.clone());
        }
        let path = &self.0.settings.profiles;
        let open =
            Profiles::open(path).map_err(|source| BrowserError::Profile { path: path.clone(), source })?;
        Ok(profiles.insert(open).clone())
    }

    fn resting(&self) -> MutexGuard<'_, Vec<(u64, Browser)>> {
        self.0.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out resting browsers that belong to `session`.
    fn take_all(&self, session: u64) -> Vec<Browser> {
        self.resting().extract_if(.., |(owner, _)| *owner == session).map(|(_, browser)| browser).collect()
    }
}

/// Pages that may share a browser, one after the other: each gets a window without anything of those before it.
///
/// Several may be looked at at once; each then has a browser of its own. Dropping the session kills its browsers.
#[derive(Debug)]
pub struct BrowserSession {
    pool: BrowserPool,
    id: u64,
}

impl BrowserSession {
    /// Looks at a page, once a browser is free. One that dies is replaced once.
    ///
    /// # Errors
    ///
    /// [`BrowserError`]: why the page could not be looked at.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the browser. Requests the page made were made.
    pub async fn visit(&self, request: &PageRequest) -> Result<PageVisit, BrowserError> {
        let pool = &self.pool.0;
        // The semaphore is never closed, so there is a place in it.
        let _place = pool.places.acquire().await;
        let mut again = true;
        loop {
            let mut browser = self.browser().await?;
            let visited = browser.visit(request, &pool.guard, &pool.settings).await;
            match visited {
                Ok(visit) => {
                    self.pool.resting().push((self.id, browser));
                    return Ok(visit);
                }
                Err(error) if error.is_of_the_browser() && again => {
                    warn!(error = %error, "browser is replaced");
                    again = false;
                    browser.close().await;
                }
                Err(error) => {
                    browser.close().await;
                    return Err(error);
                }
            }
        }
    }

    /// A browser that rests, or a new one. Those of others make way when there would be too many.
    async fn browser(&self) -> Result<Browser, BrowserError> {
        let surplus = {
            let mut resting = self.pool.resting();
            if let Some(own) = resting.iter().position(|(owner, _)| *owner == self.id) {
                return Ok(resting.remove(own).1);
            }
            // The place of this page is taken; those that are free may be held by browsers that rest.
            let free = self.pool.0.places.available_permits();
            let surplus = resting.len().saturating_sub(free);
            resting.drain(..surplus).map(|(_, browser)| browser).collect::<Vec<_>>()
        };
        for browser in surplus {
            browser.close().await;
        }
        self.pool.start().await
    }

    /// Ends the browsers of the session and waits until they are gone with everything they wrote.
    pub async fn close(self) {
        for browser in self.pool.take_all(self.id) {
            browser.close().await;
        }
    }
}

impl Drop for BrowserSession {
    fn drop(&mut self) {
        drop(self.pool.take_all(self.id));
    }
}
