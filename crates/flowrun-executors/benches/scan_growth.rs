//! What a scan costs when its document doubles: for every shape of document, however odd, at most 2.5 times the
//! processor time, up to 5 MB.
//!
//! `cargo bench -p flowrun-executors --features scan --bench scan_growth [-- SHAPE]`. Prints a line per shape; exit
//! code 1 when one is over. A whole scan is measured, from the server to the report, without asking for links.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use flowrun::{DetachedRun, NoSecrets, Page, Report, Site, Task, TaskExecutor};
use flowrun_executors::scan::{ScanExecutor, ScanSettings};
use flowrun_guard::{Endpoint, Guard};
use flowrun_testkit::servers::{ScriptedSite, SiteReply};
use rustix::time::{ClockId, clock_gettime};

/// How much more twice the document may cost.
const LIMIT: f64 = 2.5;
/// Bytes of the larger document: below the 5 MiB that a scan reads.
const LARGE: usize = 5_000_000;
/// Measurements of each document, of which the least counts: other work on the machine only adds.
const ROUNDS: usize = 3;

/// A document of about so many bytes.
type Shape = (&'static str, fn(usize) -> String);

const SHAPES: &[Shape] = &[
    ("siblings", |bytes| repeat("", |_| "<p>x</p>".into(), bytes)),
    ("unclosed paragraphs", |bytes| repeat("", |_| "<p>".into(), bytes)),
    ("deep div", |bytes| repeat("", |_| "<div>".into(), bytes)),
    ("deep list", |bytes| repeat("", |_| "<ul><li>x".into(), bytes)),
    ("deep div, closed paragraphs", |bytes| repeat("", |_| "<div></p>".into(), bytes)),
    ("deep then wide", |bytes| repeat(&"<div>".repeat(5000), |_| "<p>x</p>".into(), bytes)),
    ("links in a drawing", |bytes| repeat("<svg>", |n| format!("<a href='/{n}'>"), bytes)),
    ("closed links in a drawing", |bytes| repeat("<svg>", |n| format!("<a href='/{n}'>x</a>"), bytes)),
    ("links", |bytes| repeat("", |n| format!("<a href='/{n}'>x</a>"), bytes)),
    ("links that nothing ends", |bytes| repeat("", |n| format!("<a href='/{n}'>"), bytes)),
    ("links and blocks that cross", |bytes| repeat("", |_| "<a><p>".into(), bytes)),
    ("links to a long base", |bytes| {
        repeat(&format!("<base href='/{}/'>", "a".repeat(bytes / 2)), |n| format!("<a href={n}>x</a>"), bytes)
    }),
    ("links to places", |bytes| repeat("", |n| format!("<a href='#{n}' id={n}>x</a>"), bytes)),
    ("links with long texts", |bytes| repeat("<a href=x>", |n| format!("privacy {n} "), bytes)),
    ("ids", |bytes| repeat("", |n| format!("<p id={n}>"), bytes)),
    ("one id", |bytes| repeat("", |_| "<p id=a>".into(), bytes)),
    ("metas", |bytes| repeat("", |n| format!("<meta name=robots content=a{n}>"), bytes)),
    ("attributes of one tag", |bytes| format!("{}>", repeat("<p", |n| format!(" a{n}=b"), bytes))),
    ("attributes of each tag", |bytes| {
        let tag = format!("<p{}>", (0..400).fold(String::new(), |tag, n| tag + &format!(" a{n}")));
        repeat("", |_| tag.clone(), bytes)
    }),
    ("attributes of an end tag", |bytes| format!("{}>", repeat("<p></p", |n| format!(" a{n}"), bytes))),
    ("attributes of the body", |bytes| repeat("", |n| format!("<body a{n}>"), bytes)),
    ("names of attributes", |bytes| repeat("", |n| format!("<p a{n}>"), bytes)),
    ("names of tags", |bytes| repeat("", |n| format!("<x{n}>"), bytes)),
    ("names of closed tags", |bytes| repeat("", |n| format!("<x{n}></x{n}>"), bytes)),
    ("a long attribute", |bytes| format!("<p title='{}'>", "a b=c ".repeat(bytes / 6))),
    ("an unclosed attribute", |bytes| format!("<p title='{}", "<p a=b>".repeat(bytes / 7))),
    ("formatting", |bytes| repeat("", |_| "<b>".into(), bytes)),
    ("formatting that differs", |bytes| repeat("", |n| format!("<b id={n}>"), bytes)),
    ("formatting in paragraphs", |bytes| repeat("", |n| format!("<p><b id={n}>x"), bytes)),
    ("formatting in closed paragraphs", |bytes| repeat("", |n| format!("<p><i id={n}></p>"), bytes)),
    ("formatting, opened again", |bytes| {
        let many = (0..200).fold("<p>".to_owned(), |many, n| many + &format!("<b id={n}>"));
        repeat(&many, |_| "<p>x".into(), bytes)
    }),
    ("crossing tags", |bytes| repeat("", |_| "<b><p></b>".into(), bytes)),
    ("crossing tags, deep", |bytes| repeat("", |_| "<b><div><i></b>".into(), bytes)),
    ("text in tables", |bytes| repeat("<table>", |_| "x<tr>".into(), bytes)),
    ("tables in tables", |bytes| repeat("", |_| "<table><td>".into(), bytes)),
    ("tables, misplaced", |bytes| repeat("<table>", |_| "<a>x<table>".into(), bytes)),
    ("rows", |bytes| repeat("<table>", |_| "<tr><td>x".into(), bytes)),
    ("options", |bytes| repeat("<select>", |_| "<option>x".into(), bytes)),
    ("fields", |bytes| repeat("<form>", |n| format!("<label for={n}>x</label><input id={n}>"), bytes)),
    ("fields in labels", |bytes| repeat("", |_| "<label><input>".into(), bytes)),
    ("forms", |bytes| repeat("", |n| format!("<form id=f{n}><input form=f{n} type=password></form>"), bytes)),
    ("templates", |bytes| repeat("", |_| "<template><p>".into(), bytes)),
    ("shadow trees", |bytes| repeat("", |_| "<template shadowrootmode=open><p>".into(), bytes)),
    ("headings", |bytes| repeat("", |_| "<h1>x".into(), bytes)),
    ("buttons", |bytes| repeat("", |_| "<button>x".into(), bytes)),
    ("comments", |bytes| repeat("", |_| "<!--x-->".into(), bytes)),
    ("a comment", |bytes| format!("<!--{}-->", "<p> > - ".repeat(bytes / 8))),
    ("bogus comments", |bytes| repeat("", |_| "<!x></ >".into(), bytes)),
    ("a comment that nothing ends", |bytes| format!("<!--{}", "> <p a>".repeat(bytes / 7))),
    ("text", |bytes| "word ".repeat(bytes / 5)),
    ("text in another character set", |bytes| format!("<meta charset=koi8-r>{}", "word ".repeat(bytes / 5))),
    ("less-than signs", |bytes| "< <".repeat(bytes / 3)),
    ("character references", |bytes| "&amp;&nothing;".repeat(bytes / 14)),
    ("null characters", |bytes| "a\0".repeat(bytes / 2)),
    ("character data in a drawing", |bytes| repeat("<svg>", |_| "<![CDATA[x]]>".into(), bytes)),
    ("a script", |bytes| format!("<script>{}</script>", "if (a<b) '</scrip'; ".repeat(bytes / 20))),
    ("a script that nothing ends", |bytes| format!("<script>{}", "<!--<script>".repeat(bytes / 12))),
    ("scripts", |bytes| repeat("", |_| "<script>x</script>".into(), bytes)),
    ("scripts of others", |bytes| repeat("", |n| format!("<script src=//a{n}.example></script>"), bytes)),
    ("raw text", |bytes| format!("<textarea>{}", "</textare ".repeat(bytes / 10))),
    ("plain text", |bytes| format!("<plaintext>{}", "<p a>".repeat(bytes / 5))),
    ("a srcset", |bytes| format!("<img srcset='{}'>", "a 1x,".repeat(bytes / 5))),
    ("srcsets", |bytes| repeat("", |n| format!("<img srcset='{n} 1x, {n}b 2x'>"), bytes)),
    ("formulas", |bytes| repeat("<math>", |_| "<mi><mrow>".into(), bytes)),
    ("drawings in foreign objects", |bytes| repeat("", |_| "<svg><foreignObject>".into(), bytes)),
    ("frames", |bytes| repeat("<frameset>", |_| "<frame><frameset>".into(), bytes)),
    ("end tags", |bytes| repeat("", |_| "</p></br></div>".into(), bytes)),
    ("rubies", |bytes| repeat("", |_| "<ruby><rt>".into(), bytes)),
    ("objects", |bytes| repeat("", |_| "<object><b>".into(), bytes)),
];

/// `start`, and then as many pieces as fit.
fn repeat(start: &str, piece: impl Fn(usize) -> String, bytes: usize) -> String {
    let mut document = start.to_owned();
    for number in 0.. {
        if document.len() >= bytes {
            break;
        }
        write!(document, "{}", piece(number)).unwrap();
    }
    document
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Scans the page at `path`. Gives the processor time, and what the log says beside the usual.
async fn scan(site: &ScriptedSite, path: &str) -> (Duration, Vec<String>) {
    let endpoint = site.addr().to_string().parse::<Endpoint>().unwrap();
    let guard = Guard::builder().allow(endpoint).build().unwrap();
    let executor = Arc::new(ScanExecutor::new(guard, ScanSettings::new().links_per_page(0)));
    let url = site.page(path);
    let task = Site::new(&url).with_page(Page::new(&url));
    let task = Task::detached("1", "scan", r#"{"type":["html","security"]}"#, task).unwrap();
    let mut run = DetachedRun::new(&task, Arc::new(NoSecrets));
    let before = cpu_time();
    let outcome = executor.execute(task, run.context()).await;
    let spent = cpu_time() - before;
    drop(outcome);
    let odd = |report: Report| match report {
        Report::Log(line) if line.starts_with("the document at") || line.starts_with("could not") => {
            Some(line.split(": ").nth(1)?.split(" | ").next()?.to_owned())
        }
        _ => None,
    };
    (spent, run.reports().into_iter().filter_map(odd).collect())
}

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut is_over = false;
    for (name, document) in
        SHAPES.iter().filter(|(name, _)| wanted.as_ref().is_none_or(|one| name.contains(&**one)))
    {
        let (small, large, said) = runtime.block_on(async {
            let site = ScriptedSite::start().await.unwrap();
            site.answers("/small", [SiteReply::html(document(LARGE / 2))]);
            site.answers("/large", [SiteReply::html(document(LARGE))]);
            let (mut small, mut large, mut said) = (Duration::MAX, Duration::MAX, Vec::new());
            for _ in 0..ROUNDS {
                small = small.min(scan(&site, "/small").await.0);
                let (spent, lines) = scan(&site, "/large").await;
                (large, said) = (large.min(spent), lines);
            }
            (small, large, said)
        });
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        let failed = said.iter().any(|line| line.contains("in the time"));
        is_over |= ratio > LIMIT || failed;
        let word = if ratio > LIMIT || failed { "is over" } else { "holds" };
        println!(
            "{name}: {ratio:.2} {word}; {} ms for 5 MB{}",
            large.as_millis(),
            said.iter().fold(String::new(), |all, line| all + "; " + line)
        );
    }
    if is_over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
