//! Which node has which name: the table of ids that are no numbers.

use super::ids::{NOBODY, as_written};
use crate::model::{NodeIx, NodeSlot};

/// The nodes of a flow by name: an id that is written without escapes.
///
/// A name stands in the first cell that was free, counted from where its hash points to. Names come from outside
/// and the hash is a quick one, so only [`NEAR`] cells are looked at: a name that finds all of them taken has to
/// live elsewhere, and no names, however they were chosen, make the table slow.
#[derive(Debug)]
pub(super) struct Names<'a> {
    text: &'a str,
    nodes: &'a [NodeSlot],
    cells: Box<[Cell]>,
}

/// Eight bytes: in a large flow, what a look costs is fetching the cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    hash: u32,
    /// The place of the node, [`NOBODY`] in a free cell.
    node: u32,
}

/// Half of the cells are free when all names are in; of a million of them, next to none then find so many taken.
const NEAR: usize = 64;

/// What became of a name that was to be entered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Entered,
    /// This node has it, and keeps it.
    Taken(NodeIx),
    /// All cells that it may stand in are taken by others: it has to live elsewhere.
    Crowded,
}

impl<'a> Names<'a> {
    /// A table for the nodes of the flow with this text.
    pub(super) fn new(text: &'a str, nodes: &'a [NodeSlot]) -> Self {
        let free = Cell { hash: 0, node: NOBODY };
        Self { text, nodes, cells: vec![free; 2 * nodes.len() + NEAR].into() }
    }

    /// Enters the name that this node has.
    pub(super) fn insert(&mut self, name: &[u8], node: NodeIx) -> Entry {
        let hash = hash(name);
        match self.seek(name, hash) {
            Ok(first) => Entry::Taken(first),
            Err(None) => Entry::Crowded,
            Err(Some(free)) => {
                self.cells[free] = Cell { hash, node: node.index() as u32 };
                Entry::Entered
            }
        }
    }

    /// The node of a name.
    pub(super) fn get(&self, name: &[u8]) -> Option<NodeIx> {
        self.seek(name, hash(name)).ok()
    }

    /// The node of a name, else the free cell where it would be looked for.
    fn seek(&self, name: &[u8], hash: u32) -> Result<NodeIx, Option<usize>> {
        // The hash as a fraction of 2³², of all cells that have `NEAR` others behind them.
        let home = ((u64::from(hash) * (self.cells.len() - NEAR) as u64) >> 32) as usize;
        for (at, cell) in (home..).zip(&self.cells[home..home + NEAR]) {
            if cell.node == NOBODY {
                return Err(Some(at));
            }
            if cell.hash == hash && self.name(cell.node) == name {
                return Ok(NodeIx::new(cell.node as usize));
            }
        }
        Err(None)
    }

    fn name(&self, node: u32) -> &'a [u8] {
        as_written(self.nodes[node as usize].id.bytes(self.text))
    }
}

/// A quick hash: whoever wants to finds names that share it.
fn hash(name: &[u8]) -> u32 {
    let (words, rest) = name.as_chunks::<8>();
    let hash = words.iter().fold(name.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    // The last eight bytes, some of them a second time, are quicker to read than the odd ones alone.
    let last = match name.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)),
    };
    mix(hash, last) as u32
}

/// Both halves of a product, so that each bit of the word changes many of the result.
const fn mix(hash: u64, word: u64) -> u64 {
    /// 2⁶⁴ divided by the golden ratio.
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let product = (hash ^ word) as u128 * FACTOR as u128;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Flow;

    /// So many names whose hashes point to the first cell of a table for no more than 1,000 nodes.
    pub(in super::super) fn crowd(names: usize) -> Vec<String> {
        let all = (0..).map(|number| format!("node-{number}"));
        all.filter(|name| hash(name.as_bytes()) < u32::MAX / 2_000).take(names).collect()
    }

    /// A flow whose nodes have these ids.
    pub(in super::super) fn flow(ids: &[String]) -> Flow {
        let nodes: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        Flow::from_json(format!(r#"{{"nodes":[{}]}}"#, nodes.join(","))).unwrap()
    }

    #[test]
    fn names_chosen_to_crowd_are_turned_away_when_all_cells_near_are_taken() {
        let chosen = crowd(NEAR + 100);
        let flow = flow(&chosen);
        let mut names = Names::new(flow.to_json(), flow.document.nodes());
        for (index, name) in chosen.iter().enumerate() {
            let expected = if index < NEAR { Entry::Entered } else { Entry::Crowded };
            assert_eq!(names.insert(name.as_bytes(), NodeIx::new(index)), expected, "{index}");
        }
        assert_eq!(names.insert(chosen[1].as_bytes(), NodeIx::new(9)), Entry::Taken(NodeIx::new(1)));
        assert_eq!(names.get(chosen[NEAR - 1].as_bytes()), Some(NodeIx::new(NEAR - 1)));
        assert_eq!(names.get(chosen[NEAR].as_bytes()), None);
    }

    #[test]
    fn every_name_of_a_large_flow_finds_room_and_its_node() {
        for prefix in ["", "n", "node-", "collect-the-things-of-"] {
            let all: Vec<String> = (0..20_000).map(|number| format!("{prefix}{number:x}")).collect();
            let flow = flow(&all);
            let mut names = Names::new(flow.to_json(), flow.document.nodes());
            for (index, name) in all.iter().enumerate() {
                assert_eq!(names.insert(name.as_bytes(), NodeIx::new(index)), Entry::Entered, "{name}");
            }
            for (index, name) in all.iter().enumerate() {
                assert_eq!(names.get(name.as_bytes()), Some(NodeIx::new(index)), "{name}");
            }
            assert_eq!(names.get(b"another"), None);
        }
    }
}
