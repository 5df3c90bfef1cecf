//! Rules about workloads themselves, beside their templates.

pub mod annotation_place;
