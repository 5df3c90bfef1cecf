//! The Kubewarden policy `nat-rules`.

vpcguard_guest::policy!(NatRules);
