//! The Kubewarden policy `load-balancers`.

vpcguard_guest::policy!(LoadBalancers);
