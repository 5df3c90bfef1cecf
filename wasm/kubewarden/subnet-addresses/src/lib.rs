//! The Kubewarden policy `subnet-addresses`.

vpcguard_guest::policy!(SubnetAddresses);
