//! The Kubewarden policy `attachments`.

vpcguard_guest::policy!(Attachments);
