//! Rules about Pods, and the templates of the workloads that make them.

pub mod vpc_namespace;
