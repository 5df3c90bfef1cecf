//! The Kubewarden policy `vpc-namespace-binding`.

vpcguard_guest::policy!(VpcNamespaceBinding);
