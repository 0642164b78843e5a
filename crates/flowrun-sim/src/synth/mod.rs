//! Synthetic flows: documents of a shape, a size and a seed, for tests, measurements and trying things out.
//!
//! Owns the shapes and how their documents look. It knows nothing of what the flows do when they run.
//!
//! The same shape, size and seed give the same bytes, on any machine. Making a flow takes time and memory in
//! proportion to its nodes and edges, up to 1,000,000 nodes.
//!
//! ```
//! use flowrun_sim::synth::{Shape, Synth};
//!
//! let synth = Synth::new(Shape::Layered, 100)?.seed(7);
//! let flow = synth.flow();
//! assert_eq!(flow.node_count(), 100);
//! assert_eq!(flow.to_json(), synth.json());
//! # Ok::<(), flowrun_sim::synth::SynthError>(())
//! ```

mod document;
mod flow;
mod graph;
mod node;
mod shape;
#[cfg(feature = "proptest")]
mod shrink;
#[cfg(feature = "proptest")]
mod strategies;

pub use document::{Detail, text};
pub use flow::{Synth, SynthError};
pub use graph::Graph;
pub use shape::{ParseShapeError, Shape};
#[cfg(feature = "proptest")]
pub use strategies::{flows, synths};
