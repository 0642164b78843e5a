//! Types that others make from the description of the API, checked by a compiler of others against real answers: each of
//! the guide, and refusals. The answers become literals of their types, so members that are not described are found too.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::guide::{self, Shown};
use crate::outside;

/// The answers as constants, each of the type that the description gives it.
fn literals(answers: &[Shown]) -> String {
    let mut text = "import type { paths } from \"./api\";\n".to_owned();
    for (index, Shown { method, path, answer }) in answers.iter().enumerate() {
        let (method, status) = (method.to_lowercase(), answer.status);
        // Descriptions have no parameters of media types.
        let media = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
        write!(
            text,
            "export const answer{index}: paths[\"{path}\"][\"{method}\"][\"responses\"][{status}][\"content\"][\"{media}\"] =\n  {};\n",
            answer.text
        )
        .unwrap();
    }
    text
}

async fn compiled(folder: &Path, answers: &str) -> Output {
    std::fs::write(folder.join("answers.ts"), answers).unwrap();
    let mut command = Command::new(outside::tool("npm/node_modules/.bin/tsc"));
    command.args(["--strict", "--noEmit", "--lib", "es2022", "answers.ts"]).current_dir(folder);
    outside::run(command).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs npm of the tool folder"]
async fn real_answers_have_the_types_that_are_made_from_the_description() {
    let folder = tempfile::tempdir().unwrap();
    let (served, client) = guide::server(folder.path()).await;
    let mut answers = guide::followed(&client).await;
    let problems = client.with("accept", "application/problem+json");
    let nobody = crate::client::Client::new(client.address, "nobody".to_owned());
    for (client, method, path, status) in [
        (&client, "GET", "/flow/00000000-0000-4000-8000-000000000000", 404),
        (&client, "POST", "/flow/copy", 400),
        (&problems, "POST", "/flowrun", 404),
        (&nobody, "GET", "/site", 401),
    ] {
        let answer = client.send(method, path, None).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        answers.push(Shown {
            method: method.to_owned(),
            path: guide::shape_of(&format!("/v1/ops{path}")),
            answer,
        });
    }
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, served.description().await.to_string()).unwrap();
    let mut command = Command::new(outside::tool("npm/node_modules/.bin/openapi-typescript"));
    command.arg(&document).arg("--output").arg(folder.path().join("api.ts"));
    outside::printed(command).await;

    let right = literals(&answers);
    assert!(answers.len() > 25, "every route and some refusals, not {}", answers.len());
    let output = compiled(folder.path(), &right).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // A text that is none, a status that there is not, and a member that nobody has described.
    for (from, to) in [
        ("\"user\":\"", "\"user\":5,\"x\":\""),
        ("\"status\":\"failed\"", "\"status\":\"fallen\""),
        ("\"num_failed\":", "\"num_fallen\":0,\"num_failed\":"),
    ] {
        let wrong = right.replacen(from, to, 1);
        assert_ne!(wrong, right, "{from}");
        assert!(!compiled(folder.path(), &wrong).await.status.success(), "{to}");
    }
    served.stop().await;
}
