//! JSON of any depth. An API server stores what is nested thousands of levels deep where a kind lets it, which would end the
//! stack, or else the reading of all objects that are listed with it. No rule reads so far down: there it is null.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep values are read: as deep as in a request, where what is deeper cannot be read at all.
const DEEPEST: usize = 120;

/// What an object counts for, as in a request.
const OBJECT: usize = 5;

/// Reads a value.
#[derive(Clone, Copy)]
pub(super) struct Shallow<'c> {
    levels: usize,
    /// How many values may still be read; where none is left they are null.
    left: &'c Cell<usize>,
}

impl<'c> Shallow<'c> {
    /// Counts down what it reads.
    pub(super) fn counting(left: &'c Cell<usize>) -> Self {
        Self { levels: DEEPEST, left }
    }

    /// For what is one level further down.
    fn below(self) -> Self {
        Self { levels: self.levels.saturating_sub(1), ..self }
    }

    fn count(self, values: usize) {
        self.left.set(self.left.get().saturating_sub(values));
    }
}

impl<'de> DeserializeSeed<'de> for Shallow<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        if self.levels == 0 || self.left.get() == 0 {
            return value.deserialize_ignored_any(IgnoredAny).map(|IgnoredAny| Value::Null);
        }
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shallow<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.below())? {
            self.count(1);
            if self.left.get() > 0 {
                items.push(item);
            }
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        self.count(OBJECT);
        while let Some(key) = map.next_key::<String>()? {
            self.count(if fields.is_empty() { 1 } else { 2 });
            let value = map.next_value_seed(self.below())?;
            if self.left.get() > 0 {
                fields.insert(key, value);
            }
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> serde_json::Result<Value> {
        Shallow::counting(&Cell::new(usize::MAX)).deserialize(&mut serde_json::Deserializer::from_str(text))
    }

    #[test]
    fn what_is_not_deep_is_read_as_it_is() {
        let value = json!({"a": [1, -1, 1.5, null, true, "x\n", {}, []], "": {"b": u64::MAX}});
        assert_eq!(read(&value.to_string()).unwrap(), value);
        assert!(read("{\"a\":").is_err());
    }

    #[test]
    fn what_is_deep_is_read_down_to_where_it_is() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = format!(r#"{{"deep":{}1{},"after":2}}"#, open.repeat(100_000), close.repeat(100_000));
            let value = read(&text).unwrap();
            assert_eq!(value["after"], 2);
            assert!(value["deep"].is_array() || value["deep"].is_object());
        }
    }
}
