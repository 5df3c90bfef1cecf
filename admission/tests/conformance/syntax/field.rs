//! A field, its right value, and the ways in which it is written otherwise.

use serde_json::{Value, json};

use super::ground::Ground;
use super::texts::{ADDRESSES, BARE, Change, PREFIXES, WORDS};

/// Which object has the field, and what stands around it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Scene {
    /// A Subnet of a custom VPC.
    Subnet,
    /// A Subnet of the default VPC.
    DefaultSubnet,
    /// A Subnet on a VLAN.
    Underlay,
    /// A custom Vpc that has a Subnet.
    Vpc,
    /// A NAT gateway in a custom VPC.
    Gateway,
}

impl Scene {
    pub(crate) const ALL: [Self; 5] = [Self::Subnet, Self::DefaultSubnet, Self::Underlay, Self::Vpc, Self::Gateway];

    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Subnet | Self::DefaultSubnet | Self::Underlay => "Subnet",
            Self::Vpc => "Vpc",
            Self::Gateway => "VpcNatGateway",
        }
    }
}

/// What a text holds, by which it is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Holds {
    /// No text, or one with no changes but its own.
    Own,
    Words,
    Addresses,
    Prefixes,
    /// Addresses and prefixes alike.
    Either,
}

/// A value for a field; none where it means nothing on this ground.
pub(crate) type Make = fn(&Ground) -> Option<Value>;

/// A field, and how it is mutated.
pub(crate) struct Field {
    /// The rule on its form.
    pub(crate) rule: &'static str,
    pub(crate) scene: Scene,
    /// As it is called in the report.
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    /// Its right value.
    pub(crate) right: Make,
    /// The keys of the spec with a value in it.
    pub(crate) put: fn(&Ground, Value) -> Value,
    /// Values of this field alone.
    pub(crate) own: &'static [(&'static str, Make)],
}

/// One way to write one field: what is chosen, and what disagreements are called after.
#[derive(Clone)]
pub(crate) struct Class {
    pub(crate) rule: &'static str,
    pub(crate) scene: Scene,
    pub(crate) field: &'static str,
    pub(crate) name: &'static str,
    /// Whether what it makes can stop the controller for all others.
    pub(crate) alone: bool,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    Same,
    Right(Make, Put),
    Own(Make, Put),
    Text(Make, Put, Change),
    Absent(Make, Put),
}

type Put = fn(&Ground, Value) -> Value;

/// A negative number keeps the controller from reading any Subnet, for it takes it for a positive one; three prefixes end it,
/// and end it again at each start.
const ALONE: &[(&str, &str)] = &[
    ("mtu", "negative"),
    ("policyRoutingPriority", "negative"),
    ("policyRoutingTableID", "negative"),
    ("cidrBlock", "twice"),
    ("cidrBlock", "two-of-one-family"),
];

impl Class {
    /// The object as it is right, which must work.
    pub(crate) fn unchanged(scene: Scene) -> Self {
        Self { rule: "", scene, field: "", name: "unchanged", alone: false, how: How::Same }
    }

    /// What is said of it in known.yaml, behind the rule or `miss`.
    pub(crate) fn id(&self) -> String {
        format!("{}-{}", self.field.replace('.', "-"), self.name)
    }

    /// The keys of the spec that it changes, null for one that it takes away; none where it means nothing on this ground.
    pub(crate) fn spec(&self, ground: &Ground) -> Option<Value> {
        match self.how {
            How::Same => Some(json!({})),
            How::Right(make, put) | How::Own(make, put) => Some(put(ground, make(ground)?)),
            How::Absent(make, put) => {
                make(ground)?;
                let absent = put(ground, Value::Null);
                let keys = absent.as_object()?.iter();
                Some(keys.map(|(key, value)| (key.clone(), without_null(value.clone()))).collect())
            }
            How::Text(make, put, change) => {
                let right = make(ground)?;
                let text = right.as_str()?;
                let changed = change(text).filter(|changed| changed != text)?;
                Some(put(ground, changed.into()))
            }
        }
    }
}

/// Fields inside of a key that are null are left out.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_null(value)))
            .collect(),
        Value::Array(values) => values.into_iter().filter(|value| !value.is_null()).map(without_null).collect(),
        other => other,
    }
}

impl Field {
    /// The ways in which it is written.
    pub(crate) fn classes(&self) -> Vec<Class> {
        let none: &[(&str, Change)] = &[];
        let groups = match self.holds {
            Holds::Own => [none, none, none],
            Holds::Words => [WORDS, none, none],
            Holds::Addresses => [WORDS, ADDRESSES, BARE],
            Holds::Prefixes => [WORDS, ADDRESSES, PREFIXES],
            Holds::Either => [WORDS, ADDRESSES, none],
        };
        let texts =
            groups.into_iter().flatten().map(|(name, change)| (*name, How::Text(self.right, self.put, *change)));
        let own = self.own.iter().map(|(name, make)| (*name, How::Own(*make, self.put)));
        let right = ("right", How::Right(self.right, self.put));
        let absent = ("absent", How::Absent(self.right, self.put));
        let class = |(name, how)| {
            let alone = ALONE.contains(&(self.name, name));
            Class { rule: self.rule, scene: self.scene, field: self.name, name, alone, how }
        };
        [right, absent].into_iter().chain(texts).chain(own).map(class).collect()
    }
}
