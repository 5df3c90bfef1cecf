//! Points out an object of Kube-OVN's API group that Kube-OVN has no kind for.
//!
//! An API server refuses an object whose kind nobody has defined. A folder of manifests does not: `kind: SubNet` is read,
//! no rule knows it, and whatever is wrong with it goes unseen until somebody applies it. The same is true of
//! another version than `v1`, the only one in which Kube-OVN has ever served its kinds, and of a kind of Kube-OVN in a
//! group that is nearly `kubeovn.io`, as `kube-ovn.io/v1`; a Subnet or Vpc of somebody else's group is left alone. A kind
//! that one release has and another has not is known, so is the `Configuration` of its operator, and so is one that no rule
//! looks at: those are only [counted](check.md#what-is-shown).
//!
//! A webhook is never asked about such objects, so this is for `vpcguard check` and the npm package.
//!
//! ```yaml bad
//! # bad: the kind is called Subnet
//! apiVersion: kubeovn.io/v1
//! kind: SubNet
//! metadata: {name: apps}
//! spec:
//!   cidrBlock: 10.17.0.0/16
//! ```
//!
//! ```yaml good
//! # good
//! apiVersion: kubeovn.io/v1
//! kind: Subnet
//! metadata: {name: apps}
//! spec:
//!   cidrBlock: 10.17.0.0/16
//! ```
//!
//! Correct the kind, the group or the version.

use serde_json::Value;

use crate::kinds::{KUBE_OVN_GROUP, KUBE_OVN_KINDS, KUBE_OVN_VERSION};
use crate::rule::prelude::*;
use crate::text::did_you_mean;

/// The rule.
pub const RULE: Rule = Rule {
    id: "unknown-kind",
    summary: "a kind of kubeovn.io that no release of Kube-OVN has, a version other than v1, or a group that is nearly it",
    default: RuleAction::Warn,
    isolates: false,
    firm: false,
    strict: false,
    policy: Policy::VpcSyntax,
    asks: &[],
    checks: &[Check::Written(check)],
};

/// The group without its top-level domain.
const NAME: &str = "kubeovn";

/// How many letters of the group may be wrong.
const MOST_MISTYPED: usize = 2;

/// Longest group that is compared, in bytes.
const LONGEST_GROUP: usize = 63;

fn check(object: &Value) -> Option<Finding> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let (api_version, kind) = (text("apiVersion")?, text("kind")?);
    let (group, version) = api_version.split_once('/').unwrap_or((api_version, ""));
    if group != KUBE_OVN_GROUP {
        return (KUBE_OVN_KINDS.contains(&kind) && is_nearly_ours(api_version)).then(|| {
            let detail = format!("Kube-OVN has no such group: did you mean \"{KUBE_OVN_GROUP}/{KUBE_OVN_VERSION}\"?");
            Finding::not_found(FieldPath::of("apiVersion"), api_version, detail)
                .help("Correct the group: an API server refuses the object, and no rule has looked at it.")
        });
    }
    if !KUBE_OVN_KINDS.contains(&kind) {
        let question = did_you_mean(kind, KUBE_OVN_KINDS).map(|question| format!(": {question}")).unwrap_or_default();
        let detail = format!("no release of Kube-OVN has a kind of this name{question}");
        let finding = Finding::not_found(FieldPath::of("kind"), kind, detail);
        return Some(finding.help("Correct the kind: an API server refuses the object, and no rule has looked at it."));
    }
    (version != KUBE_OVN_VERSION).then(|| {
        let served = format!("{KUBE_OVN_GROUP}/{KUBE_OVN_VERSION}");
        Finding::not_supported(FieldPath::of("apiVersion"), api_version, &[&served])
            .help("Write the version that Kube-OVN serves.")
    })
}

/// Whether a group, which may have no slash behind it, is the one of Kube-OVN but for a slip: its case, the hyphen of the
/// project's name, a letter or two, the top-level domain, the slash itself. Who really has another group has another name too.
fn is_nearly_ours(api_version: &str) -> bool {
    if api_version.len() > LONGEST_GROUP {
        return false;
    }
    let group = match api_version.split_once('/') {
        Some((group, _)) => group,
        // `kubeovn.io.v1`, `kubeovn.io:v1`
        None => api_version.trim_end_matches(|last: char| last.is_ascii_digit()).trim_end_matches(['v', 'V']),
    };
    let written = group.trim().to_ascii_lowercase().replace(['-', '_', ' '], "");
    let written = written.trim_matches(|end: char| !end.is_ascii_alphanumeric());
    written == NAME || strsim::osa_distance(written, KUBE_OVN_GROUP) <= MOST_MISTYPED
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;
    use crate::review::review_unread;
    use crate::settings::Settings;

    fn said(api_version: &str, kind: &str) -> Option<String> {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
        check(&object).map(|finding| format!("{}: {}", finding.field(), finding.message()))
    }

    #[test]
    fn a_kind_that_no_release_has_is_not_known() {
        let unknown = "no release of Kube-OVN has a kind of this name";
        assert_eq!(
            said("kubeovn.io/v1", "SubNet"),
            Some(format!(r#"kind: Not found: "SubNet": {unknown}: did you mean "Subnet"?"#))
        );
        assert_eq!(said("kubeovn.io/v1", "Widget"), Some(format!(r#"kind: Not found: "Widget": {unknown}"#)));
        assert_eq!(said("kubeovn.io/v2", "Widget"), Some(format!(r#"kind: Not found: "Widget": {unknown}"#)));
        assert!(said("kubeovn.io/v1", &"Subnet".repeat(1000)).unwrap().ends_with(unknown));
        for kind in ["OvnEip", "QoSPolicy", "HtbQos", "RouterLBRule", "Configuration", "Subnet"] {
            assert_eq!(said("kubeovn.io/v1", kind), None, "{kind}");
        }
        assert_eq!(said("ec2.services.k8s.aws/v1alpha1", "SubNet"), None);
        assert_eq!(said("v1", "Secret"), None);
    }

    #[test]
    fn there_is_one_version() {
        for version in ["kubeovn.io/v1beta1", "kubeovn.io/v2", "kubeovn.io/", "kubeovn.io"] {
            let wanted = format!(r#"apiVersion: Unsupported value: "{version}": supported values: "kubeovn.io/v1""#);
            assert_eq!(said(version, "Subnet"), Some(wanted.clone()));
            assert_eq!(said(version, "OvnEip"), Some(wanted));
        }
    }

    #[test]
    fn a_group_that_is_nearly_ours_is_a_slip() {
        for written in [
            "kube-ovn.io/v1",
            "Kubeovn.io/v1",
            "KubeOVN.io/v1",
            "kubeovn.io.v1",
            "kubeovn.io:v1",
            "kubeovn/v1",
            "kube-ovn/v1",
            "kubeovn.com/v1",
            "kubovn.io/v1",
            "kubeonv.io/v1",
            "kube_ovn.io/v1beta1",
            "kubeovn.io./v1",
            " kubeovn.io/v1",
        ] {
            let wanted = format!(
                r#"apiVersion: Not found: "{written}": Kube-OVN has no such group: did you mean "kubeovn.io/v1"?"#
            );
            assert_eq!(said(written, "Subnet"), Some(wanted), "{written}");
            assert_eq!(said(written, "ConfigMap"), None, "{written}");
        }
        // Others have these kinds too, or their own of ours.
        for other in [
            "ec2.aws.crossplane.io/v1beta1",
            "ec2.services.k8s.aws/v1alpha1",
            "compute.gcp.crossplane.io/v1beta1",
            "network.azure.upbound.io/v1beta1",
            "vpc.alibaba.upbound.io/v1alpha1",
            "crd.nsx.vmware.com/v1alpha1",
            "vpc.cloud.ibm.com/v1",
            "k8s.ovn.org/v1",
            "kubeone.k8c.io/v1beta2",
            "kubeedge.io/v1",
            "kubevirt.io/v1",
            "kubeflow.org/v1",
            "kube-vip.io/v1",
            "kubeovn.example.com/v1",
            "submariner.io/v1",
            "cilium.io/v2",
            "x/v1",
            "v1",
            "",
        ] {
            for kind in ["Subnet", "Vpc", "SecurityGroup", "Vip"] {
                assert_eq!(said(other, kind), None, "{other}");
            }
        }
        assert_eq!(said(&"kubeovn.io".repeat(10_000), "Subnet"), None);
    }

    #[test]
    fn settings_say_what_it_does() {
        let object = json!({"apiVersion": "kubeovn.io/v1", "kind": "SubNet", "metadata": {"name": "a"}});
        let counts = |action: &str| {
            let settings = Settings::parse(&json!({"rules": {"unknown-kind": action}})).unwrap();
            let verdict = review_unread(&object, &settings);
            (verdict.allowed, verdict.findings.len(), verdict.warnings.len())
        };
        assert_eq!(counts("deny"), (false, 1, 0));
        assert_eq!(counts("warn"), (true, 0, 1));
        assert_eq!(counts("off"), (true, 0, 0));
    }
}
