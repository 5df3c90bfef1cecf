//! The Kubewarden policy `vpc-injector`.

vpcguard_guest::policy!(VpcInjector);
