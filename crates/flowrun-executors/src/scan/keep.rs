//! What is kept of a scan, and what the scan of the page before says about it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flowrun_artefacts::{Artefact, ArtefactError, Artefacts, Kind, PageKey, PageMemory};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// Where scans keep what they bring home.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    artefacts: Arc<OnceLock<Artefacts>>,
    /// One page at a time: what is known of it is read and written, and two pictures that are compared take memory.
    turn: Arc<Mutex<()>>,
}

/// What a scan found, to be kept.
#[derive(Debug)]
#[cfg_attr(not(feature = "browser"), expect(dead_code, reason = "nobody takes pictures"))]
pub(crate) struct Found {
    pub(crate) run: String,
    pub(crate) scan: String,
    pub(crate) url: String,
    pub(crate) window: (u32, u32),
    pub(crate) device: String,
    /// The document, as the browser had it.
    pub(crate) html: Option<String>,
    /// A PNG file, and the browser it was taken with.
    pub(crate) picture: Option<(Vec<u8>, String)>,
    /// What was measured, by component; scores of different engines are not compared.
    pub(crate) scores: Map<String, Value>,
    pub(crate) engine: &'static str,
}

/// What there is to say about a scan once it is kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The references, as facts show them.
    pub(crate) artefacts: Vec<Value>,
    /// The picture and how it compares, if there is one.
    pub(crate) images: Option<Value>,
    /// The changes of scores since the scan before, by component.
    pub(crate) deltas: Map<String, Value>,
    /// A line of the log about the picture.
    pub(crate) remark: Option<String>,
}

/// What a scan brought could not be kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum KeepError {
    /// There is no place for it.
    #[error(transparent)]
    Artefacts(#[from] ArtefactError),
    /// The picture of the browser is none.
    #[cfg(feature = "browser")]
    #[error("could not compare the picture")]
    Picture(#[from] flowrun_vrt::PictureError),
}

impl Keeper {
    pub(crate) fn new(artefacts: Arc<OnceLock<Artefacts>>) -> Self {
        Self { artefacts, turn: Arc::default() }
    }

    /// Keeps what was found and compares it with the scan of the page before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not stop the work; what it writes is whole all the same.
    pub(crate) async fn keep(&self, found: Found) -> Result<Kept, KeepError> {
        let Some(artefacts) = self.artefacts.get().cloned() else { return Ok(Kept::default()) };
        let turn = Arc::clone(&self.turn);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            keep(&artefacts, found)
        });
        // The only error is a panic: it is ours, and whoever contains those of executors tells of it.
        work.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

fn keep(artefacts: &Artefacts, found: Found) -> Result<Kept, KeepError> {
    let mut kept = Kept::default();
    if let Some(html) = &found.html {
        kept.refer("html", &artefacts.put(&found.run, Kind::Html, html.as_bytes())?);
    }
    let (width, height) = found.window;
    let key = PageKey {
        owner: artefacts.owner(&found.run),
        url: found.url.clone(),
        window: format!("{width},{height}"),
        device: found.device.clone(),
    };
    let mut memory = artefacts.page(&key)?.unwrap_or_else(|| PageMemory::new(key));
    #[cfg(feature = "browser")]
    if let Some((png, browser)) = &found.picture {
        compare(artefacts, &found, png, browser, &mut memory, &mut kept)?;
    }
    let comparable = memory.scores.get("engine").is_some_and(|engine| engine == found.engine);
    for (component, scores) in found.scores.iter().filter(|_| comparable) {
        if let Some(delta) = memory.scores.get(component).and_then(|before| delta(before, scores)) {
            kept.deltas.insert(format!("{component}_delta"), delta);
        }
    }
    memory.scores = found.scores;
    memory.scores.insert("engine".to_owned(), found.engine.into());
    artefacts.remember(&memory)?;
    Ok(kept)
}

#[cfg(feature = "browser")]
fn compare(
    artefacts: &Artefacts,
    found: &Found,
    png: &[u8],
    browser: &str,
    memory: &mut PageMemory,
    kept: &mut Kept,
) -> Result<(), KeepError> {
    use std::time::SystemTime;

    use flowrun_vrt::{METHOD, Options, Picture};

    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let picture = artefacts.put(&found.run, Kind::Png, png)?;
    kept.refer("screenshot", &picture);
    let shot = flowrun_artefacts::Shot {
        hash: picture.hash,
        browser: browser.to_owned(),
        fonts: super::fonts::name().to_owned(),
        scan: found.scan.clone(),
        taken_at: now.as_secs(),
    };
    // What another browser or other fonts drew differs everywhere, and says nothing about the page.
    let other = memory.baseline.as_ref().and_then(|baseline| {
        let browser = (baseline.browser != shot.browser)
            .then(|| format!("{} took the last one and {} this one", baseline.browser, shot.browser));
        browser.or_else(|| {
            (baseline.fonts != shot.fonts).then(|| "the fonts of this machine have changed".to_owned())
        })
    });
    let before = memory.baseline.clone().filter(|_| other.is_none());
    let Some(before) = before else {
        let state = if other.is_some() { "renewed" } else { "made" };
        let reason = other.unwrap_or_else(|| "there was no picture to compare with".to_owned());
        kept.images = Some(json!({
            "score": 100.0,
            "method": METHOD,
            "baseline": {"state": state, "reason": reason, "shot": shot},
            "screenshot": shot.hash,
            "difference": null,
            "regions": [],
        }));
        kept.remark = Some(format!("images score 100: {reason}, so this one is the baseline from now on"));
        memory.baseline = Some(shot);
        memory.latest = None;
        return Ok(());
    };
    let after = Picture::from_png(png)?;
    let before_it = Picture::from_png(&artefacts.content(&before.hash)?)?;
    let comparison = flowrun_vrt::compare(&before_it, &after, &Options::new());
    let mut images = serde_json::to_value(&comparison).unwrap_or_default();
    images["regions_changed"] = comparison.regions().len().into();
    if let Some(regions) = images["regions"].as_array_mut() {
        regions.truncate(LISTED);
    }
    images["baseline"] = json!({"state": "compared", "shot": before});
    images["screenshot"] = shot.hash.clone().into();
    images["difference"] = Value::Null;
    let score = comparison.score();
    if let Some(largest) = comparison.largest_region() {
        let difference = comparison.difference(&after).to_png();
        let difference = artefacts.put(&found.run, Kind::Png, &difference)?;
        images["difference"] = difference.hash.clone().into();
        kept.refer("difference", &difference);
        let count = comparison.regions().len();
        let changed =
            if count == 1 { "1 region changed".to_owned() } else { format!("{count} regions changed") };
        kept.remark = Some(format!(
            "images score {score}: {changed}, the largest {}; `flowrun baseline accept` takes the page as it is now",
            largest.area
        ));
        memory.latest = Some(shot);
    } else {
        kept.remark = Some(format!("images score {score}: nothing changed"));
        memory.latest = None;
    }
    kept.images = Some(images);
    Ok(())
}

/// Regions that facts list; the count beside them is complete.
#[cfg(feature = "browser")]
const LISTED: usize = 20;

impl Kept {
    fn refer(&mut self, what: &str, artefact: &Artefact) {
        let Artefact { hash, kind, bytes } = artefact;
        self.artefacts.push(json!({"what": what, "hash": hash, "kind": kind, "bytes": bytes}));
    }

    /// The score of the picture.
    pub(crate) fn score(&self) -> Option<f64> {
        self.images.as_ref()?["score"].as_f64()
    }
}

/// How scores changed, in the words of the data keys: `{"scores": {"seo_delta": 1.0, "current_average": 90.0}}`.
fn delta(before: &Value, now: &Value) -> Option<Value> {
    let mut deltas = Map::new();
    for (name, score) in now.as_object()? {
        if let (Some(now), Some(before)) = (score.as_f64(), before[name.as_str()].as_f64()) {
            deltas.insert(format!("{name}_delta"), json!(((now - before) * 100.0).round() / 100.0));
        }
    }
    deltas.insert("current_average".to_owned(), now["average"].clone());
    Some(json!({"scores": deltas}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_is_what_is_new_less_what_was_and_leaves_out_what_was_not_measured() {
        let before = json!({"transport": 70.0, "forms": null, "average": 60.111});
        let now = json!({"transport": 75.5, "forms": 10.0, "scripts": 1.0, "average": 60.0});
        let expected =
            json!({"scores": {"transport_delta": 5.5, "average_delta": -0.11, "current_average": 60.0}});
        assert_eq!(delta(&before, &now), Some(expected));
        assert_eq!(delta(&before, &Value::Null), None);
    }
}
