//! What each option of a look at a page changes.

use std::time::Duration;

use flowrun_browser::{Device, PageVisit};
use flowrun_testkit::servers::RawReply;

use crate::setup::{answer, html, page, serve, session};

const RESTLESS: &str = "<style>
@keyframes turn { to { transform: rotate(360deg); } }
.turns { width: 99px; height: 50px; background: red; animation: turn 0.3s linear infinite; }
</style>
<div class=turns></div>
<svg width=90 height=90><rect width=20 height=20><animate attributeName=x values='0;60' dur=0.2s repeatCount=indefinite /></rect></svg>
<p id=clock>0</p><p id=random><b style='visibility: visible'>0</b></p><p id='od.d:id'>0</p>
<div id=host></div>
<script>
for (const id of ['clock', 'od.d:id'])
    setInterval(() => { document.getElementById(id).textContent = performance.now(); }, 7);
setInterval(() => { document.querySelector('#random b').textContent = Math.random(); }, 7);
host.attachShadow({mode: 'open'}).innerHTML = document.querySelector('style').outerHTML + '<div class=turns></div>';
</script>";

/// The bytes of the picture.
fn picture(visit: &PageVisit) -> &[u8] {
    &visit.screenshot.as_ref().unwrap().png
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn pictures_without_animations_and_with_masks_are_the_same_byte_for_byte() {
    let server = serve(|request| (request.path() == "/").then(|| html(RESTLESS))).await;
    let session = session(&server);
    let restless = page(&server, "/").window(500, 400).screenshot(true);
    let masked = restless.clone().mask_ids(["clock", "random", "od.d:id", "no\"such"]);
    let first = session.visit(&masked).await.unwrap();
    assert_eq!(first.screenshot.as_ref().unwrap().masks_missing, ["no\"such"]);
    for _ in 0..2 {
        let next = session.visit(&masked).await.unwrap();
        assert!(picture(&next) == picture(&first));
    }
    // The twins: what moves or is not masked is seen.
    let unmasked = session.visit(&restless).await.unwrap();
    assert!(picture(&unmasked) != picture(&first));
    let moving = masked.disable_animations(false);
    let (one, two) = (session.visit(&moving).await.unwrap(), session.visit(&moving).await.unwrap());
    assert!(picture(&one) != picture(&two));
    session.close().await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn the_picture_is_as_high_as_the_page_unless_that_is_not_wanted() {
    let server = serve(|request| match request.path() {
        "/" => Some(html("<div style='height: 2500px'></div>")),
        "/wide" => Some(html("<div style='height: 2500px; width: 1200px'></div>")),
        _ => None,
    })
    .await;
    let session = session(&server);
    let size = async |page| {
        let picture = session.visit(&page).await.unwrap().screenshot.unwrap();
        // Width and height stand in the file as well (PNG, section 11.2.2).
        let side = |at: usize| u32::from_be_bytes(picture.png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (picture.width, picture.height));
        (picture.width, picture.height)
    };
    let tall = page(&server, "/").window(600, 400).screenshot(true);
    let (width, height) = size(tall.clone()).await;
    assert_eq!(width, 600);
    assert!((2500..2550).contains(&height), "{height}");
    assert_eq!(size(tall.auto_height(false)).await, (600, 400));
    let phone = page(&server, "/wide").window(393, 851).screenshot(true).device("Pixel 5".parse().unwrap());
    assert_eq!(size(phone).await.0, 393, "not as wide as what sticks out");
    session.close().await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_sees_its_device_and_its_window() {
    let server = serve(|request| {
        (request.path() == "/").then(|| {
            html(
                "<meta name=viewport content='width=device-width'><script>
                document.title = [innerWidth, innerHeight, 'ontouchstart' in window, devicePixelRatio,
                    matchMedia('(prefers-reduced-motion)').matches].join(' ')</script>",
            )
        })
    })
    .await;
    let session = session(&server);
    let desktop = session.visit(&page(&server, "/").window(800, 600)).await.unwrap();
    assert_eq!(desktop.title, "800 600 false 1 true");
    let phone: Device = "Galaxy S21".parse().unwrap();
    let phone = page(&server, "/").window(360, 800).device(phone).disable_animations(false);
    assert_eq!(session.visit(&phone).await.unwrap().title, "360 800 true 1 false");
    let agents: Vec<String> = server
        .received()
        .iter()
        .filter(|request| request.path() == "/")
        .map(|request| {
            request.head.lines().find_map(|line| line.strip_prefix("User-Agent: ")).unwrap().to_owned()
        })
        .collect();
    assert!(agents[0].contains("Windows NT 10.0") && !agents[0].contains("Mobile"), "{agents:?}");
    assert!(agents[1].contains("Android 12; SM-G991B") && agents[1].contains("Mobile"), "{agents:?}");
    assert!(
        agents.iter().all(|agent| agent.contains("flowrun/") && !agent.contains("Headless")),
        "{agents:?}"
    );
    session.close().await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn a_page_is_waited_for_as_long_as_it_says() {
    let server = serve(|request| match request.path() {
        "/" => Some(html("<img src=/hangs.png>")),
        "/late" => Some(html("<script>setTimeout(() => { document.title = 'late' }, 300)</script>")),
        "/hangs.png" => Some(RawReply::bytes("").then_hang()),
        _ => None,
    })
    .await;
    let session = session(&server);
    let ms = Duration::from_millis;
    let late = page(&server, "/late");
    assert_eq!(session.visit(&late.clone().wait(ms(0), ms(5000))).await.unwrap().title, "Test");
    assert_eq!(session.visit(&late.wait(ms(900), ms(5000))).await.unwrap().title, "late");
    let hangs = |interval, max| page(&server, "/").interval(ms(interval)).wait(ms(0), ms(max));
    let often = session.visit(&hangs(50, 1000)).await.unwrap();
    let seldom = session.visit(&hangs(400, 1000)).await.unwrap();
    assert!(!often.ready && !seldom.ready);
    assert!(often.polls > seldom.polls, "{} and {}", often.polls, seldom.polls);
    assert!((2..=4).contains(&seldom.polls), "{}", seldom.polls);
    let soon = session.visit(&hangs(100, 200)).await.unwrap();
    assert!(soon.polls < often.polls, "{}", soon.polls);
    session.close().await;
}

#[tokio::test]
#[ignore = "needs Chromium: cargo xtask tools"]
async fn headers_and_cookies_are_for_the_page_and_no_other() {
    let other = serve(|_| Some(answer("200 OK", "content-type: text/css\r\n", b""))).await;
    let elsewhere = other.url();
    let server = serve(move |request| match request.path() {
        "/" => Some(html(&format!(
            "<link rel=stylesheet href={elsewhere}/direct.css><link rel=stylesheet href=/moved.css>
            <link rel=stylesheet href=/own.css>"
        ))),
        "/moved.css" => Some(answer("302 Found", &format!("location: {elsewhere}/moved.css\r\n"), b"")),
        "/own.css" => Some(answer("200 OK", "content-type: text/css\r\n", b"")),
        _ => None,
    })
    .await;
    let both = crate::setup::pool(&[server.addr(), other.addr()], crate::setup::settings());
    let session = both.session();
    let opened = page(&server, "/").header("Authorization", "Basic eDp5").cookie("session", "crumbs");
    session.visit(&opened).await.unwrap();
    let heads = |server: &flowrun_testkit::servers::RawServer| {
        let all = server.received().into_iter();
        all.map(|request| (request.path().to_owned(), request.head.to_lowercase())).collect::<Vec<_>>()
    };
    let own = heads(&server);
    for path in ["/", "/moved.css", "/own.css"] {
        let (_, head) = own.iter().find(|(asked, _)| asked == path).unwrap();
        assert!(
            head.contains("authorization: basic edp5") && head.contains("cookie: session=crumbs"),
            "{head}"
        );
    }
    let others = heads(&other);
    for path in ["/direct.css", "/moved.css"] {
        let (_, head) = others.iter().find(|(asked, _)| asked == path).unwrap();
        // A cookie is its host's, whatever the port.
        assert!(!head.contains("authorization"), "{head}");
    }
    // What one page was given the next one has not.
    session.visit(&page(&server, "/")).await.unwrap();
    let (_, last) = heads(&server).into_iter().rfind(|(path, _)| path == "/").unwrap();
    assert!(!last.contains("crumbs") && !last.contains("authorization"), "{last}");
    session.close().await;
}
