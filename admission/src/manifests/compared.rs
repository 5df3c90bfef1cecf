//! What of an object two versions are compared by, so that an UPDATE that no rule looks at is not sent.

use std::collections::BTreeSet;

use vpcguard_policies::kinds::is_built_in;
use vpcguard_policies::rule::Check;
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::{Kind, Read};

/// The labels, which are compared as a whole.
const LABELS: &str = "metadata.labels";

/// A part of an object that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Compared {
    /// A field, and all within it.
    Field(&'static str),
    /// An annotation.
    Annotation(&'static str),
    /// The annotations whose keys end so.
    AnnotationsEnding(&'static str),
    /// The annotations whose keys hold this.
    AnnotationsHolding(&'static str),
}

impl Compared {
    /// What is compared of a kind: all that a rule of the table reads.
    ///
    /// `vpcguard.io/allow` is not among it, although a review reads it: it only spares what a rule finds, and where nothing
    /// that a rule reads has changed, none runs. With a change that a rule reads, the annotation comes along.
    pub(super) fn of(kind: Kind) -> BTreeSet<Self> {
        let checks = || TABLE.iter().flat_map(|rule| rule.checks).filter(|check| check.concerns(kind));
        let named = checks().filter_map(Check::reads).flatten().filter_map(|read| Self::for_read(kind, *read));
        let typed = checks().filter(|check| check.reads().is_none()).flat_map(|_| typed_fields(kind));
        let all: BTreeSet<_> = named.chain(typed.copied().map(Compared::Field)).collect();
        let is_within = |other: Self, whole: &Self| match (other, whole) {
            (Compared::Field(path), Compared::Field(whole)) => {
                path.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'))
            }
            _ => false,
        };
        all.iter().copied().filter(|compared| !all.iter().any(|whole| is_within(*compared, whole))).collect()
    }

    /// What shows a change of what is read; nothing for what does not change.
    fn for_read(kind: Kind, read: Read) -> Option<Self> {
        match read {
            Read::Field("metadata.name") => None,
            // Controllers write the numbers of replicas, and `scale` is not asked about: the next change of the Pod shows them.
            Read::Field(path) if is_scale(kind, path) => None,
            // Nor about what controllers write on a workload itself, such as its revision: what is read there is a hint, which
            // its creation and the next change of the template give.
            Read::Field(path) if is_own_annotation(kind, path) => None,
            Read::Label(_) | Read::Labels => Some(Compared::Field(LABELS)),
            // Of a workload its Pod alone.
            Read::PodField(_)
            | Read::PodAnnotation(_)
            | Read::PodAnnotationsEnding(_)
            | Read::PodAnnotationsHolding(_)
                if !kind.pod_path().is_empty() =>
            {
                Some(Compared::Field(template(kind.pod_path())))
            }
            Read::MachineNetworks => {
                matches!(kind, Kind::VirtualMachine | Kind::VirtualMachineInstance).then_some(Compared::Field("spec"))
            }
            Read::Field(path) | Read::PodField(path) => Some(Compared::Field(whole(path))),
            Read::Annotation(key) | Read::PodAnnotation(key) => Some(Compared::Annotation(key)),
            Read::AnnotationsEnding(suffix) | Read::PodAnnotationsEnding(suffix) => {
                Some(Compared::AnnotationsEnding(suffix))
            }
            Read::PodAnnotationsHolding(part) => Some(Compared::AnnotationsHolding(part)),
        }
    }
}

/// Whether it is how many Pods a workload has.
fn is_scale(kind: Kind, path: &str) -> bool {
    !kind.pod_path().is_empty() && matches!(path, "spec.replicas" | "spec.parallelism")
}

/// Whether these are the annotations of a workload, and not of its Pods.
fn is_own_annotation(kind: Kind, path: &str) -> bool {
    !kind.pod_path().is_empty() && path == "metadata.annotations"
}

/// What a field is compared with: all of `spec` or `data`, which is one short comparison for all rules.
fn whole(path: &'static str) -> &'static str {
    let top = path.split('.').next().unwrap_or(path);
    if top == "metadata" { path } else { top }
}

/// `spec.template`, or what in `spec` holds it.
fn template(pod_path: &'static str) -> &'static str {
    let end = pod_path.match_indices('.').nth(1).map_or(pod_path.len(), |(at, _)| at);
    pod_path.get(..end).unwrap_or(pod_path)
}

/// The parts of a kind that are read by type, which is all that a check of every kind looks at. Labels and annotations are
/// left out: that they are strings, the API server itself sees to, in custom resources too.
fn typed_fields(kind: Kind) -> &'static [&'static str] {
    if is_built_in(kind.group()) { &[] } else { kind.parts() }
}

#[cfg(test)]
mod tests {
    use vpcguard_policies::kinds::{ALLOW, GUEST_NAMESPACES, LOGICAL_SWITCH, LOGICAL_SWITCH_SUFFIX, VPC_LB};

    use super::*;

    /// Whether a change of what is read always shows.
    fn covers(compared: &BTreeSet<Compared>, kind: Kind, read: Read) -> bool {
        let within = |path: &str, field: &str| path == field || path.starts_with(&format!("{field}."));
        let is_pod = kind.pod_path().is_empty();
        compared.iter().any(|compared| match (*compared, read) {
            (Compared::Field(field), Read::Field(path)) => within(path, field),
            (Compared::Field(field), Read::PodField(path)) if is_pod => within(path, field),
            (Compared::Field(field), Read::Label(_) | Read::Labels) => field == LABELS,
            (
                Compared::Field(field),
                Read::PodField(_)
                | Read::PodAnnotation(_)
                | Read::PodAnnotationsEnding(_)
                | Read::PodAnnotationsHolding(_),
            ) => !is_pod && within(kind.pod_path(), field),
            (Compared::Annotation(key), Read::Annotation(read)) => key == read,
            (Compared::Annotation(key), Read::PodAnnotation(read)) => is_pod && key == read,
            (Compared::AnnotationsEnding(suffix), Read::AnnotationsEnding(read)) => read.ends_with(suffix),
            (Compared::AnnotationsEnding(suffix), Read::PodAnnotationsEnding(read)) => is_pod && read.ends_with(suffix),
            (Compared::AnnotationsHolding(part), Read::PodAnnotationsHolding(read)) => is_pod && read == part,
            _ => false,
        })
    }

    #[test]
    fn no_rule_reads_what_is_not_compared() {
        for rule in TABLE {
            for kind in rule.kinds() {
                let compared = Compared::of(kind);
                for check in rule.checks.iter().filter(|check| check.concerns(kind)) {
                    for read in check.reads().into_iter().flatten() {
                        let is_machine = matches!(kind, Kind::VirtualMachine | Kind::VirtualMachineInstance);
                        let is_left_out = matches!(
                            read, Read::Field(path) if is_scale(kind, path) || is_own_annotation(kind, path)
                        );
                        let fixed = *read == Read::Field("metadata.name")
                            || is_left_out
                            || (*read == Read::MachineNetworks
                                && (!is_machine || compared.contains(&Compared::Field("spec"))));
                        assert!(fixed || covers(&compared, kind, *read), "{} of {kind}: {read:?}", rule.id);
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_is_read_is_compared() {
        for kind in Kind::ALL {
            let checks = TABLE.iter().flat_map(|rule| rule.checks).filter(|check| check.concerns(*kind));
            let reads: Vec<_> = checks.filter_map(Check::reads).flatten().collect();
            for compared in Compared::of(*kind) {
                let is_typed = typed_fields(*kind).iter().any(|part| compared == Compared::Field(part));
                let is_read = |read: &&Read| {
                    covers(&BTreeSet::from([compared]), *kind, **read)
                        || (**read == Read::MachineNetworks && compared == Compared::Field("spec"))
                };
                assert!(is_typed || reads.iter().any(is_read), "{compared:?} of {kind}");
            }
        }
    }

    #[test]
    fn a_part_is_compared_as_far_as_it_is_read() {
        let of = |kind| Compared::of(kind).into_iter().collect::<Vec<_>>();
        let [labels, spec] = ["metadata.labels", "spec"].map(Compared::Field);
        assert_eq!(of(Kind::Deployment), [Compared::Field("spec.template")]);
        assert_eq!(of(Kind::CronJob), [Compared::Field("spec.jobTemplate")]);
        assert_eq!(of(Kind::VirtualMachine), [spec]);
        let [lb, guests, switch] = [VPC_LB, GUEST_NAMESPACES, LOGICAL_SWITCH].map(Compared::Annotation);
        for (kind, read) in [
            (Kind::Subnet, [spec].as_slice()),
            (Kind::Vpc, &[labels, spec, lb, guests]),
            (Kind::Namespace, &[labels, switch]),
            (Kind::ConfigMap, &[Compared::Field("data")]),
        ] {
            assert!(read.iter().all(|part| of(kind).contains(part)), "{kind}: {:?}", of(kind));
        }
        let is_annotation =
            |compared: &Compared| matches!(compared, Compared::Annotation(_) | Compared::AnnotationsEnding(_));
        assert!(of(Kind::Service).iter().all(is_annotation));
        assert!(of(Kind::VpcNatGateway).contains(&Compared::Field("status")));
        for kind in [Kind::Pod, Kind::Service] {
            assert!(of(kind).contains(&Compared::AnnotationsEnding(LOGICAL_SWITCH_SUFFIX)), "{kind}");
        }
        assert!(Kind::ALL.iter().all(|kind| !of(*kind).contains(&Compared::Annotation(ALLOW))));
    }
}
