//! The Kubewarden policy `vpc-syntax`.

vpcguard_guest::policy!(VpcSyntax);
