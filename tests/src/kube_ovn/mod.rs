//! Kube-OVN itself as a witness: the released kube-ovn-controller against a real API server and a real OVN, on loopback and unix
//! sockets, without a node. [`World`] takes objects and waits until all has settled; [`World::look`] says what became of them.
//!
//! What a node does is played: Pods are bound (`stand_ins`), and a kubelet says yes to every command. There are no
//! packets, and no kube-ovn-cni.

mod balancers;
mod beginnings;
mod change;
mod client;
mod controller;
mod kinds;
mod kubelet;
mod matches;
mod mirror;
mod nat;
mod northbound;
mod observation;
mod ovn;
mod ovsdb;
mod parts;
mod reset;
mod security_groups;
mod stand_ins;
mod symptoms;
mod trace;
mod world;

pub use client::{Answer, Client};
pub use kinds::Resource;
pub use matches::{ADDRESS_SETS, MatchWitness, PORT_GROUPS, Said, TABLES};
pub use mirror::Id;
pub use northbound::{Northbound, PodPort};
pub use observation::{Before, Observation};
pub use ovsdb::Rpc;
pub use parts::{Missing, OvnPrograms, Parts};
pub use stand_ins::bind;
pub use world::World;
