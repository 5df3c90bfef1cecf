//! What injects.

use crate::inventory::{Answer, ClusterView};
use crate::kinds::{Kind, Object};
use crate::request::Operation;
use crate::settings::Settings;

/// A rule that injects something.
#[derive(Debug)]
pub struct Injector {
    /// The public name.
    pub id: &'static str,
    /// What it injects, in a line.
    pub summary: &'static str,
    /// The kind that it injects into.
    pub kind: Kind,
    /// Whether a rule that isolates builds on it: without it, the object is not what that rule judges.
    pub isolates: bool,
    /// The kinds of which it looks up other objects.
    pub asks: &'static [Kind],
    pub(crate) inject: Inject,
}

/// What an injecting rule has at hand.
pub(crate) struct InjectContext<'a> {
    pub(crate) cluster: &'a dyn ClusterView,
    pub(crate) settings: &'a Settings,
    pub(crate) operation: Operation,
    pub(crate) namespace: &'a str,
}

/// An annotation that a rule injects, and why.
pub(crate) struct Annotation {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) because: String,
}

pub(crate) type Inject = fn(&Object, &InjectContext<'_>) -> Answer<Option<Annotation>>;
