//! How executors read what a node says: key by key, with every problem at once.

use flowrun::{NodeData, NodeProblem};

/// The `data` of a node while it is read, and what was found wrong with it.
pub(crate) struct Reading<'a> {
    pub(crate) data: NodeData<'a>,
    pub(crate) problems: Vec<NodeProblem>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(data: &'a str) -> Self {
        Self { data: NodeData::read(data), problems: Vec::new() }
    }

    /// The text of a key; empty when it is absent, null or wrong.
    pub(crate) fn text(&mut self, key: &'static str) -> String {
        let text = self.data.text(key);
        self.sound(text).flatten().map_or_else(String::new, std::borrow::Cow::into_owned)
    }

    /// What was read; a problem is kept.
    pub(crate) fn sound<T>(&mut self, read: Result<T, impl Into<NodeProblem>>) -> Option<T> {
        read.map_err(|bad| self.problems.push(bad.into())).ok()
    }

    /// Whether something is wrong with a key.
    pub(crate) fn is_wrong(&self, key: &str) -> bool {
        let pointer = format!("/data/{key}");
        self.problems.iter().any(|problem| problem.pointer == pointer)
    }

    /// What the node says.
    ///
    /// # Errors
    ///
    /// Everything that refuses it.
    pub(crate) fn finish<T>(self, said: T) -> Result<T, Vec<NodeProblem>> {
        if self.problems.iter().any(NodeProblem::is_error) { Err(self.problems) } else { Ok(said) }
    }
}
