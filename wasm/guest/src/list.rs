//! Reads a list of objects one after the other: ten thousand Subnets at once would not fit.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Fields of a map, and of each the fields within; where none are named, all of it.
struct Fields(&'static [(&'static str, Fields)]);

const ALL: Fields = Fields(&[]);

/// What is read of an object. All else is passed over, above all `managedFields`, which are larger than the rest.
static OBJECT: Fields = Fields(&[
    ("data", ALL),
    (
        "metadata",
        Fields(&[("annotations", ALL), ("deletionTimestamp", ALL), ("labels", ALL), ("name", ALL), ("namespace", ALL)]),
    ),
    ("spec", ALL),
    ("status", ALL),
]);

impl<'de> DeserializeSeed<'de> for &Fields {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        if self.0.is_empty() { Value::deserialize(value) } else { value.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for &Fields {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            match self.0.iter().find(|(name, _)| *name == key) {
                Some((_, fields)) => drop(read.insert(key, entries.next_value_seed(fields)?)),
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(read))
    }
}

/// Reads an object in JSON.
pub(crate) fn object(json: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let object = whole(OBJECT.deserialize(&mut reader)?)?;
    reader.end()?;
    Ok(object)
}

/// Something else in JSON is not an object.
fn whole<E: Error>(object: Value) -> Result<Value, E> {
    if object.get("metadata").is_some() { Ok(object) } else { Err(E::missing_field("metadata")) }
}

/// Reads a list in JSON, and hands each of its items on.
pub(crate) fn each(json: &[u8], take: impl FnMut(Value)) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    List(take).deserialize(&mut reader)?;
    reader.end()
}

struct List<F>(F);

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for List<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<(), D::Error> {
        list.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for List<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let mut has_items = false;
        while let Some(key) = fields.next_key::<String>()? {
            if key == "items" {
                has_items = true;
                fields.next_value_seed(Items(&mut self.0))?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        // An answer that is not a list is not an empty list.
        if has_items { Ok(()) } else { Err(Error::missing_field("items")) }
    }
}

struct Items<'f, F>(&'f mut F);

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for Items<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, items: D) -> Result<(), D::Error> {
        items.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element_seed(&OBJECT)? {
            (self.0)(whole(item)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_one_after_the_other_without_what_is_not_read() {
        let list = br#"{"kind": "List", "metadata": {}, "items": [
            {"metadata": {"name": "a", "managedFields": [{}]}, "spec": {"x": 1}}, {"metadata": {"name": "b"}}]}"#;
        let mut names = Vec::new();
        each(list, |item| {
            assert_eq!(item.pointer("/metadata/managedFields"), None);
            names.push(item["metadata"]["name"].clone());
        })
        .unwrap();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for json in [
            "[]",
            "{}",
            "null",
            r#"{"items": null}"#,
            r#"{"items": [1]}"#,
            r#"{"items": [{}]}"#,
            r#"{"items": []} x"#,
            "{",
        ] {
            assert!(each(json.as_bytes(), |_| {}).is_err(), "{json}");
        }
        assert!(object(b"[]").is_err() && object(b"{}").is_err());
    }
}
