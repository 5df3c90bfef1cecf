//! Objects of the kinds that rules know, and what each type of them says of itself.

use std::sync::Arc;

use serde_json::Value;

use super::table::for_each_kind;
use super::{Kind, KubeOvn, Meta, PodTemplate};
use crate::json::{Reader, TypeError, TypeErrors};

/// A type of objects: what is read of them, and by what others find them. Written in the file of the kind.
pub trait Resource: Sized + 'static {
    /// The fields that are read of an object that is looked up, beside its metadata; a list under one of them is read whole.
    /// None where rules only review objects of this type.
    const LOOKED_UP: Option<&'static [&'static str]> = None;

    /// The parts of an object that are read, beside its metadata.
    const PARTS: &'static [&'static str] = &["spec"];

    /// How objects of this type are looked up.
    const FOUND: Found = Found::ByNameAndInLists;

    /// By what rules find objects of this type, beside their names.
    const INDEXES: &'static [Index<Self>] = &[];

    /// Reads an object of one of its kinds.
    fn read(kind: Kind, object: &Reader, kube_ovn: &KubeOvn) -> Self;

    /// The object's metadata.
    fn meta(&self) -> &Meta;
}

/// How objects are looked up, so that a runner asks for no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One by one.
    ByName,
    /// Only all of them at once.
    InLists,
    /// In both ways.
    ByNameAndInLists,
}

/// Finds objects by a word that they have in common.
pub struct Index<T> {
    /// What the words are, for one type.
    pub name: &'static str,
    /// The words of an object.
    pub words: Words<T>,
}

/// Says each word of an object.
pub type Words<T> = fn(&T, &mut dyn FnMut(&str));

/// A type that is a variant of [`Object`].
pub trait Typed: Resource {
    /// The kinds that are read as this type.
    const KINDS: &'static [Kind];

    /// The first of them, which for what is looked up is the only one.
    #[expect(clippy::indexing_slicing, reason = "a row without a kind would not compile")]
    const KIND: Kind = Self::KINDS[0];

    /// The object, if it is of this type.
    fn of(object: &Object) -> Option<&Arc<Self>>;
}

macro_rules! objects {
    ($($variant:ident($type:ident) {
        $($(#[$doc:meta])* $kind:ident: $group:literal $version:literal $name:literal $plural:literal $scope:ident;)+
    })+) => {
        /// An object of a kind that rules know, shared by all who keep it.
        #[derive(Clone, Debug)]
        pub enum Object {
            $(
                #[doc = concat!("As [`super::", stringify!($type), "`].")]
                $variant(Arc<super::$type>),
            )+
        }

        impl Object {
            /// Reads an object of a known kind; the fields of the wrong type come beside it.
            pub fn read(kind: Kind, object: &Value, kube_ovn: &KubeOvn) -> (Self, Vec<TypeError>) {
                let errors = TypeErrors::default();
                let reader = Reader::new(object, &errors);
                let read = match kind {
                    $($(Kind::$kind)|+ => Object::$variant(super::$type::read(kind, &reader, kube_ovn).into()),)+
                };
                (read, errors.into_sorted())
            }

            /// The object's metadata.
            pub fn meta(&self) -> &Meta {
                match self {
                    $(Object::$variant(object) => object.meta(),)+
                }
            }

            /// The kind as which it is looked up; none for what rules only review.
            pub(crate) fn looked_up_as(&self) -> Option<Kind> {
                match self {
                    $(Object::$variant(_) => super::$type::LOOKED_UP.map(|_| super::$type::KIND),)+
                }
            }

            /// Whether both are the very same object, and not only equal.
            pub(crate) fn is(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Object::$variant(object), Object::$variant(other)) => Arc::ptr_eq(object, other),)+
                    _ => false,
                }
            }

            /// Each index by which it is found, with its words.
            pub(crate) fn index(&self, each: &mut dyn FnMut(&'static str, &str)) {
                match self {
                    $(Object::$variant(object) => {
                        for index in super::$type::INDEXES {
                            (index.words)(object, &mut |word| each(index.name, word));
                        }
                    })+
                }
            }
        }

        $(impl Typed for super::$type {
            const KINDS: &'static [Kind] = &[$(Kind::$kind),+];

            fn of(object: &Object) -> Option<&Arc<Self>> {
                match object {
                    Object::$variant(object) => Some(object),
                    _ => None,
                }
            }
        })+

        impl Kind {
            /// The fields that are read of an object that is looked up, beside its metadata; none where rules only review
            /// objects of this kind.
            pub fn looked_up(self) -> Option<&'static [&'static str]> {
                match self {
                    $($(Kind::$kind)|+ => super::$type::LOOKED_UP,)+
                }
            }

            /// The parts of an object of this kind that are read, beside its metadata.
            pub fn parts(self) -> &'static [&'static str] {
                match self {
                    $($(Kind::$kind)|+ => super::$type::PARTS,)+
                }
            }

            /// How objects of this kind are looked up.
            pub fn found(self) -> Found {
                match self {
                    $($(Kind::$kind)|+ => super::$type::FOUND,)+
                }
            }
        }
    };
}

for_each_kind!(objects);

impl Kind {
    /// Whether objects of this kind are Pods or make Pods.
    pub fn has_pod_template(self) -> bool {
        PodTemplate::KINDS.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn a_kind_names_the_parts_that_are_read_of_it() {
        // Everything that an object of any kind has at its top, all of the wrong type.
        let tops = [
            "spec",
            "status",
            "data",
            "binaryData",
            "immutable",
            "type",
            "stringData",
            "webhooks",
            "rules",
            "target",
            "endpoints",
            "ports",
            "addressType",
        ];
        let object = Value::Object(Map::from_iter(tops.map(|top| (top.to_owned(), json!(0)))));
        for kind in Kind::ALL {
            let errors = Object::read(*kind, &object, &KubeOvn::default()).1;
            let read: BTreeSet<_> = errors.iter().map(|error| error.field.to_string()).collect();
            let named: BTreeSet<_> = kind.parts().iter().map(|part| (*part).to_owned()).collect();
            assert_eq!(read, named, "{kind}");
        }
    }
}
