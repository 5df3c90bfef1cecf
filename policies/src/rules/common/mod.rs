//! Rules about objects of every kind, or of several.

pub mod allow_annotation;
pub mod field_type;
pub mod missing_reference;
pub mod ovn_name_conflict;
pub mod unknown_kind;
