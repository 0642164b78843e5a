//! Parsing with bounds. The parser is html5ever's; what it costs is decided here.
//!
//! Three shapes cost html5ever more than their length: many attributes of one tag (each is compared with all
//! before it), deep nesting (most tags look through all elements that are open) and formatting elements that are
//! never closed (each paragraph opens all of them again). So a tag keeps its first [`ATTRIBUTES`]; what is nested
//! deeper than [`DEPTH`] is put side by side, as browsers do; and a document that becomes more than [`NODES`] is
//! read up to there.

use std::cell::{Cell, RefCell};

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{Tracer, TreeBuilder, TreeBuilderOpts, TreeSink};
use scraper::{Html, HtmlTreeSink};

use super::watch::Watch;

/// Attributes of one tag that are kept. The busiest honest tags have some dozens.
pub(crate) const ATTRIBUTES: usize = 512;
/// Elements that may be open at a time. Browsers built on Blink stop nesting there too.
pub(crate) const DEPTH: usize = 512;
/// Elements that may be open, formatting counted twice, before formatting is put side by side: html5ever compares each
/// such tag with all those that are open, attribute by attribute, and opens all of them again in every paragraph.
pub(crate) const FORMATTING: usize = 100;
/// Nodes of a document. One takes some 200 bytes of memory.
pub(crate) const NODES: usize = 1_000_000;
/// Tags between two looks at how many elements are open.
const LOOK_EVERY: u32 = 16;
/// The longest piece of text that is handed over at once.
const PIECE: usize = 64 << 10;

/// A parsed document.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) html: Html,
    /// What was not read as it stands, in words.
    pub(crate) bounds: Vec<String>,
}

/// Why there is no document.
#[derive(Debug)]
pub(crate) enum Unparsed {
    /// The time was over.
    Late,
    /// A `meta` element names another character set, by this label.
    Charset(String),
}

/// Parses `text`, up to a `meta` element that names a character set which `is_news`.
///
/// # Complexity
///
/// Linear in the text: each tag costs at most [`ATTRIBUTES`] comparisons per attribute and [`DEPTH`] steps.
pub(crate) fn parse(text: &str, watch: &Watch, is_news: &dyn Fn(&str) -> bool) -> Result<Parsed, Unparsed> {
    let sink = Builder::new(TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), options()));
    let mut feed = Feed {
        tokenizer: Tokenizer::new(sink, TokenizerOpts::default()),
        text,
        at: 0,
        is_news,
        shortened: 0,
    };
    let mut nodes = 0;
    while feed.at < text.len() {
        if watch.is_over() {
            return Err(Unparsed::Late);
        }
        nodes = feed.tokenizer.sink.nodes();
        if nodes > NODES {
            break;
        }
        feed.step()?;
    }
    let mut bounds = Vec::new();
    if nodes > NODES {
        bounds.push(format!("it was read up to byte {}, where it has {NODES} nodes", feed.at));
    }
    if feed.shortened > 0 {
        bounds.push(format!("{} tags have more than {ATTRIBUTES} attributes", feed.shortened));
    }
    if feed.tokenizer.sink.flattened.get() {
        bounds.push(format!("it is nested deeper than {DEPTH} elements"));
    }
    if feed.tokenizer.sink.unformatted.get() {
        bounds.push(format!("its formatting is nested deeper than {} elements", FORMATTING / 2));
    }
    feed.tokenizer.end();
    Ok(Parsed { html: feed.tokenizer.sink.tree.sink.finish(), bounds })
}

fn options() -> TreeBuilderOpts {
    // As in a browser with scripts: `noscript` holds nothing that is shown.
    TreeBuilderOpts { scripting_enabled: true, ..TreeBuilderOpts::default() }
}

/// Hands the text over in pieces that begin and end where a tag does.
struct Feed<'a> {
    tokenizer: Tokenizer<Builder>,
    text: &'a str,
    at: usize,
    is_news: &'a dyn Fn(&str) -> bool,
    /// Tags that lost attributes.
    shortened: usize,
}

impl Feed<'_> {
    /// Hands over the next piece.
    fn step(&mut self) -> Result<(), Unparsed> {
        let rest = &self.text[self.at..];
        let raw = self.tokenizer.sink.raw.borrow().clone();
        let is_tag = match (&raw, rest.as_bytes()) {
            (None, [b'<', b'/', first, ..] | [b'<', first, ..]) => first.is_ascii_alphabetic(),
            (Some(name), [b'<', b'/', tail @ ..]) => {
                tail.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            }
            _ => false,
        };
        if is_tag {
            return self.tag(rest);
        }
        if raw.is_none() && ["<!", "<?", "</"].iter().any(|start| rest.starts_with(start)) {
            return self.other_markup();
        }
        // Text, up to what may be a tag; the first byte is none.
        let end = rest.bytes().skip(1).take(PIECE).position(|byte| byte == b'<').map_or(PIECE, |at| at + 1);
        self.hand_over(rest.floor_char_boundary(end.max(4)).min(rest.len()))
    }

    /// A tag, without the attributes that are too many.
    fn tag(&mut self, rest: &str) -> Result<(), Unparsed> {
        let tag = TagText::of(rest.as_bytes());
        let Some(kept) = tag.kept else { return self.hand_over(tag.len) };
        self.shortened += 1;
        self.feed(&rest[..kept])?;
        self.feed(">")?;
        self.at += tag.len;
        Ok(())
    }

    /// A comment, a doctype and the like: nothing in them is a tag until they have become a token.
    fn other_markup(&mut self) -> Result<(), Unparsed> {
        let before = self.tokenizer.sink.tokens.get();
        while self.tokenizer.sink.tokens.get() == before && self.at < self.text.len() {
            let rest = &self.text[self.at..];
            self.hand_over(rest.find('>').map_or(rest.len(), |at| at + 1))?;
        }
        Ok(())
    }

    fn hand_over(&mut self, len: usize) -> Result<(), Unparsed> {
        let from = self.at;
        self.at += len;
        self.feed(&self.text[from..self.at])
    }

    fn feed(&self, piece: &str) -> Result<(), Unparsed> {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from_slice(piece));
        loop {
            match self.tokenizer.feed(&queue) {
                TokenizerResult::Done => return Ok(()),
                TokenizerResult::EncodingIndicator(label) if (self.is_news)(&label) => {
                    return Err(Unparsed::Charset(label.to_string()));
                }
                TokenizerResult::Script(_) | TokenizerResult::EncodingIndicator(_) => {}
            }
        }
    }
}

/// How far a tag goes, by the attribute states of the HTML standard (section 13.2.5).
#[derive(Debug, PartialEq, Eq)]
struct TagText {
    /// Its bytes, `>` included; all there are when it does not end.
    len: usize,
    /// Where the first attribute that is one too many begins.
    kept: Option<usize>,
}

impl TagText {
    /// Reads the tag that `bytes` begin with.
    fn of(bytes: &[u8]) -> Self {
        let is_space = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
        let past = |at: usize, wanted: &dyn Fn(u8) -> bool| {
            at + bytes[at..].iter().take_while(|&&byte| wanted(byte)).count()
        };
        let in_name = |byte| !is_space(byte) && byte != b'/' && byte != b'>';
        let mut at = past(1 + usize::from(bytes.get(1) == Some(&b'/')), &in_name);
        let (mut attributes, mut kept) = (0, None);
        loop {
            at = past(at, &|byte| is_space(byte) || byte == b'/');
            match bytes.get(at) {
                None => return Self { len: bytes.len(), kept },
                Some(b'>') => return Self { len: at + 1, kept },
                Some(_) => {}
            }
            attributes += 1;
            if attributes == ATTRIBUTES + 1 {
                kept = Some(at);
            }
            // A name may begin with `=`.
            at = past(at + 1, &|byte| in_name(byte) && byte != b'=');
            let equals = past(at, &is_space);
            if bytes.get(equals) != Some(&b'=') {
                continue;
            }
            at = past(equals + 1, &is_space);
            at = match bytes.get(at) {
                Some(&quote @ (b'"' | b'\'')) => (past(at + 1, &|byte| byte != quote) + 1).min(bytes.len()),
                _ => past(at, &|byte| !is_space(byte) && byte != b'>'),
            };
        }
    }
}

/// The tree builder, and what has to be known between tokens.
struct Builder {
    tree: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>,
    /// Tokens so far.
    tokens: Cell<u64>,
    /// The element whose content is text until its own end tag comes.
    raw: RefCell<Option<String>>,
    /// Elements that are open, formatting counted twice, when it was last looked.
    open: Cell<usize>,
    until_look: Cell<u32>,
    flattened: Cell<bool>,
    unformatted: Cell<bool>,
    /// Attributes that `html` and `body` tags may still bring; all of them end up on the same two elements.
    root_attributes: Cell<usize>,
}

impl Builder {
    fn new(tree: TreeBuilder<<HtmlTreeSink as TreeSink>::Handle, HtmlTreeSink>) -> Self {
        Self {
            tree,
            tokens: Cell::new(0),
            raw: RefCell::default(),
            open: Cell::new(0),
            until_look: Cell::new(LOOK_EVERY),
            flattened: Cell::new(false),
            unformatted: Cell::new(false),
            root_attributes: Cell::new(2 * ATTRIBUTES),
        }
    }

    fn nodes(&self) -> usize {
        self.tree.sink.0.borrow().tree.nodes().len()
    }

    fn look(&self) {
        let left = self.until_look.get() - 1;
        self.until_look.set(if left == 0 { LOOK_EVERY } else { left });
        if left == 0 {
            let open = Count(Cell::new(0), std::marker::PhantomData);
            self.tree.trace_handles(&open);
            self.open.set(open.0.get());
        }
    }

    fn tag(&self, mut tag: Tag, line: u64) -> TokenSinkResult<<Self as TokenSink>::Handle> {
        let is_start = tag.kind == TagKind::StartTag;
        if is_start && matches!(&*tag.name, "html" | "body") {
            tag.attrs.truncate(self.root_attributes.get());
            self.root_attributes.set(self.root_attributes.get() - tag.attrs.len());
        }
        self.look();
        let is_deep = self.open.get() > DEPTH;
        let is_formatted = self.open.get() > FORMATTING && is_formatting(&tag.name);
        let closes = (is_start && (is_deep || is_formatted) && nests(&tag.name)).then(|| Tag {
            kind: TagKind::EndTag,
            name: tag.name.clone(),
            self_closing: false,
            attrs: Vec::new(),
            had_duplicate_attributes: false,
        });
        let (name, self_closing) = (tag.name.clone(), tag.self_closing);
        let result = self.tree.process_token(Token::TagToken(tag), line);
        match (&result, closes) {
            (TokenSinkResult::RawData(_) | TokenSinkResult::Plaintext, _) => {
                *self.raw.borrow_mut() = Some(name.to_string());
            }
            // An element of SVG or MathML that closes itself was never open.
            (TokenSinkResult::Continue, Some(end))
                if !(self_closing && self.tree.adjusted_current_node_present_but_not_in_html_namespace()) =>
            {
                let said = if is_deep { &self.flattened } else { &self.unformatted };
                said.set(true);
                return self.tree.process_token(Token::TagToken(end), line);
            }
            _ if !is_start => *self.raw.borrow_mut() = None,
            _ => {}
        }
        result
    }
}

impl TokenSink for Builder {
    type Handle = <HtmlTreeSink as TreeSink>::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        if !matches!(token, Token::ParseError(_)) {
            self.tokens.set(self.tokens.get() + 1);
        }
        match token {
            Token::TagToken(tag) => self.tag(tag, line),
            other => self.tree.process_token(other, line),
        }
    }

    fn end(&self) {
        self.tree.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.tree.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Whether elements called `name` can hold others, and are closed by their own end tag without side effects.
fn nests(name: &str) -> bool {
    // The void elements of the standard and their obsolete kin, and those there is one of.
    !matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "body"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "head"
            | "hr"
            | "html"
            | "image"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Whether elements called `name` are opened again where they were not closed (HTML standard, section 13.2.4.3). `a` is
/// one too, of which there is never a second one, and its text is looked at.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "b" | "big" | "code" | "em" | "font" | "i" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

/// Counts handles instead of tracing them.
struct Count<H>(Cell<usize>, std::marker::PhantomData<H>);

impl<H> Tracer for Count<H> {
    type Handle = H;

    fn trace_handle(&self, _: &H) {
        self.0.set(self.0.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use scraper::Node;

    use super::*;

    fn parsed(text: &str) -> Parsed {
        let (watch, _wanted) = Watch::until(Instant::now() + Duration::from_secs(3600));
        parse(text, &watch, &|_| false).expect("there is time")
    }

    /// How deep the tree is, and how many elements are called `name`.
    fn shape(html: &Html, name: &str) -> (usize, usize) {
        let (mut deepest, mut depth, mut found) = (0, 0_usize, 0);
        let mut next = Some(html.tree.root());
        while let Some(node) = next {
            deepest = deepest.max(depth);
            found += usize::from(node.value().as_element().is_some_and(|element| element.name() == name));
            if let Some(child) = node.first_child() {
                (next, depth) = (Some(child), depth + 1);
                continue;
            }
            let mut ended = Some(node);
            next = None;
            while let (None, Some(node)) = (next, ended) {
                next = node.next_sibling();
                if next.is_none() {
                    ended = node.parent();
                    depth = depth.saturating_sub(1);
                }
            }
        }
        (deepest, found)
    }

    #[test]
    fn nothing_is_nested_without_end_and_everything_is_seen() {
        let deep = format!("it is nested deeper than {DEPTH} elements");
        let formatted = format!("its formatting is nested deeper than {} elements", FORMATTING / 2);
        for (start, piece, name, bound) in [
            ("", "<div>", "div", &deep),
            ("<svg>", "<a href=x>", "a", &deep),
            ("", "<b id=x>y", "b", &formatted),
            ("", "<ul><li>x", "li", &deep),
        ] {
            let Parsed { html, bounds } = parsed(&(start.to_owned() + &piece.repeat(5000)));
            let (deepest, found) = shape(&html, name);
            assert!(deepest < 2 * DEPTH, "{piece}: {deepest}");
            assert!(found >= 5000, "{piece}: {found}");
            assert_eq!(bounds, std::slice::from_ref(bound), "{piece}");
        }
        let flat = parsed(&"<div></div><p>x<br><img><b>y</b>".repeat(5000));
        assert_eq!((shape(&flat.html, "div").1, flat.bounds), (5000, vec![]));
    }

    #[test]
    fn a_tag_keeps_its_first_attributes_whatever_they_look_like() {
        let many: String = (0..2000).map(|n| format!(" a{n}='>' b{n} = c")).collect();
        for text in [format!("<p{many}>x</p><i>"), format!("<script>'<p'</script><p{many}>x</p><i>")] {
            let Parsed { html, bounds } = parsed(&text);
            let elements = html.tree.values().filter_map(Node::as_element);
            assert_eq!(
                elements.filter(|e| e.name() == "p").map(|e| e.attrs.len()).sum::<usize>(),
                ATTRIBUTES
            );
            assert_eq!(shape(&html, "i").1, 1);
            assert_eq!(bounds, ["1 tags have more than 512 attributes"]);
        }
        let spread: String = (0..2000).map(|n| format!("<body a{n}>")).collect();
        let elements = parsed(&spread).html;
        let most = elements.tree.values().filter_map(Node::as_element).map(|e| e.attrs.len()).max();
        assert!(most <= Some(2 * ATTRIBUTES), "{most:?}");
    }

    #[test]
    fn what_is_no_tag_is_not_cut() {
        let words = " word".repeat(2000);
        for text in [
            format!("<script>a <b{words}</script><i>"),
            format!("<!-- <b{words} > --><i>"),
            format!("<textarea><b{words}></textarea><i>"),
            format!("<style><!-- <b{words}></style><i>"),
            format!("<! <b{words}><i>"),
            format!("a < b{words}<i>"),
            format!("<p title='<b{words}>'>x<i>"),
        ] {
            let Parsed { html, bounds } = parsed(&text);
            let kept: usize =
                html.tree.values().map(|node| format!("{node:?}").matches(" word").count()).sum();
            assert_eq!((kept, shape(&html, "i").1, bounds.len()), (2000, 1, 0), "{}", &text[..20]);
        }
    }

    #[test]
    fn a_document_that_multiplies_itself_is_read_up_to_a_number_of_nodes() {
        let open: String = (0..200).map(|n| format!("<b id={n}>")).collect();
        let Parsed { html, bounds } = parsed(&format!("<p>{open}{}", "<p>x".repeat(20_000)));
        assert!(html.tree.values().len() < NODES + 1000);
        assert!(bounds[0].starts_with("it was read up to byte "), "{bounds:?}");
    }

    #[test]
    fn tags_end_where_a_browser_ends_them() {
        for (text, len) in [
            ("<p>x", 3),
            ("<p a='>'>x", 9),
            ("<p a=\">\"b>x", 10),
            ("<p a=>x", 6),
            ("<p a = '>' >x", 12),
            ("<p =>x", 5),
            ("<p a=b'>'x", 8),
            ("<p/ >x", 5),
            ("</p a='>'>x", 10),
            ("<p a='", 6),
            ("<p", 2),
        ] {
            assert_eq!(TagText::of(text.as_bytes()), TagText { len, kept: None }, "{text}");
        }
    }
}
