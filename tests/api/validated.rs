//! The description of the API, read by a validator that others wrote.

use std::process::Command;

use flowrun_server::ServerOptions;
use serde_json::Value;

use crate::outside;
use crate::served::Served;

/// What the validator says; `None` when nothing is wrong.
async fn complaint(document: &Value) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let mut command = Command::new(outside::tool("python/api/bin/openapi-spec-validator"));
    command.args(["--schema", "3.1"]).arg(file);
    let output = outside::run(command).await;
    let said = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs python/api of the tool folder"]
async fn the_description_is_an_openapi_document_and_one_with_a_fault_is_found_out() {
    let served = Served::new(ServerOptions::new()).await;
    let mut document = served.description().await;
    assert_eq!(complaint(&document).await, None);
    document["paths"]["/v1/ops/flow/{id}"]["get"]["responses"]["200"]
        .as_object_mut()
        .unwrap()
        .remove("description");
    assert!(complaint(&document).await.unwrap().contains("is a required property"));
    served.stop().await;
}
