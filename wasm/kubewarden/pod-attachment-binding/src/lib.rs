//! The Kubewarden policy `pod-attachment-binding`.

vpcguard_guest::policy!(PodAttachmentBinding);
