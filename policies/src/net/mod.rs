//! Addresses and prefixes as Kube-OVN reads them, that is as Go's `net.ParseIP` and `net.ParseCIDR` do.
//!
//! `ipnet` and the standard library differ from Go in a few places: Go takes an IPv4-mapped IPv6 address for IPv4, and
//! allows zeros before a prefix length. `tests/go` has the table of Go's answers that a test here compares with.

mod address;
mod cidr;
mod free;
mod index;
mod set;

pub use address::{Family, hardware_address, has_upper_case, is_mac_address, is_mapped, list_items, overlap, parse_ip};
pub use cidr::{Cidr, CidrError};
pub use free::{FreeSpace, nearest_address, private_range};
pub use index::PrefixIndex;
pub use set::PrefixSet;
