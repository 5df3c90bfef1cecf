//! A page of a list. Each object is taken apart when it is its turn, and gone before the next one is: as values they take many
//! times their bytes.

use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::object::RawObject;
use super::shallow::Shallow;

/// What a list says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    #[serde(rename = "continue")]
    pub(super) next: Option<String>,
    pub(super) resource_version: Option<String>,
}

/// An object that holds too many values.
#[derive(Debug, thiserror::Error)]
#[error("{name} is not judged: it holds more than {most} values")]
pub(crate) struct TooMany {
    name: String,
    most: usize,
}

/// Reads a page, and hands out its objects.
pub(super) fn read(
    page: &[u8],
    most_values: usize,
    take: &mut impl FnMut(Result<RawObject, TooMany>),
) -> serde_json::Result<Metadata> {
    Page { most_values, take }.deserialize(&mut serde_json::Deserializer::from_slice(page))
}

struct Page<'t, F> {
    most_values: usize,
    take: &'t mut F,
}

/// The list in it.
struct Items<'t, F>(Page<'t, F>);

/// One of them.
struct Item(usize);

impl<'de, F: FnMut(Result<RawObject, TooMany>)> DeserializeSeed<'de> for Page<'_, F> {
    type Value = Metadata;

    fn deserialize<D: Deserializer<'de>>(self, page: D) -> Result<Metadata, D::Error> {
        page.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Result<RawObject, TooMany>)> Visitor<'de> for Page<'_, F> {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let Self { most_values, take } = self;
        let mut metadata = Metadata::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "metadata" => metadata = map.next_value()?,
                "items" => map.next_value_seed(Items(Page { most_values, take: &mut *take }))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(metadata)
    }
}

impl<'de, F: FnMut(Result<RawObject, TooMany>)> DeserializeSeed<'de> for Items<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, items: D) -> Result<(), D::Error> {
        items.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Result<RawObject, TooMany>)> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Page { most_values, take } = self.0;
        while let Some(item) = items.next_element_seed(Item(most_values))? {
            take(item);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Item {
    type Value = Result<RawObject, TooMany>;

    fn deserialize<D: Deserializer<'de>>(self, item: D) -> Result<Self::Value, D::Error> {
        let left = Cell::new(self.0);
        let object = RawObject(Shallow::counting(&left).deserialize(item)?);
        // What is missing of it comes after its name.
        Ok(if left.get() > 0 { Ok(object) } else { Err(TooMany { name: object.full_name(), most: self.0 }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with an object of so many values, and a small one.
    fn page(values: usize) -> String {
        let items = format!(
            r#"[{{"metadata":{{"namespace":"ns","name":"a"}},"spec":[{}0]}},{{"metadata":{{"name":"b"}}}}]"#,
            "0,".repeat(values)
        );
        format!(r#"{{"kind":"PodList","items":{items},"metadata":{{"continue":"x","resourceVersion":"7"}}}}"#)
    }

    fn names(page: &str, most_values: usize) -> Vec<String> {
        let mut names = Vec::new();
        let metadata = read(page.as_bytes(), most_values, &mut |object: Result<RawObject, TooMany>| {
            names.push(object.map_or_else(|too_many| too_many.to_string(), |object| object.full_name()));
        });
        let Metadata { next, resource_version } = metadata.unwrap();
        assert_eq!((next.as_deref(), resource_version.as_deref()), (Some("x"), Some("7")));
        names
    }

    #[test]
    fn an_object_of_too_many_values_is_named_and_the_next_one_is_read() {
        assert_eq!(names(&page(1000), 2000), ["ns/a", "b"]);
        assert_eq!(names(&page(1000), 900), ["ns/a is not judged: it holds more than 900 values", "b"]);
        assert_eq!(names(&page(1000), usize::MAX), ["ns/a", "b"]);
    }

    #[test]
    fn a_list_may_have_no_items() {
        let none = |_: Result<RawObject, TooMany>| panic!("an object");
        for page in [r#"{"metadata":{}}"#, r#"{"items":null,"metadata":{}}"#, r#"{"items":[],"metadata":{}}"#] {
            assert!(read(page.as_bytes(), 10, &mut none.clone()).is_ok(), "{page}");
        }
        assert!(read(br#"{"items":5}"#, 10, &mut none.clone()).is_err());
    }
}
