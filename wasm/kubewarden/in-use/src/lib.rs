//! The Kubewarden policy `in-use`.

vpcguard_guest::policy!(InUse);
