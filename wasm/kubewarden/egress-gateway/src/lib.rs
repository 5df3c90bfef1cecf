//! The Kubewarden policy `egress-gateway`.

vpcguard_guest::policy!(EgressGateway);
