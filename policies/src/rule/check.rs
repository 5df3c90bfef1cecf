//! A rule's look at one type of objects.

use serde_json::Value;

use super::{Context, Read};
use crate::finding::Finding;
use crate::inventory::ViewError;
use crate::kinds::{self, Kind, Object, PodTemplate, Typed, for_each_kind};
use crate::request::TypedObject;

/// What a check says: nothing beyond its findings, or that the view could not be read.
pub type Outcome = Result<(), ViewError>;

type CheckOf<T> = fn(&T, &mut Context<'_>) -> Outcome;

macro_rules! checks {
    ($($variant:ident($type:ident) {
        $($(#[$doc:meta])* $kind:ident: $group:literal $version:literal $name:literal $plural:literal $scope:ident;)+
    })+) => {
        /// A rule's look at one type of objects: the fields that it reads there, and what it does with them.
        #[derive(Debug)]
        pub enum Check {
            /// Objects of every kind, all of their fields.
            Any(fn(&TypedObject<'_>, &mut Context<'_>) -> Outcome),
            /// Objects of every kind, those that no rule can read too, as they are written.
            Written(fn(&Value) -> Option<Finding>),
            /// Of what is or makes a Pod, these kinds alone.
            PodOf(&'static [Kind], &'static [Read], CheckOf<PodTemplate>),
            /// What goes, of these kinds.
            Deletion(&'static [Kind], CheckOf<Object>),
            $(
                #[doc = concat!("Whatever is read as [`kinds::", stringify!($type), "`].")]
                $variant(&'static [Read], CheckOf<kinds::$type>),
            )+
        }

        impl Check {
            /// Whether it looks at a kind.
            pub const fn concerns(&self, kind: Kind) -> bool {
                match self {
                    Check::Any(_) | Check::Written(_) => true,
                    Check::PodOf(kinds, ..) | Check::Deletion(kinds, _) => contains(kinds, kind),
                    $(Check::$variant(..) => contains(<kinds::$type as Typed>::KINDS, kind),)+
                }
            }

            /// Whether it looks at what is to be removed, and never at what is to be stored.
            pub fn is_deletion(&self) -> bool {
                matches!(self, Check::Deletion(..))
            }

            /// The fields of which it reads a change; none for those that look at every kind, and at all of it.
            pub fn reads(&self) -> Option<&'static [Read]> {
                match self {
                    Check::Any(_) | Check::Written(_) => None,
                    Check::Deletion(..) => Some(&[]),
                    Check::PodOf(_, reads, _) $(| Check::$variant(reads, _))+ => Some(reads),
                }
            }

            /// Looks at an object, if it is one of those that it looks at.
            pub(crate) fn run(&self, version: &TypedObject<'_>, context: &mut Context<'_>) -> Outcome {
                match (self, &version.object) {
                    (Check::Any(check), _) => check(version, context),
                    (Check::Written(check), _) => {
                        if let Some(finding) = check(&version.json) {
                            context.deny(finding);
                        }
                        Ok(())
                    }
                    (Check::PodOf(kinds, _, check), Object::Pod(pod)) if kinds.contains(&pod.kind) => check(pod, context),
                    (Check::Deletion(_, check), object) => check(object, context),
                    $((Check::$variant(_, check), Object::$variant(object)) => check(object, context),)+
                    _ => Ok(()),
                }
            }
        }
    };
}

for_each_kind!(checks);

/// `contains`, which is not const.
const fn contains(mut kinds: &[Kind], kind: Kind) -> bool {
    while let [first, rest @ ..] = kinds {
        if *first as u8 == kind as u8 {
            return true;
        }
        kinds = rest;
    }
    false
}
