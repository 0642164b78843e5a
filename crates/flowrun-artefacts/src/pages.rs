//! What a page looked like, for the scan that comes next.

use serde::{Deserialize, Serialize};

/// Which page, looked at in which way: pictures of different windows cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageKey {
    /// Whose page it is: an account.
    pub owner: String,
    /// Its address.
    pub url: String,
    /// The size of the window, as the flow gives it.
    pub window: String,
    /// The device it was shown on.
    pub device: String,
}

/// A picture of a page, and what it was taken with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// The picture's hash.
    pub hash: String,
    /// The browser and its version.
    pub browser: String,
    /// A name for the set of fonts.
    pub fonts: String,
    /// The scan that took it.
    pub scan: String,
    /// When, in seconds since 1970.
    pub taken_at: u64,
}

/// What is remembered of a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PageMemory {
    /// Which page it is.
    pub page: PageKey,
    /// The picture that others are compared with.
    #[serde(default)]
    pub baseline: Option<Shot>,
    /// The picture of the last scan, when it differs: accepted, it becomes the baseline.
    #[serde(default)]
    pub latest: Option<Shot>,
    /// What the last scan measured, as its facts have it.
    #[serde(default)]
    pub scores: serde_json::Map<String, serde_json::Value>,
}

impl PageKey {
    /// The name of the file.
    pub(crate) fn file(&self) -> String {
        let parts = [&self.owner, &self.url, &self.window, &self.device];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl PageMemory {
    /// Nothing yet.
    #[must_use]
    pub fn new(page: PageKey) -> Self {
        Self { page, baseline: None, latest: None, scores: serde_json::Map::new() }
    }

    /// The hashes of its pictures.
    pub(crate) fn named(&self) -> impl Iterator<Item = &String> {
        self.baseline.iter().chain(&self.latest).map(|shot| &shot.hash)
    }
}
