//! Links between documents lead somewhere.

use crate::{documents, read, root};

#[test]
fn links_to_files_lead_to_files() {
    let mut checked = 0;
    for document in documents() {
        let folder = root().join(&document).parent().unwrap().to_path_buf();
        for target in targets(&read(&document)) {
            let path = target.split('#').next().unwrap();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            assert!(folder.join(path).exists(), "{document} links to `{target}`");
            checked += 1;
        }
    }
    assert!(checked > 0, "no document links to another: the links are no longer found");
}

/// The targets of Markdown's inline links.
fn targets(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}
