//! Objects of the kinds that rules know, and what each type of them says of itself.

use std::sync::Arc;

use serde_json::Value;

use super::table::for_each_kind;
use super::{
    AttachmentDefinition, Binding, ConfigMap, EgressGateway, EndpointSlice, IpPool, IptablesEip, IptablesRule, Kind,
    Meta, Namespace, NatGateway, Node, PodTemplate, Service, ServiceCidr, Subnet, Vip, Vpc,
};
use crate::json::{Reader, TypeError, TypeErrors};
use crate::kinds::KubeOvn;

/// A type of objects: what is read of them, and by what others find them. Written in the file of the kind.
pub trait Resource: Sized + 'static {
    /// The fields that are read of an object that is looked up, beside its metadata; a list under one of them is read whole.
    /// None where rules only review objects of this type.
    const LOOKED_UP: Option<&'static [&'static str]> = None;

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
                #[doc = concat!("As [`", stringify!($type), "`].")]
                $variant(Arc<$type>),
            )+
        }

        impl Object {
            /// Reads an object of a known kind; the fields of the wrong type come beside it.
            pub fn read(kind: Kind, object: &Value, kube_ovn: &KubeOvn) -> (Self, Vec<TypeError>) {
                let errors = TypeErrors::default();
                let reader = Reader::new(object, &errors);
                let read = match kind {
                    $($(Kind::$kind)|+ => Object::$variant($type::read(kind, &reader, kube_ovn).into()),)+
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
                    $(Object::$variant(_) => $type::LOOKED_UP.map(|_| $type::KIND),)+
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
                        for index in $type::INDEXES {
                            (index.words)(object, &mut |word| each(index.name, word));
                        }
                    })+
                }
            }
        }

        $(impl Typed for $type {
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
                    $($(Kind::$kind)|+ => $type::LOOKED_UP,)+
                }
            }

            /// How objects of this kind are looked up.
            pub fn found(self) -> Found {
                match self {
                    $($(Kind::$kind)|+ => $type::FOUND,)+
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
