//! Runs the examples of the README as doc tests; the other tests of this package are beside this folder.
#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
