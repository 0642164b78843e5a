//! The security audits: 34 of them in five categories, from headers, cookies, forms and certificate.
//!
//! What one plain fetch cannot see (console messages, requests that scripts make) is not applicable, never
//! passed. An audit that forbids something passes when there is nothing of it; an audit that asks something of
//! forms, cookies or scripts is not applicable on a page that has none.

mod browser;
mod compliance;
mod cookies;
mod forms;
mod policy;
mod scripts;
mod transport;
mod wording;

use serde_json::{Value, json};

use super::audit::{self, Audit};
use super::page::Page;

/// All security audits of one page.
#[derive(Clone, Debug)]
pub(crate) struct Security {
    categories: [Category; 5],
}

#[derive(Clone, Debug)]
struct Category {
    name: &'static str,
    /// Its share in the average.
    weight: f64,
    audits: Vec<Audit>,
}

impl Security {
    pub(crate) fn audit(page: &Page) -> Self {
        let category = |name, weight, audits| Category { name, weight, audits };
        Self {
            categories: [
                category("transport", 30.0, transport::audits(page)),
                category("browser", 25.0, browser::audits(page)),
                category("scripts", 20.0, scripts::audits(page)),
                category("forms", 15.0, forms::audits(page)),
                category("compliance", 10.0, compliance::audits(page)),
            ],
        }
    }

    /// The weighted mean of the categories that were measured.
    pub(crate) fn average(&self) -> Option<f64> {
        let scores = self.categories.iter().filter_map(|category| Some((category.weight, category.score()?)));
        audit::weighted_mean(scores)
    }

    /// As facts show it: `{"scores": {…}, "audits": {category: […]}}`.
    pub(crate) fn to_json(&self) -> Value {
        let mut scores = serde_json::Map::new();
        let mut audits = serde_json::Map::new();
        for category in &self.categories {
            scores.insert(category.name.to_owned(), json!(category.score()));
            audits.insert(category.name.to_owned(), audit::to_json(&category.audits));
        }
        scores.insert("average".to_owned(), json!(self.average()));
        json!({"scores": scores, "audits": audits})
    }
}

impl Category {
    fn score(&self) -> Option<f64> {
        audit::score(&self.audits)
    }
}
