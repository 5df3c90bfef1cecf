//! The Kubewarden policy `subnet-overlap`.

vpcguard_guest::policy!(SubnetOverlap);
