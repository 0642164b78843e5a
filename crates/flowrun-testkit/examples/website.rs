//! Serves the website of known defects until it is interrupted, and prints its address.
//!
//!     cargo run -p flowrun-testkit --features servers --example website

use flowrun_testkit::servers::Website;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> std::io::Result<()> {
    let site = Website::start().await?;
    println!("{}", site.url());
    std::future::pending().await
}
