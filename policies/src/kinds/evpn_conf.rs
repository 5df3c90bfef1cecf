//! A network of other routers that gateways are in.

use super::{Kind, KubeOvn, Meta, Resource};
use crate::json::Reader;

/// An `EvpnConf`, of which only the name is looked for.
#[derive(Clone, Debug, Default)]
pub struct EvpnConf {
    /// The metadata.
    pub meta: Meta,
}

impl Resource for EvpnConf {
    const PARTS: &'static [&'static str] = &[];
    const LOOKED_UP: Option<&'static [&'static str]> = Some(&[]);

    fn read(_: Kind, object: &Reader, _: &KubeOvn) -> Self {
        Self { meta: Meta::read(object) }
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }
}
