use vpcguard_check::Format;

use super::{FILES, RENDERED, live, report};

#[test]
fn what_was_rendered_is_annotated_at_its_template() {
    let text = report(&[("<stdin>", RENDERED)]).render(Format::Github, false);
    let wanted = "\
::error file=net/templates/b.yaml,title=subnet-cidr-overlap%3A Subnet \"b\"::\
spec.cidrBlock: Invalid value: \"10.0.0.0/16\": overlaps Subnet \"a\" (10.0.4.0/24) in VPC \"v\"%0A\
help: 10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC \"v\".%0A\
related: Subnet \"a\" spec.cidrBlock (<stdin>:6:27)%0A\
source: net/templates/b.yaml%0A\
at: <stdin>:12:27
3 objects in 1 file: 1 denied, 0 warned
";
    assert_eq!(text, wanted);
    // Whoever has the output as a file has its lines too.
    let text = report(&[("out.yaml", RENDERED)]).render(Format::Github, false);
    assert!(text.starts_with("::error file=out.yaml,line=12,"), "{text}");
}

#[test]
fn annotations_stand_at_their_places() {
    let wanted = "\
::error file=net/a.yaml,line=13,col=27,endLine=13,endColumn=38,title=subnet-cidr-overlap%3A Subnet \"b\"::\
spec.cidrBlock: Invalid value: \"10.0.0.0/16\": overlaps Subnet \"a\" (10.0.4.0/24) in VPC \"v\"%0A\
help: 10.1.0.0/16, 10.2.0.0/16 and 10.3.0.0/16 are free in VPC \"v\".%0A\
related: Subnet \"a\" spec.cidrBlock (./net/a.yaml:8:27)
::warning file=net/b.yaml,line=1,col=79,endLine=1,endColumn=83,title=missing-reference%3A IPPool \"p\"::\
spec.subnet: \"gone\": there is no Subnet of this name%0A\
help: Create the Subnet first, or correct the name.
::notice file=net/a.yaml,line=3,col=61,endLine=3,endColumn=66,title=inject-vpc-lb%3A Vpc \"v\"::\
metadata.annotations[ovn.kubernetes.io/vpc_lb]: \"on\" is injected: Kube-OVN takes \"yes\" for off, whatever it means
::error file=net/c.yaml,line=1,col=1,title=cannot be read::\
not a Kubernetes object: it needs apiVersion, metadata.name (a string)
4 objects in 3 files: 1 denied, 1 warned, 1 error
";
    assert_eq!(report(FILES).render(Format::Github, true), wanted);
}

#[test]
fn what_is_in_no_file_is_annotated_without_one() {
    let text = live().render(Format::Github, false);
    let first = "::error title=subnet-cidr-overlap%3A Subnet \"a\"::spec.cidrBlock: Invalid value: ";
    assert!(text.starts_with(first), "{text}");
    assert!(text.ends_with("\n3 objects: 2 denied, 0 warned\n") && !text.contains("file="), "{text}");

    let subnet = "{apiVersion: kubeovn.io/v1, kind: Subnet, metadata: {name: a}, spec: {cidrBlock: 10.0.0.0/33}}";
    let text = report(&[("<stdin>", &format!("{subnet}\n---\na: ["))]).render(Format::Github, false);
    assert!(text.starts_with("::error title=subnet-syntax%3A Subnet \"a\"::"), "{text}");
    assert!(text.contains("%0Aat: <stdin>:1:82\n") && text.contains("%0Aat: <stdin>:3:4\n"), "{text}");
}

#[test]
fn what_was_not_judged_is_said_once_for_each_rule() {
    let subnet = |at: usize| {
        format!(
            "---\napiVersion: kubeovn.io/v1\nkind: Subnet\nmetadata: {{name: s{at}}}\n\
             spec: {{cidrBlock: 10.{at}.0.0/16}}\n"
        )
    };
    let text = report(&[("a.yaml", &format!("{}{}", subnet(1), subnet(2)))]).render(Format::Github, false);
    let wanted = "\
::notice title=subnet-cidr-reserved::2 objects were not judged by this rule: it needs Nodes; pass --cluster, or --state FILE with them
::notice title=subnet-cidr-reserved::2 objects were not judged by this rule: it needs ServiceCIDRs; pass --cluster, or --state FILE with them
2 objects in 1 file: 0 denied, 0 warned
";
    assert_eq!(text, wanted);
}
