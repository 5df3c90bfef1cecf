//! The Kubewarden policy `ovn-match`.

vpcguard_guest::policy!(OvnMatch);
