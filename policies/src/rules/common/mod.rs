//! Rules about objects of every kind, or of several.

pub mod allow_annotation;
pub mod field_type;
pub mod gateway_prerequisites;
pub mod missing_reference;
pub mod object_in_use;
pub mod ovn_name_conflict;
pub mod spec_immutable;
pub mod subnet_address_range;
pub mod subnet_address_unique;
pub mod unknown_kind;
