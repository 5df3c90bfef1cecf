//! Rules about objects of every kind.

pub mod field_type;
pub mod missing_reference;
