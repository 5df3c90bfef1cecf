//! What a request is called and what it is about, from the first bytes of a body of which the rest may never come.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::sub_resource::judged_as;
use super::{Operation, Request};
use crate::kinds::Kind;

/// How much of a body is looked at.
///
/// The API server writes the fields of an AdmissionReview in the order of their declaration in Go: kind and apiVersion, then
/// of the request uid, kind, resource, subResource, requestKind, requestResource, requestSubResource, name, namespace,
/// operation, and only then who asks and the objects. A user chooses the name alone, of which 253 bytes are valid, so all that
/// is sought stands in the first 900 bytes or so. A longer name hides the operation, and never the uid and the kind.
const SOUGHT_IN: usize = 1024;

/// The beginning of a request: enough to answer it where it cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the API server calls this request; never empty.
    pub uid: String,
    /// The kind of the object.
    pub about: About,
    /// What is asked; none where it is not told.
    pub operation: Option<Operation>,
}

/// What a request is about, as far as its beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A kind that rules know.
    Kind(Kind),
    /// Something else, or a subresource that changes nothing that a rule reads.
    Else,
    /// It is not told.
    Untold,
}

impl Head {
    /// How much of a body [`Head::read`] looks at.
    pub const SOUGHT_IN: usize = SOUGHT_IN;

    /// Reads the beginning of a body. None where it has no uid within its first KiB, or says that it is not an AdmissionReview of
    /// the version that can be answered.
    pub fn read(body: &[u8]) -> Option<Self> {
        let body = body.get(..SOUGHT_IN).unwrap_or(body);
        let mut told = Told::default();
        let walk = Walk { told: &mut told, place: Place::Review };
        // It ends in the middle, most likely. What has been told until then is kept.
        let _ = walk.deserialize(&mut serde_json::Deserializer::from_slice(body));
        told.into_head()
    }
}

impl From<&Request> for Head {
    fn from(request: &Request) -> Self {
        let about = request.kind.map_or(About::Else, About::Kind);
        Self { uid: request.uid.clone(), about, operation: Some(request.operation) }
    }
}

/// The texts that are sought.
#[derive(Debug, Default)]
struct Told {
    review_kind: Option<String>,
    api_version: Option<String>,
    uid: Option<String>,
    group: Option<String>,
    kind: Option<String>,
    sub_resource: Option<String>,
    operation: Option<String>,
}

impl Told {
    fn into_head(self) -> Option<Head> {
        let is_other = |told: Option<String>, wanted| told.is_some_and(|told| told != wanted);
        if is_other(self.review_kind, "AdmissionReview") || is_other(self.api_version, "admission.k8s.io/v1") {
            return None;
        }
        let sub_resource = self.sub_resource.unwrap_or_default();
        let about = match (self.group, self.kind) {
            (Some(group), Some(kind)) => judged_as(&group, &kind, &sub_resource).map_or(About::Else, About::Kind),
            _ => About::Untold,
        };
        let operation = self.operation.and_then(|name| Operation::of_review(&name));
        Some(Head { uid: self.uid.filter(|uid| !uid.is_empty())?, about, operation })
    }
}

/// Where in a review a value stands.
#[derive(Clone, Copy)]
enum Place {
    Review,
    Request,
    Kind,
    /// One of the texts.
    Text(fn(&mut Told) -> &mut Option<String>),
    /// Of no interest.
    Elsewhere,
}

impl Place {
    fn below(self, key: &str) -> Self {
        match (self, key) {
            (Place::Review, "kind") => Place::Text(|told| &mut told.review_kind),
            (Place::Review, "apiVersion") => Place::Text(|told| &mut told.api_version),
            (Place::Review, "request") => Place::Request,
            (Place::Request, "uid") => Place::Text(|told| &mut told.uid),
            (Place::Request, "kind") => Place::Kind,
            (Place::Request, "subResource") => Place::Text(|told| &mut told.sub_resource),
            (Place::Request, "operation") => Place::Text(|told| &mut told.operation),
            (Place::Kind, "group") => Place::Text(|told| &mut told.group),
            (Place::Kind, "kind") => Place::Text(|told| &mut told.kind),
            _ => Place::Elsewhere,
        }
    }
}

/// Goes through a value, and keeps the texts as it passes them.
struct Walk<'t> {
    told: &'t mut Told,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        match self.place {
            Place::Elsewhere => value.deserialize_ignored_any(IgnoredAny).map(drop),
            Place::Review | Place::Request | Place::Kind | Place::Text(_) => value.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    // What has another type than it should have tells nothing, and what comes after it tells as much as ever.

    fn visit_unit<E>(self) -> Result<(), E> {
        if let Place::Text(text) = self.place {
            *text(self.told) = None;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, told: &str) -> Result<(), E> {
        if let Place::Text(text) = self.place {
            *text(self.told) = Some(told.to_owned());
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(Walk { told: &mut *self.told, place: self.place.below(&key) })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the API server begins, with the longest valid names.
    fn sent(operation: &str) -> String {
        let kind = r#"{"group":"kubeovn.io","version":"v1","kind":"VpcEgressGateway"}"#;
        let resource = r#"{"group":"kubeovn.io","version":"v1","resource":"vpc-egress-gateways"}"#;
        let (name, namespace) = ("n".repeat(253), "s".repeat(63));
        format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","kind":{kind},"resource":{resource},"requestKind":{kind},"requestResource":{resource},"name":"{name}","namespace":"{namespace}","operation":"{operation}","userInfo":{{"username":"me"}},"object":{{"kind":"VpcEgressGateway","spec":{{"#
        )
    }

    #[test]
    fn all_that_is_sought_stands_in_the_beginning() {
        let sent = sent("UPDATE") + &"x".repeat(5000);
        let uid = "705ab4f5-6393-11e8-b7cc-42010a800002".to_owned();
        let about = About::Kind(Kind::VpcEgressGateway);
        assert_eq!(Head::read(sent.as_bytes()), Some(Head { uid, about, operation: Some(Operation::Update) }));
    }

    #[test]
    fn every_beginning_tells_as_much_as_it_holds() {
        let sent = sent("CREATE");
        let ends_after = |text: &str| sent.find(text).unwrap() + text.len();
        let (uid, kind, operation) =
            (ends_after("42010a800002\""), ends_after("VpcEgressGateway\""), ends_after("\"CREATE\""));
        for end in 0..sent.len() {
            let head = Head::read(&sent.as_bytes()[..end]);
            assert_eq!(head.is_some(), end >= uid, "{end}");
            let Some(head) = head else { continue };
            let about = if end >= kind { About::Kind(Kind::VpcEgressGateway) } else { About::Untold };
            assert_eq!(head.about, about, "{end}");
            assert_eq!(head.operation.is_some(), end >= operation, "{end}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_hides_the_operation_alone() {
        let sent = sent("DELETE").replace("nnnn", &"\\u003c".repeat(200));
        let head = Head::read(sent.as_bytes()).unwrap();
        assert_eq!((head.about, head.operation), (About::Kind(Kind::VpcEgressGateway), None));
    }

    #[test]
    fn what_stands_elsewhere_is_not_taken() {
        let head = |request: &str| Head::read(format!(r#"{{"request":{{{request}}}}}"#).as_bytes());
        let pod = r#""kind":{"group":"","version":"v1","kind":"Pod"}"#;
        let told =
            head(&format!(r#""uid":"u",{pod},"operation":"CREATE","object":{{"uid":"x","kind":"Vpc"}}"#)).unwrap();
        assert_eq!((told.uid.as_str(), told.about), ("u", About::Kind(Kind::Pod)));
        // A name may hold whatever its author likes.
        let told =
            head(&format!(r#""uid":"u",{pod},"name":"\",\"operation\":\"DELETE","operation":"UPDATE""#)).unwrap();
        assert_eq!(told.operation, Some(Operation::Update));
        let about = |more: &str| head(&format!(r#""uid":"u",{more},"operation":"CREATE""#)).unwrap().about;
        assert_eq!(about(r#""kind":{"group":"","version":"v1","kind":"Pod"},"subResource":"resize""#), About::Else);
        assert_eq!(
            about(r#""kind":{"group":"","version":"v1","kind":"Pod"},"subResource":"status""#),
            About::Kind(Kind::Pod)
        );
        assert_eq!(
            about(r#""kind":{"group":"","version":"v1","kind":"Pod"},"subResource":null"#),
            About::Kind(Kind::Pod)
        );
        assert_eq!(about(r#""kind":{"group":"apps","version":"v1","kind":"Pod"}"#), About::Else);
        assert_eq!(about(r#""kind":{"version":"v1","kind":"Pod"}"#), About::Untold);
        assert_eq!(about(r#""kind":"Pod""#), About::Untold);
        // Whatever has another type hides itself alone.
        for odd in ["5", "-1", "1.5", "true", "null", "\"x\"", "[[{}]]", r#"{"kind":{}}"#] {
            let told = head(&format!(r#""kind":{odd},"subResource":{odd},"operation":{odd},"uid":"u""#)).unwrap();
            assert_eq!((told.about, told.operation), (About::Untold, None), "{odd}");
        }
        assert_eq!(head(r#""uid":"u","operation":"PATCH""#).unwrap().operation, None);
    }

    #[test]
    fn what_has_no_uid_has_no_head() {
        for body in [
            "",
            "{",
            "[]",
            "hello",
            "{}",
            r#"{"request":null}"#,
            r#"{"request":{"uid":""}}"#,
            r#"{"request":{"uid":5}}"#,
            r#"{"request":5}"#,
            r#"{"request":["uid","u"]}"#,
            r#"{"request":{"uid":"half"#,
            r#"{"kind":"Subnet","request":{"uid":"u"}}"#,
            r#"{"apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"u"}}"#,
        ] {
            assert_eq!(Head::read(body.as_bytes()), None, "{body}");
        }
        let late = format!(r#"{{"request":{{"object":"{}","uid":"u"}}}}"#, "x".repeat(SOUGHT_IN));
        assert_eq!(Head::read(late.as_bytes()), None);
        assert!(Head::read(b"{\"request\":{\"name\":\"\xff\",\"uid\":\"u\"}}").is_some());
    }
}
