//! The Kubewarden policy `network-references`.

vpcguard_guest::policy!(NetworkReferences);
