//! The Kubewarden policy `nat-gateway-lan-ip`.

vpcguard_guest::policy!(NatGatewayLanIp);
