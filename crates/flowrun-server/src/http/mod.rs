//! HTTP as the original speaks it: what is read from a request, and how it is answered. Nothing here knows what a
//! flow, a site or a run is.

pub(crate) mod accept;
pub(crate) mod authorization;
pub(crate) mod call;
pub(crate) mod conditional;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod rate;
pub(crate) mod refusal;
