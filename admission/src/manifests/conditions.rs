//! The conditions in CEL under which the API server sends a request at all. A request that fails one would be admitted.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::MatchCondition;
use serde_json::Value;
use vpcguard_policies::Settings;
use vpcguard_policies::kinds::REVIEWED_CONFIG_MAPS;

use super::compared::Compared;
use super::namespaces::Names;
use super::{NAME, NAMESPACE};

/// How many annotations are looked at one by one. There may be tens of thousands, and to look at all of those takes the API
/// server longer than a request may take; an object with so many is sent.
const MANY: usize = 1000;

/// A user whom rules do not concern passes.
pub(super) fn user(settings: &Settings) -> MatchCondition {
    not_by(settings.exempt.users.iter())
}

/// Of what is to be removed, all but what is on its way out already, or removed for somebody else.
pub(super) fn deletions(settings: &Settings) -> [MatchCondition; 2] {
    let exempt = &settings.exempt;
    [
        not_by(exempt.users.iter().chain(&exempt.deleters)),
        // It is told by the old version, for whoever removes a whole collection names nothing.
        condition("not-being-deleted", "!has(oldObject.metadata.deletionTimestamp)".to_owned()),
    ]
}

fn not_by<'u>(users: impl Iterator<Item = &'u String>) -> MatchCondition {
    let own = literal(&format!("system:serviceaccount:{NAMESPACE}:{NAME}"));
    let users = users.map(|user| literal(user)).chain([own]);
    condition("user-not-exempt", format!("!(request.userInfo.username in [\n  {}\n])", join(users, ",\n  ")))
}

/// An object that is being deleted passes, where no rule judges it any more.
pub(super) fn not_deleting() -> MatchCondition {
    condition("not-being-deleted", "!has(object.metadata.deletionTimestamp)".to_owned())
}

/// A request that changes nothing that a rule reads passes, as no rule would run on it: an UPDATE, and a CREATE too where
/// all that is read are annotations.
pub(super) fn changed(compared: &BTreeSet<Compared>) -> MatchCondition {
    let (mut terms, mut keys, mut suffixes) = (Vec::new(), Vec::new(), Vec::new());
    for compared in compared {
        match compared {
            Compared::Field(path) => terms.push(field(path)),
            Compared::Annotation(key) => keys.push(literal(key)),
            Compared::AnnotationsEnding(suffix) => suffixes.push(format!("key.endsWith({})", literal(suffix))),
            Compared::AnnotationsHolding(part) => suffixes.push(format!("key.contains({})", literal(part))),
        }
    }
    if !terms.is_empty() {
        terms.insert(0, r#"request.operation == "CREATE""#.to_owned());
    }
    let [new, old, of_version] = ["object", "oldObject", "version"].map(annotations);
    let differ = format!("{new}[?key] !=\n  {old}[?key]");
    let keys = (!keys.is_empty()).then(|| format!("[{}]", keys.join(", ")));
    if suffixes.is_empty() {
        terms.extend(keys.map(|keys| format!("{keys}.exists(key,\n  {differ})")));
    } else {
        let by_key = keys.map(|keys| format!("key in {keys}"));
        let read = join(by_key.into_iter().chain(suffixes), " ||\n   ");
        let either = format!("[object, oldObject].exists(version, {of_version}.orValue({{}})");
        terms.push(format!("{either}.size() > {MANY})"));
        terms.push(format!("{either}.exists(key,\n  ({read}) &&\n  {differ}))"));
    }
    condition("changes-what-rules-read", terms.join(" ||\n"))
}

/// Of all EndpointSlices, only those that a rule may find wrong: with an endpoint of another namespace, or a port without a
/// number. Every controller of Services writes them, all the time.
pub(super) fn endpoint_slices() -> MatchCondition {
    let list = |field: &str| format!("optional.ofNonZeroValue(object.?{field}.orValue([])).orValue([])");
    let target = "optional.ofNonZeroValue(endpoint.?targetRef.orValue({}))";
    let namespace = format!("optional.ofNonZeroValue({target}.?namespace.orValue(\"\"))");
    let foreign = format!("{namespace}.orValue(request.namespace) != request.namespace");
    let numberless = "port.?port.orValue(null) == null";
    condition(
        "foreign-or-without-number",
        format!(
            "{}.exists(endpoint,\n  {foreign}) ||\n{}.exists(port,\n  {numberless})",
            list("endpoints"),
            list("ports")
        ),
    )
}

/// Of all Bindings, only those that give a Pod annotations. Schedulers write none.
pub(super) fn bindings() -> MatchCondition {
    condition("has-annotations", format!("{}.hasValue()", annotations("object")))
}

/// Of all ConfigMaps, only those that Kube-OVN reads.
pub(super) fn config_maps() -> MatchCondition {
    let names = join(REVIEWED_CONFIG_MAPS.iter().map(|name| literal(name)), ", ");
    condition("read-by-kube-ovn", format!("object.metadata.?name.orValue(\"\") in [{names}]"))
}

/// Of all Namespaces, only those of these names. What selects namespaces by label does not for each of their subresources.
pub(super) fn namespaces(names: &Names<'_>) -> MatchCondition {
    // On lines of its own, for the chart to put other names there.
    let list = format!("(object.metadata.?name.orValue(\"\") in\n  {})", Value::from(names.names.clone()));
    condition("namespace", if names.are_meant { list } else { format!("!{list}") })
}

/// The annotations of a version that may be null, as `oldObject` of a CREATE is; nothing where there are none, or null.
fn annotations(version: &str) -> String {
    format!("optional.ofNonZeroValue(optional.ofNonZeroValue({version}).?metadata.?annotations.orValue({{}}))")
}

/// Whether a field differs; one that is absent on both sides does not.
fn field(path: &str) -> String {
    let path = path.replace('.', ".?");
    format!("object.?{path} != oldObject.?{path}")
}

/// A text as CEL has it, which knows all escapes of JSON.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

fn join(texts: impl IntoIterator<Item = String>, between: &str) -> String {
    texts.into_iter().collect::<Vec<_>>().join(between)
}

fn condition(name: &str, expression: String) -> MatchCondition {
    MatchCondition { name: name.to_owned(), expression }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use vpcguard_policies::Kind;

    use super::*;

    fn changed_in(kind: Kind) -> String {
        changed(&Compared::of(kind)).expression
    }

    #[test]
    fn fields_and_annotations_are_compared() {
        assert_eq!(
            changed_in(Kind::Vpc),
            r#"request.operation == "CREATE" ||
object.?metadata.?labels != oldObject.?metadata.?labels ||
object.?spec != oldObject.?spec ||
object.?status != oldObject.?status ||
["ovn.kubernetes.io/vpc_lb", "vpcguard.io/guest-namespaces"].exists(key,
  optional.ofNonZeroValue(optional.ofNonZeroValue(object).?metadata.?annotations.orValue({}))[?key] !=
  optional.ofNonZeroValue(optional.ofNonZeroValue(oldObject).?metadata.?annotations.orValue({}))[?key])"#
        );
    }

    /// As the API server makes `kubernetes` anew, when nobody may answer.
    #[test]
    fn a_new_object_is_left_out_where_annotations_are_all_that_is_read() {
        let expression = changed_in(Kind::Service);
        assert!(!expression.contains("CREATE") && expression.contains(r#""ovn.kubernetes.io/vpc""#), "{expression}");
        for kind in [Kind::Pod, Kind::Subnet, Kind::Deployment, Kind::Namespace, Kind::EndpointSlice] {
            assert!(changed_in(kind).starts_with(r#"request.operation == "CREATE" ||"#), "{kind}");
        }
    }

    #[test]
    fn annotations_are_found_by_the_end_of_their_key() {
        assert_eq!(
            changed_in(Kind::Pod),
            r#"request.operation == "CREATE" ||
object.?metadata.?ownerReferences != oldObject.?metadata.?ownerReferences ||
object.?spec != oldObject.?spec ||
[object, oldObject].exists(version, optional.ofNonZeroValue(optional.ofNonZeroValue(version).?metadata.?annotations.orValue({})).orValue({}).size() > 1000) ||
[object, oldObject].exists(version, optional.ofNonZeroValue(optional.ofNonZeroValue(version).?metadata.?annotations.orValue({})).orValue({}).exists(key,
  (key in ["k8s.v1.cni.cncf.io/networks", "kubevirt.io/migrationJobName", "ovn.kubernetes.io/aaps", "ovn.kubernetes.io/logical_switch", "ovn.kubernetes.io/vip", "v1.multus-cni.io/default-network"] ||
   key.endsWith(".kubernetes.io/allocated") ||
   key.endsWith(".kubernetes.io/cidr") ||
   key.endsWith(".kubernetes.io/default_route") ||
   key.endsWith(".kubernetes.io/egress_burst") ||
   key.endsWith(".kubernetes.io/egress_rate") ||
   key.endsWith(".kubernetes.io/gateway") ||
   key.endsWith(".kubernetes.io/ingress_burst") ||
   key.endsWith(".kubernetes.io/ingress_rate") ||
   key.endsWith(".kubernetes.io/ip_address") ||
   key.endsWith(".kubernetes.io/ip_family") ||
   key.endsWith(".kubernetes.io/ip_pool") ||
   key.endsWith(".kubernetes.io/layer2_forward") ||
   key.endsWith(".kubernetes.io/logical_router") ||
   key.endsWith(".kubernetes.io/logical_switch") ||
   key.endsWith(".kubernetes.io/mac_address") ||
   key.endsWith(".kubernetes.io/port_security") ||
   key.endsWith(".kubernetes.io/port_vips") ||
   key.endsWith(".kubernetes.io/routes") ||
   key.endsWith(".kubernetes.io/security_groups") ||
   key.contains(".kubernetes.io/ip_address.") ||
   key.contains(".kubernetes.io/mac_address.")) &&
  optional.ofNonZeroValue(optional.ofNonZeroValue(object).?metadata.?annotations.orValue({}))[?key] !=
  optional.ofNonZeroValue(optional.ofNonZeroValue(oldObject).?metadata.?annotations.orValue({}))[?key]))"#
        );
    }

    #[test]
    fn namespaces_are_named() {
        let names = |are_meant| namespaces(&Names { are_meant, names: vec!["a", "b"] }).expression;
        assert_eq!(names(true), "(object.metadata.?name.orValue(\"\") in\n  [\"a\",\"b\"])");
        assert_eq!(names(false), "!(object.metadata.?name.orValue(\"\") in\n  [\"a\",\"b\"])");
    }

    #[test]
    fn everything_that_is_compared_stands_in_the_expression() {
        for kind in Kind::ALL {
            let expression = changed_in(*kind);
            for compared in Compared::of(*kind) {
                let (Compared::Annotation(text)
                | Compared::AnnotationsEnding(text)
                | Compared::AnnotationsHolding(text)) = compared
                else {
                    let Compared::Field(path) = compared else { continue };
                    assert!(expression.contains(&field(path)), "{kind}: {path}");
                    continue;
                };
                assert!(expression.contains(&literal(text)), "{kind}: {text}");
            }
        }
    }

    #[test]
    fn a_user_of_the_settings_cannot_break_the_expression() {
        let settings =
            Settings::parse(&json!({"exempt": {"users": ["a\"] || true || \"b\" in [\"", "c\\\n"]}})).unwrap();
        assert_eq!(
            user(&settings).expression,
            "!(request.userInfo.username in [\n  \"a\\\"] || true || \\\"b\\\" in [\\\"\",\n  \"c\\\\\\n\",\n  \
             \"system:serviceaccount:vpcguard-system:vpcguard\"\n])"
        );
    }
}
