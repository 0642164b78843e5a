//! What a document shows: its elements in order, each with what lies around it.
//!
//! One walk finds out for every element what questions would otherwise have to look for above or below it again
//! and again: all audits together are linear in the document, whatever its shape. The content of a `template` is
//! not shown and so not there, unless it is the shadow tree of its parent.

use std::cell::Cell;
use std::collections::HashMap;

use html5ever::tree_builder::TreeSink;
use html5ever::{LocalName, ns};
use scraper::node::{Element as RawElement, Node};
use scraper::{Html, HtmlTreeSink, StrTendril};

use super::parse::Parsed;
use super::watch::Watch;

/// A parsed document, in the order in which it is shown.
#[derive(Debug)]
pub(crate) struct Document {
    html: Html,
    entries: Vec<Entry>,
    texts: Vec<Text>,
    by_name: HashMap<LocalName, Vec<u32>>,
    bounds: Vec<String>,
    watch: Watch,
    /// Elements that were looked at.
    looked_at: Cell<u64>,
}

/// No element.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Entry {
    node: NodeId,
    parent: u32,
    /// The nearest `a` that leads somewhere, itself included.
    link: u32,
    /// The nearest `form`, itself included.
    form: u32,
    /// The texts inside.
    texts: (u32, u32),
    /// How much was said before it, and before its end: see [`Element::says_something`].
    said: (u32, u32),
    traits: Traits,
}

/// The id of a node in the parsed tree.
type NodeId = <HtmlTreeSink as TreeSink>::Handle;

/// What an element inherits.
#[derive(Clone, Copy, Debug, Default)]
struct Traits {
    is_html: bool,
    /// It is, or is in, an element that nobody sees or hears: `hidden` or `aria-hidden`.
    is_hidden: bool,
    in_label: bool,
    in_shadow: bool,
    /// Its text is none for people: `script`, `style` and the like.
    is_mute: bool,
}

#[derive(Debug)]
struct Text {
    node: NodeId,
    owner: u32,
}

impl Document {
    /// Walks through a document; `None` when the watch is over.
    pub(crate) fn new(parsed: Parsed, watch: Watch) -> Option<Self> {
        let Parsed { html, bounds } = parsed;
        let mut walk = Walk { said: 0, entries: Vec::new(), texts: Vec::new(), by_name: HashMap::new() };
        let root = html.tree.root();
        let mut open: Vec<u32> = Vec::new();
        let mut next = root.first_child();
        while let Some(node) = next {
            if watch.is_over() {
                return None;
            }
            let is_shown = match node.value() {
                Node::Element(element) => {
                    open.push(walk.enter(node.id(), element, open.last().copied()));
                    element.name() != "template" || is_shadow(element)
                }
                Node::Text(text) => {
                    walk.text(node.id(), text, open.last().copied());
                    false
                }
                _ => true,
            };
            next = node.first_child().filter(|_| is_shown);
            let mut ended = Some(node);
            // Up to the first that has a sibling, closing what ends on the way.
            while let (None, Some(node)) = (next, ended) {
                if node.value().is_element() {
                    walk.leave(open.pop());
                }
                next = node.next_sibling();
                ended = node.parent();
            }
        }
        let Walk { entries, texts, by_name, .. } = walk;
        Some(Self { html, entries, texts, by_name, bounds, watch, looked_at: Cell::new(0) })
    }

    /// What was not read as it stands, in words.
    pub(crate) fn bounds(&self) -> &[String] {
        &self.bounds
    }

    /// Whether the time is over: what audits said is then not to be trusted, as they were shown no more.
    pub(crate) fn is_over(&self) -> bool {
        self.watch.is_over()
    }

    pub(crate) fn has_html_doctype(&self) -> bool {
        let mut children = self.html.tree.root().children();
        children.any(|node| node.value().as_doctype().is_some_and(|doctype| doctype.name() == "html"))
    }

    /// Whether its doctype, or none, makes browsers show it in quirks mode.
    pub(crate) fn is_quirky(&self) -> bool {
        self.html.quirks_mode == html5ever::tree_builder::QuirksMode::Quirks
    }

    /// All elements in the order of the document.
    pub(crate) fn all(&self) -> impl Iterator<Item = Element<'_>> {
        (0..self.entries.len())
            .map(|index| index as u32)
            .take_while(|_| self.looks())
            .map(|index| self.at(index))
    }

    /// All elements called `name`, of HTML, SVG or MathML, in the order of the document.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = Element<'_>> {
        let indexes = self.by_name.get(&LocalName::from(name)).map(Vec::as_slice).unwrap_or_default();
        indexes.iter().take_while(|_| self.looks()).map(|&index| self.at(index))
    }

    /// What each link says: the text in it that is in no other link, in the order of the document.
    pub(crate) fn link_texts(&self) -> impl Iterator<Item = (Element<'_>, String)> {
        let mut texts: HashMap<u32, String> = HashMap::new();
        for text in self.texts.iter().take_while(|_| self.looks()) {
            let owner = &self.entries[text.owner as usize];
            if owner.link != NONE && !owner.traits.is_mute {
                texts.entry(owner.link).or_default().push_str(self.text(text));
            }
        }
        self.all().filter(|element| element.entry().link == element.index).map(move |element| {
            let text = texts.remove(&element.index).unwrap_or_default();
            (element, text)
        })
    }

    /// Elements that were looked at: the work that was done, for tests.
    #[cfg(test)]
    pub(crate) fn looked_at(&self) -> u64 {
        self.looked_at.get()
    }

    fn looks(&self) -> bool {
        self.looked_at.set(self.looked_at.get() + 1);
        !self.watch.is_over()
    }

    fn at(&self, index: u32) -> Element<'_> {
        Element { document: self, index }
    }

    fn text(&self, text: &Text) -> &str {
        let node = self.html.tree.get(text.node).and_then(|node| node.value().as_text());
        node.map(|text| &**text).unwrap_or_default()
    }
}

/// Whether a `template` holds the shadow tree of its parent, which is shown (HTML standard, section 13.2.6.4.4).
fn is_shadow(template: &RawElement) -> bool {
    template
        .attr("shadowrootmode")
        .is_some_and(|mode| mode.eq_ignore_ascii_case("open") || mode.eq_ignore_ascii_case("closed"))
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    document: &'a Document,
    index: u32,
}

impl<'a> Element<'a> {
    /// Its name without a prefix, in lower case for HTML.
    pub(crate) fn name(&self) -> &'a str {
        self.raw().name()
    }

    /// An attribute without a namespace.
    pub(crate) fn attr(&self, name: &str) -> Option<&'a str> {
        self.raw().attr(name)
    }

    /// Where it leads: `href`, or what SVG calls so in the namespace of XLink.
    pub(crate) fn href(&self) -> Option<&'a str> {
        self.attr("href").or_else(|| {
            let mut attributes = self.raw().attrs.iter();
            let linked = attributes.find(|(name, _)| name.ns == ns!(xlink) && &*name.local == "href");
            linked.filter(|_| !self.is_html()).map(|(_, value): &(_, StrTendril)| &**value)
        })
    }

    pub(crate) fn parent(&self) -> Option<Self> {
        let parent = self.entry().parent;
        (parent != NONE).then(|| self.document.at(parent))
    }

    /// Whether it is of HTML, not of SVG or MathML.
    pub(crate) fn is_html(&self) -> bool {
        self.entry().traits.is_html
    }

    /// Whether it is, or is in, an element with `hidden` or `aria-hidden`.
    pub(crate) fn is_hidden(&self) -> bool {
        self.entry().traits.is_hidden
    }

    pub(crate) fn in_label(&self) -> bool {
        self.entry().traits.in_label
    }

    /// Whether it is in a shadow tree, whose ids are not those of the document.
    pub(crate) fn in_shadow(&self) -> bool {
        self.entry().traits.in_shadow
    }

    /// Whether it, or something in it, says something to people who cannot see it: a text, a label, an image
    /// with an alternative.
    pub(crate) fn says_something(&self) -> bool {
        let (before, after) = self.entry().said;
        after > before
    }

    /// All text inside, scripts and styles included.
    pub(crate) fn text(&self) -> String {
        let (from, to) = self.entry().texts;
        self.document.texts[from as usize..to as usize].iter().map(|text| self.document.text(text)).collect()
    }

    /// The form around it.
    pub(crate) fn form(&self) -> Option<Self> {
        let form = self.entry().form;
        (form != NONE).then(|| self.document.at(form))
    }

    /// Its place among all elements.
    pub(crate) const fn index(&self) -> u32 {
        self.index
    }

    fn entry(&self) -> &'a Entry {
        &self.document.entries[self.index as usize]
    }

    fn raw(&self) -> &'a RawElement {
        let node = self.document.html.tree.get(self.entry().node);
        node.and_then(|node| node.value().as_element()).expect("entries are made of elements")
    }
}

/// A walk that is under way.
struct Walk {
    said: u32,
    entries: Vec<Entry>,
    texts: Vec<Text>,
    by_name: HashMap<LocalName, Vec<u32>>,
}

impl Walk {
    fn enter(&mut self, node: NodeId, element: &RawElement, parent: Option<u32>) -> u32 {
        // The parser makes no more nodes than fit.
        let index = self.entries.len() as u32;
        let around = parent.and_then(|parent| self.entries.get(parent as usize));
        let mut traits = around.map(|around| around.traits).unwrap_or_default();
        let (mut link, mut form) = around.map_or((NONE, NONE), |around| (around.link, around.form));
        traits.is_html = element.name.ns == ns!(html);
        match element.name() {
            "a" if element.attrs.iter().any(|(name, _)| &*name.local == "href") => link = index,
            "form" => form = index,
            "label" => traits.in_label = true,
            "script" | "style" | "noscript" | "noembed" | "noframes" => traits.is_mute = true,
            "template" => traits.in_shadow = true,
            _ => {}
        }
        traits.is_hidden |= element.attr("hidden").is_some() || is_word(element.attr("aria-hidden"), "true");
        let before = self.said;
        let is_alternative = matches!(element.name(), "img" | "area" | "input");
        let speaks = is_named(element) || (is_alternative && is_said(element.attr("alt")));
        self.said += u32::from(speaks && !traits.is_hidden);
        self.by_name.entry(element.name.local.clone()).or_default().push(index);
        let texts = self.texts.len() as u32;
        self.entries.push(Entry {
            node,
            parent: parent.unwrap_or(NONE),
            link,
            form,
            texts: (texts, texts),
            said: (before, self.said),
            traits,
        });
        index
    }

    fn text(&mut self, node: NodeId, text: &str, owner: Option<u32>) {
        let Some(owner) = owner else { return };
        let traits = self.entries[owner as usize].traits;
        self.said += u32::from(!traits.is_mute && !traits.is_hidden && is_said(Some(text)));
        self.texts.push(Text { node, owner });
    }

    fn leave(&mut self, index: Option<u32>) {
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index as usize)) {
            entry.said.1 = self.said;
            entry.texts.1 = self.texts.len() as u32;
        }
    }
}

/// Whether an element has a name of its own for people who cannot see it.
fn is_named(element: &RawElement) -> bool {
    ["aria-label", "aria-labelledby", "title"].iter().any(|name| is_said(element.attr(name)))
}

/// Whether there is a text and something in it.
pub(crate) fn is_said(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// Whether `value` is `word`, in any case and with white space around it.
pub(crate) fn is_word(value: Option<&str>, word: &str) -> bool {
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
}

/// Whether one of the words in `value` is `word`, in any case.
pub(crate) fn has_word(value: Option<&str>, word: &str) -> bool {
    value.is_some_and(|value| value.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word)))
}
