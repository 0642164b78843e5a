//! The binary, as a stranger's shell sees it: arguments in, exit code, output and complaints out.

mod bad_input;
mod bench;
mod certificates;
mod check;
mod demo;
mod graph;
mod in_use;
mod keys;
mod outcomes;
mod parity;
mod readme;
mod refusal;
mod run;
mod runs;
mod secrets;
mod serve;
mod serving;
mod settings;
mod simulate;
mod stop;
mod store;
mod stored;
mod support;
mod synth;
mod testing;
mod usage;
