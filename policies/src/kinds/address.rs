//! A text that holds addresses in a comma list, an address family each.

use std::net::IpAddr;

use crate::json::Reader;
use crate::net::parse_ip;

/// A comma list of addresses, as it was written and as it reads.
#[derive(Clone, Debug, Default)]
pub struct AddressList {
    /// The text as it was written.
    pub text: String,
    /// The addresses that parse, whitespace trimmed.
    pub addresses: Vec<IpAddr>,
}

impl AddressList {
    pub(crate) fn read(value: &Reader) -> Self {
        Self::new(value.string())
    }

    /// Reads a comma list.
    pub fn new(text: String) -> Self {
        let addresses = text.split(',').filter_map(|part| parse_ip(part.trim())).collect();
        Self { text, addresses }
    }

    /// The addresses that parse, each as it was written.
    pub fn written(&self) -> impl Iterator<Item = (&str, IpAddr)> {
        self.text.split(',').filter_map(|part| Some((part, parse_ip(part.trim())?)))
    }

    /// Whether all addresses of another list are in this one, and there are some.
    pub fn holds(&self, other: &Self) -> bool {
        !other.addresses.is_empty() && other.addresses.iter().all(|address| self.addresses.contains(address))
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}
