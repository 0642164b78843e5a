//! What a scan found out about a page, for people.

use serde_json::Value;

use super::{plain, plain_line};

/// Lines of a kind that are shown; the count above them is complete.
const SHOWN: usize = 5;

/// A block of lines about one page: its address, a line for each component, and below it what is wrong.
pub(crate) fn page(facts: &Value, status: &str) -> String {
    let url = facts["page"]["page_url"].as_str().unwrap_or_default();
    let engine = facts["browser"]["product"].as_str().or(facts["engine"].as_str()).unwrap_or_default();
    let mut out = format!("\n{}  {status}  ({})\n", plain(url), plain(engine));
    for (name, state) in facts["components"].as_object().into_iter().flatten() {
        let told = match (state.as_str(), name.as_str()) {
            (Some("completed"), "html") => html(facts),
            (Some("completed"), "logs") => logs(&facts["logs"]),
            (Some("completed"), "images") => images(&facts["images"]),
            (Some("completed"), "security") => security(&facts["security"], &facts["security_delta"]),
            (state, _) => Told { line: state.unwrap_or("unknown").to_owned(), more: Vec::new() },
        };
        out += &format!("  {:<9} {}\n", if name == "images" { "vrt" } else { name }, told.line);
        for more in told.more {
            out += &format!("                   {more}\n");
        }
    }
    out
}

/// A line and what belongs below it.
struct Told {
    line: String,
    more: Vec<String>,
}

impl Told {
    /// The first of these lines, and how many more there are.
    fn with(line: String, all: Vec<String>) -> Self {
        let left = all.len().saturating_sub(SHOWN);
        let mut more: Vec<String> = all.into_iter().take(SHOWN).collect();
        if left > 0 {
            more.push(format!("… and {left} more"));
        }
        Self { line, more }
    }
}

fn html(facts: &Value) -> Told {
    let mut audits = Audits::of(&facts["basic"]["audits"]);
    let broken = facts["links"]["broken"].as_array().into_iter().flatten();
    audits.failed.extend(broken.map(|link| {
        let text = |key: &str| plain(link[key].as_str().unwrap_or_default());
        format!("broken link {}: {}", text("url"), text("reason"))
    }));
    let links = facts["links"]["counts"]["broken"].as_u64().unwrap_or_default();
    let line =
        format!("{}  {}, {}", number(&facts["basic"]["score"]), audits.counts, counted(links, "broken link"));
    Told::with(line, audits.failed)
}

fn logs(lines: &Value) -> Told {
    let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |level: &str| lines.iter().filter(|line| line["level"] == level).count();
    let counts = format!(
        "{:>5}  {}, {}",
        lines.len(),
        counted(of("error") as u64, "error"),
        counted(of("warning") as u64, "warning")
    );
    let bad = lines.iter().filter(|line| line["level"] == "error" || line["level"] == "warning");
    let told = bad.map(|line| {
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        plain_line(&format!("{}: {}", text("level"), text("message").lines().next().unwrap_or_default()))
    });
    Told::with(counts, told.collect())
}

fn images(images: &Value) -> Told {
    let score = number(&images["score"]);
    let baseline = &images["baseline"];
    let line = match baseline["state"].as_str() {
        Some("compared") if images["regions_changed"] == 0 => format!("{score}  nothing changed"),
        Some("compared") => {
            let count = images["regions_changed"].as_u64().unwrap_or_default();
            format!("{score}  {} changed", counted(count, "region"))
        }
        Some(state) => {
            format!("{score}  baseline {state}: {}", plain(baseline["reason"].as_str().unwrap_or_default()))
        }
        None => "a picture".to_owned(),
    };
    let regions = images["regions"].as_array().into_iter().flatten().map(|region| {
        let side = |key: &str| region["area"][key].as_u64().unwrap_or_default();
        format!("{}×{} at {},{}", side("width"), side("height"), side("x"), side("y"))
    });
    let mut told = Told::with(line, regions.collect());
    for what in ["screenshot_file", "difference_file"] {
        if let Some(path) = images[what].as_str() {
            told.more.push(plain_line(path));
        }
    }
    told
}

fn security(security: &Value, delta: &Value) -> Told {
    let audits = security["audits"].as_object().into_iter().flatten();
    let audits = Audits::of_all(audits.flat_map(|(_, audits)| audits.as_array().into_iter().flatten()));
    let mut line = format!("{}  {}", number(&security["scores"]["average"]), audits.counts);
    if let Some(delta) = delta["scores"]["average_delta"].as_f64().filter(|delta| *delta != 0.0) {
        line += &format!(", {delta:+} since the scan before");
    }
    Told::with(line, audits.failed)
}

/// What of a list of audits is not as it should be.
struct Audits {
    /// The names of those that failed, each with what was found.
    failed: Vec<String>,
    counts: String,
}

impl Audits {
    fn of(audits: &Value) -> Self {
        Self::of_all(audits.as_array().into_iter().flatten())
    }

    fn of_all<'a>(audits: impl Iterator<Item = &'a Value>) -> Self {
        let (mut failed, mut warnings) = (Vec::new(), 0);
        for audit in audits {
            let text = |key: &str| audit[key].as_str().unwrap_or_default();
            match text("verdict") {
                "fail" => failed.push(plain_line(&format!("{}: {}", text("name"), text("detail")))),
                "warning" => warnings += 1,
                _ => {}
            }
        }
        let counts = format!("{} failed, {}", failed.len(), counted(warnings, "warning"));
        Self { failed, counts }
    }
}

/// So many of a thing, in words.
fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A score as it is, without needless digits.
fn number(score: &Value) -> String {
    score.as_f64().map_or_else(|| "–".to_owned(), |score| format!("{:>5}", (score * 100.0).round() / 100.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_a_block_of_lines_with_what_is_wrong_below_each_component() {
        let audit =
            |name: &str, verdict: &str| json!({"name": name, "verdict": verdict, "detail": "\u{1b}[2J why"});
        let facts = json!({
            "page": {"page_url": "http://a.example/\u{7}"},
            "engine": "chromium",
            "browser": {"product": "HeadlessChrome/1"},
            "components": {"html": "completed", "images": "completed", "logs": "completed", "lighthouse": "skipped",
                "security": "completed"},
            "basic": {"score": 32.5, "audits": [audit("title", "fail"), audit("lang", "warning"), audit("x", "pass")]},
            "links": {"broken": [{"url": "/gone", "reason": "it answers 404"}], "counts": {"broken": 1}},
            "logs": (0..7).map(|n| json!({"level": "error", "message": format!("line {n}\nat")})).collect::<Vec<_>>(),
            "images": {"score": 94.9, "regions_changed": 1, "baseline": {"state": "compared"},
                "regions": [{"area": {"x": 1, "y": 2, "width": 3, "height": 4}, "pixels": 9}],
                "difference_file": "out/d.png"},
            "security": {"scores": {"average": 61.76}, "audits": {"browser": [audit("csp", "fail")]}},
            "security_delta": {"scores": {"average_delta": -2.5}},
        });
        insta::assert_snapshot!(page(&facts, "passed"));
    }
}
