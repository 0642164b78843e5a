//! Runs the examples of the README and of the guide to testing as doc tests; the other tests of this package are beside this folder.
#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
mod testing {}
