//! The recorded exchanges of the original.

use std::collections::BTreeMap;

use crate::player::{Found, Player};
use crate::served::Served;
use crate::{case, rules};

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_exchange_matches_but_for_listed_differences() {
    let served = Served::recorded().await;
    let mut player = Player::new(served.address(), served.tokens().await);
    let (mut unlisted, mut played, mut skipped) = (Vec::new(), 0, Vec::new());
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for case in case::all() {
        if !player.can_play(&case) {
            skipped.push(case.name);
            continue;
        }
        played += 1;
        for Found { at, request, mismatch } in player.play(&case).await {
            match rules::rule_for(&rules::Difference {
                case: &case.name,
                request: &request,
                mismatch: &mismatch,
            }) {
                Some(rule) => *used.entry(rule).or_default() += 1,
                None => unlisted.push(format!(
                    "{} {at}, {request}: {}: want {:.200} got {:.200}",
                    case.name, mismatch.path, mismatch.want, mismatch.got
                )),
            }
        }
    }
    assert!(unlisted.is_empty(), "{} differences are not listed:\n{}", unlisted.len(), unlisted.join("\n"));
    assert_eq!(played, 99);
    assert_eq!(skipped, ["auth-bearer-jwt", "member-resources", "member-sites", "page-bulk-scan"]);
    // A rule that covers nothing is wrong, and so is one that the documents do not know.
    let documented =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/differences.md")).unwrap();
    for (name, ..) in rules::RULES {
        assert!(used.contains_key(name), "no case shows `{name}`");
        assert!(documented.contains(&format!("`{name}`")), "docs/differences.md does not list `{name}`");
    }
    served.stop().await;
}
