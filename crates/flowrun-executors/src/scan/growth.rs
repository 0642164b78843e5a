//! That all audits together look at twice the elements when there are twice as many, whatever the shape. What the
//! processor does meanwhile is measured by the benchmark `scan_growth`.

use super::page::Page;
use super::security::Security;
use super::{basic, references};

/// Elements of the smaller document.
const SMALL: usize = 2000;

const SHAPES: &[(&str, &str)] = &[
    ("", "<p>x</p>"),
    ("", "<div>"),
    ("<svg>", "<a href=/x>"),
    ("<svg>", "<a href=/privacy>terms"),
    ("", "<a href=#a id=a></a>"),
    ("", "<label><input type=password>"),
    ("<form>", "<input id=a form=b><label for=a>"),
    ("", "<form id=b></form><input form=b autocomplete=cc-name>"),
    ("", "<meta name=robots content=x><meta http-equiv=refresh>"),
    ("", "<img srcset='/a 1x, /b 2x'>"),
    ("", "<script>x</script><script src=//b.example></script>"),
    ("", "<template><p>"),
    ("<table>", "<tr><td><b>x"),
    ("", "<h1><button>"),
];

/// Elements that all audits and the search for links look at.
fn looked_at(page: &Page) -> u64 {
    let before = page.document().looked_at();
    basic::audits(page);
    Security::audit(page);
    references::references(page);
    page.document().looked_at() - before
}

/// How much more is looked at when the document doubles.
fn growth((start, piece): (&str, &str), looked_at: fn(&Page) -> u64) -> f64 {
    let page = |count| Page::of_text(&(start.to_owned() + &piece.repeat(count)));
    let count = |count| u32::try_from(looked_at(&page(count))).expect("the documents are small");
    f64::from(count(2 * SMALL)) / f64::from(count(SMALL))
}

#[test]
fn twice_the_document_is_twice_the_work() {
    for &shape in SHAPES {
        let growth = growth(shape, looked_at);
        assert!(growth < 2.1, "{shape:?}: {growth}");
    }
}

#[test]
fn an_audit_that_looks_at_everything_for_every_link_is_found_out() {
    let naive = |page: &Page| {
        let before = page.document().looked_at();
        for _ in page.elements("a") {
            assert!(page.all_elements().count() > 0);
        }
        page.document().looked_at() - before
    };
    assert!(growth(SHAPES[2], naive) > 3.5);
}
