//! How long a look at a page takes: with a browser for each page, and with one browser for all of them.
//!
//! `cargo run --release -p flowrun-browser --example visits -- URL [COUNT]`. The host of the address may be private; nothing is
//! waited for, a picture of the whole page is taken. Root needs it without a sandbox, so give it pages of your own.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::time::{Duration, Instant};

use flowrun_browser::{BrowserPool, BrowserSettings, PageRequest};
use flowrun_guard::{Endpoint, Guard};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("give the address of a page")?;
    let count: u32 = arguments.next().map_or(Ok(10), |count| count.parse())?;
    let guard = Guard::builder().allow(Endpoint::of_url(&url)?).build()?;
    let pool = BrowserPool::new(&guard, BrowserSettings::new().allow_unsandboxed(true).browsers(1));
    let page = PageRequest::new(url).wait(Duration::ZERO, Duration::from_secs(30)).screenshot(true);
    let page = page.interval(Duration::from_millis(10));

    let begun = Instant::now();
    for _ in 0..count {
        let session = pool.session();
        session.visit(&page).await?;
        session.close().await;
    }
    println!("a browser for each page: {} ms a page", (begun.elapsed() / count).as_millis());

    let session = pool.session();
    session.visit(&page).await?;
    let begun = Instant::now();
    for _ in 0..count {
        session.visit(&page).await?;
    }
    println!("one browser for all: {} ms a page", (begun.elapsed() / count).as_millis());
    session.close().await;
    Ok(())
}
