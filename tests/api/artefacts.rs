//! What scans bring home, over HTTP: for the account of the run alone, and never to be opened.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use flowrun::TaskTypes;
use flowrun_artefacts::{Artefacts, Kind};
use flowrun_server::{Limits, Server, ServerOptions};

use crate::client::Client;
use crate::live::chain;
use crate::served::{Served, Tasks};

const HTML: &str = "<script>alert(document.domain)</script>";

/// A server that keeps artefacts, with the place where its executor would find them.
async fn keeping(folder: &Path) -> (Served, Artefacts) {
    let slot = Arc::<OnceLock<Artefacts>>::default();
    let store = folder.join("runs.flowrun");
    let mut builder = Server::builder(store).options(ServerOptions::new()).artefacts(Arc::clone(&slot));
    for task_type in TaskTypes::documented().names() {
        builder = builder.executor(task_type, Tasks::End);
    }
    let served = Served::of(builder.open().await.unwrap()).await;
    (served, slot.get().unwrap().clone())
}

/// A run that is over, and a document it names.
async fn with_document(client: &Client, artefacts: &Artefacts) -> (String, String) {
    let run = client.make("/flowrun", chain(client, 1).await).await;
    let kept = artefacts.put(&run, Kind::Html, HTML.as_bytes()).unwrap();
    (run, kept.hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artefact_is_for_the_account_of_its_run_and_everybody_else_hears_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (served, artefacts) = keeping(folder.path()).await;
    let one = served.account("one", Limits::default()).await;
    let other = served.account("other", Limits::default()).await;
    let (run, hash) = with_document(&one, &artefacts).await;
    let picture = artefacts.put(&run, Kind::Png, b"a picture").unwrap().hash;
    let (foreign, _) = with_document(&other, &artefacts).await;

    let path = format!("/flowrun/{run}/artefacts/{hash}");
    let found = one.send("GET", &path, None).await;
    assert_eq!((found.status, found.text.as_str()), (200, HTML));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("content-disposition", "attachment"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(found.headers[name], value, "{name}");
    }
    // As a browser asks for a picture.
    let image = one
        .with("accept", "image/png")
        .send("GET", &format!("/flowrun/{run}/artefacts/{picture}"), None)
        .await;
    assert_eq!((image.status, &image.headers["content-type"]), (200, &"image/png".parse().unwrap()));
    assert_eq!(image.headers["content-disposition"], "inline");

    let nobody = uuid_of_nobody();
    let mut refusals = Vec::new();
    for (client, path) in [
        (&other, path.clone()),
        (&one, format!("/flowrun/{nobody}/artefacts/{hash}")),
        (&one, format!("/flowrun/{run}/artefacts/{}", "0".repeat(64))),
        (&one, format!("/flowrun/{run}/artefacts/..")),
        // One's own run does not open what another one's names, nor the other way round.
        (&other, format!("/flowrun/{foreign}/artefacts/{picture}")),
    ] {
        let refused = client.send("GET", &path, None).await;
        refusals.push((refused.status, refused.text));
    }
    assert_eq!(refusals[0].0, 404);
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:#?}");
    assert_eq!(artefacts.owner(&run), artefacts.owner(&run));
    assert_ne!(artefacts.owner(&run), artefacts.owner(&foreign));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artefact_goes_with_its_run_and_with_runs_that_are_gone_when_a_server_opens() {
    let folder = tempfile::tempdir().unwrap();
    let (served, artefacts) = keeping(folder.path()).await;
    let client = served.account("one", Limits::default()).await;
    let (run, hash) = with_document(&client, &artefacts).await;
    let path = format!("/flowrun/{run}/artefacts/{hash}");
    assert_eq!(client.send("GET", &path, None).await.status, 200);
    assert_eq!(client.send("DELETE", &format!("/flowrun/{run}"), None).await.status, 200);
    assert_eq!(client.send("GET", &path, None).await.status, 404);
    // Stopping waits for what was to be deleted.
    artefacts.put("00000000-0000-0000-0000-000000000000", Kind::Png, b"of a run that is gone").unwrap();
    drop(artefacts);
    served.stop().await;
    let objects = || std::fs::read_dir(folder.path().join("runs.flowrun-artefacts/objects")).unwrap().count();
    assert_eq!(objects(), 1);
    let (served, _) = keeping(folder.path()).await;
    assert_eq!(objects(), 0);
    served.stop().await;
}

fn uuid_of_nobody() -> &'static str {
    "11111111-1111-4111-8111-111111111111"
}
