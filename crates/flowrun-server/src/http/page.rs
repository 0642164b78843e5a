//! Pages of a list: which part is asked for, and the links to its neighbours.

use super::query::Query;

/// Objects on a page that is asked for without `limit`.
const DEFAULT: u64 = 10;

/// Most objects on a page. More are not refused: they are on the next one.
pub(crate) const MOST: u64 = 1000;

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many objects at most, from 1 to [`MOST`].
    pub(crate) limit: u64,
    /// How many stand before it.
    pub(crate) offset: u64,
}

impl Window {
    /// What `limit` and `offset` ask for. What is no number, or none that makes sense, counts as absent.
    pub(crate) fn of(query: &Query) -> Self {
        let number = |name| query.get(name).and_then(integer);
        Self {
            limit: number("limit").filter(|limit| *limit > 0).unwrap_or(DEFAULT).min(MOST),
            offset: number("offset").unwrap_or(0),
        }
    }

    /// The addresses of the next and the previous page of a list of `count` objects. `address` is that of the
    /// request up to its query.
    pub(crate) fn links(self, count: u64, address: &str, query: &Query) -> (Option<String>, Option<String>) {
        let Self { limit, offset } = self;
        let link = |query: &Query| format!("{address}?{query}");
        let this = query.clone().with("limit", limit);
        let next = offset.saturating_add(limit);
        let next = (next < count).then(|| link(&this.clone().with("offset", next)));
        let previous = (offset > 0).then(|| match offset.checked_sub(limit) {
            None | Some(0) => link(&this.without("offset")),
            Some(offset) => link(&this.with("offset", offset)),
        });
        (next, previous)
    }
}

/// A number of objects, in the spellings that Python reads: blanks around it, a plus, zeros before and single
/// underscores between digits. One that is too large is the largest. `None` for what is negative or no number.
fn integer(text: &str) -> Option<u64> {
    let digits = text.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let is_number =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    // SQLite counts in signed integers.
    let most = i64::MAX.unsigned_abs();
    is_number.then(|| digits.replace('_', "").parse().unwrap_or(most).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &str) -> (u64, u64) {
        let Window { limit, offset } = Window::of(&Query::parse(query));
        (limit, offset)
    }

    #[test]
    fn limit_and_offset_are_read_as_the_original_reads_them_and_bounded() {
        assert_eq!(window(""), (10, 0));
        assert_eq!(window("limit=3&offset=4"), (3, 4));
        for none in ["0", "-1", "abc", "1.5", "1e0", "", "null", "_1", "1_", "1__0", "%EF%BC%92", "+"] {
            assert_eq!(window(&format!("limit={none}")).0, 10, "{none}");
        }
        for two in ["%2B2", "02", " 2", "2%20", "0_2"] {
            assert_eq!(window(&format!("limit={two}&offset={two}")), (2, 2), "{two}");
        }
        assert_eq!(window("limit=99999999999999999999&offset=99999999999999999999"), (MOST, u64::MAX / 2));
    }

    fn links(count: u64, query: &str) -> [Option<String>; 2] {
        let query = Query::parse(query);
        let (next, previous) = Window::of(&query).links(count, "http://h/p", &query);
        [next, previous]
    }

    #[test]
    fn links_lead_to_the_neighbours_and_keep_the_other_parameters() {
        let at = |query: &str| Some(format!("http://h/p?{query}"));
        assert_eq!(links(0, ""), [None, None]);
        assert_eq!(links(4, "limit=4"), [None, None]);
        assert_eq!(links(11, "z=1&b=x+y"), [at("b=x+y&limit=10&offset=10&z=1"), None]);
        assert_eq!(links(5, "limit=2&offset=1"), [at("limit=2&offset=3"), at("limit=2")]);
        assert_eq!(links(5, "limit=2&offset=2"), [at("limit=2&offset=4"), at("limit=2")]);
        assert_eq!(links(5, "limit=2&offset=3"), [None, at("limit=2&offset=1")]);
        assert_eq!(links(0, "limit=5&offset=5"), [None, at("limit=5")]);
        assert_eq!(links(4, "offset=11"), [None, at("limit=10&offset=1")]);
        assert_eq!(
            links(9, "limit=1&limit=2&offset=7&offset=4"),
            [at("limit=2&offset=6"), at("limit=2&offset=2")]
        );
    }

    #[test]
    fn no_offset_overflows() {
        let far = format!("offset={}", u64::MAX);
        assert_eq!(links(5, &far)[0], None);
    }
}
