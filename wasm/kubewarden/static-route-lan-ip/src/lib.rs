//! The Kubewarden policy `static-route-lan-ip`.

vpcguard_guest::policy!(StaticRouteLanIp);
