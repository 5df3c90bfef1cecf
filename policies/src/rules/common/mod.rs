//! Rules about objects of every kind.

pub mod allow_annotation;
pub mod field_type;
pub mod missing_reference;
pub mod unknown_kind;
