//! Limits for all runs of an engine together: one attempt at a time for each site, and two calls of a busy service.
//!
//! What is over a limit waits, first come first served, and holds up nobody with other keys.
//!
//! `cargo run -p flowrun --example limits_per_key`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowrun::{Context, Engine, Flow, NodeSpec, Outcome, RunRequest, Site, Task, TaskExecutor, async_trait};

/// Counts the attempts that are at work together, for each site.
#[derive(Clone, Default)]
struct Ask(Arc<Mutex<BTreeMap<String, Count>>>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    now: u32,
    most: u32,
}

impl Ask {
    fn count(&self, key: &str, change: impl Fn(&mut Count)) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in [key, "all"] {
            change(counts.entry(key.to_owned()).or_default());
        }
    }

    fn most(&self, key: &str) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).map_or(0, |count| count.most)
    }
}

#[async_trait]
impl TaskExecutor for Ask {
    async fn execute(self: Arc<Self>, task: Task, _: Context) -> Outcome {
        let site = task.site().site_url();
        self.count(site, |count| {
            count.now += 1;
            count.most = count.most.max(count.now);
        });
        // Where a real one would wait for an answer.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        self.count(site, |count| count.now -= 1);
        Outcome::done()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ask = Ask::default();
    let engine = Engine::builder()
        .executor("ask", ask.clone())
        .max_concurrent_per(1, |request| Some(request.site.to_owned()))
        .max_concurrent_per(2, |request| (request.task_type == "ask").then(|| "the service".to_owned()))
        .build()?;
    let flow = Flow::builder().node(NodeSpec::new("1", "ask")).node(NodeSpec::new("2", "ask")).build()?;

    let sites = ["https://a.example", "https://b.example", "https://c.example"];
    let mut runs = Vec::new();
    for site in sites.iter().cycle().take(9) {
        runs.push(engine.start(RunRequest::new(flow.clone(), Site::new(*site))).await?);
    }
    for run in runs {
        run.wait().await?;
    }
    assert_eq!(sites.map(|site| ask.most(site)), [1, 1, 1]);
    assert!(ask.most("all") <= 2);
    Ok(())
}

#[test]
fn no_key_has_more_at_work_than_its_limit() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
