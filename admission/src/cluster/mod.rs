//! A live cluster: what is read of it, how the view of it is kept, and the ledgers that are written to it.
//!
//! [`watch`] follows one [`collection`] each and feeds the [`state`], an inventory with the version of every object in it.
//! [`cache`] reads single objects past it where a denial would rest on them.

pub(crate) mod authority;
pub(crate) mod cache;
pub(crate) mod client;
pub(crate) mod collection;
pub(crate) mod events;
pub(crate) mod ledgers;
pub(crate) mod object;
pub(crate) mod page;
pub(crate) mod place;
pub(crate) mod registration;
pub(crate) mod repair;
mod shallow;
mod state;
mod waiting;
mod watch;
pub(crate) mod webhook;

pub(crate) use cache::{ClusterCache, NoVerdict};
pub(crate) use client::{ConnectError, connect, connect_once};
pub(crate) use place::{ClusterArgs, Place};
