//! What is read of a cluster: all objects of a kind, or one of a name.

use std::fmt;
use std::pin::pin;

use futures_util::AsyncReadExt;
use kube::core::Request;
use kube::core::params::{GetParams, ListParams, WatchParams};
use kube::{Client, core::WatchEvent};
use vpcguard_policies::kinds::{READ_CONFIG_MAPS, is_name};
use vpcguard_policies::{Kind, Settings};

use super::object::RawObject;
use super::page::{self, TooMany};
use crate::serve::MOST_VALUES;

/// How many objects are listed at a time, at most.
const PAGE: u32 = 500;

/// How many bytes a page may have: more than one object, of the 3 MiB that an API server takes, each written as six.
const LARGEST_PAGE: usize = 20 << 20;

/// How long the API server keeps a watch open, in seconds.
const WATCH: u32 = 290;

/// Objects that the API server lists and watches together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Collection {
    pub(crate) kind: Kind,
    /// All namespaces where there is none.
    pub(crate) namespace: Option<String>,
    /// All names where there is none.
    pub(crate) name: Option<String>,
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {name:?}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl Collection {
    /// All objects of a kind.
    pub(crate) fn all(kind: Kind) -> Self {
        Self { kind, namespace: None, name: None }
    }

    /// All objects of these kinds, but of the ConfigMaps only those that rules read, for others may hold anything.
    pub(crate) fn read_by_rules(kinds: impl IntoIterator<Item = Kind>, settings: &Settings) -> Vec<Self> {
        let of_kind = |kind| match kind {
            Kind::ConfigMap => Self::config_maps(settings).collect(),
            kind => vec![Self::all(kind)],
        };
        kinds.into_iter().flat_map(of_kind).collect()
    }

    /// What rules look up.
    pub(crate) fn looked_up(settings: &Settings) -> Vec<Self> {
        Self::read_by_rules(Kind::ALL.iter().copied().filter(|kind| settings.looks_up(*kind)), settings)
    }

    /// The ConfigMaps that rules read.
    fn config_maps(settings: &Settings) -> impl Iterator<Item = Self> {
        let namespace = settings.kube_ovn.namespace.clone();
        READ_CONFIG_MAPS.iter().map(move |name| Self {
            kind: Kind::ConfigMap,
            namespace: Some(namespace.clone()),
            name: Some((*name).to_owned()),
        })
    }

    /// Whether an object of this namespace and name is in it.
    pub(crate) fn has(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        let matches = |wanted: &Option<String>, given: &str| wanted.as_ref().is_none_or(|wanted| wanted == given);
        self.kind == kind && matches(&self.namespace, namespace) && matches(&self.name, name)
    }

    /// Lists all of it, a page of bytes and one object in memory at a time, and says as of which version.
    pub(crate) async fn each(&self, client: &Client, mut take: impl FnMut(RawObject)) -> kube::Result<String> {
        self.list(client, usize::MAX, |object| drop(object.map(&mut take))).await
    }

    /// The same, but for objects of which there is so much that a request with them would not be judged either.
    pub(crate) async fn each_to_judge(
        &self,
        client: &Client,
        take: impl FnMut(Result<RawObject, TooMany>),
    ) -> kube::Result<String> {
        self.list(client, MOST_VALUES, take).await
    }

    async fn list(
        &self,
        client: &Client,
        most_values: usize,
        mut take: impl FnMut(Result<RawObject, TooMany>),
    ) -> kube::Result<String> {
        let (mut token, mut limit) = (None::<String>, PAGE);
        loop {
            let Some(bytes) = self.page(client, token.as_deref(), limit).await? else {
                limit = smaller(limit)?;
                continue;
            };
            let page = page::read(&bytes, most_values, &mut take).map_err(kube::Error::SerdeError)?;
            if bytes.len() < LARGEST_PAGE / 8 {
                limit = limit.saturating_mul(2).min(PAGE);
            }
            token = page.next.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(page.resource_version.unwrap_or_default());
            }
        }
    }

    /// So many objects, unless they are too many bytes.
    async fn page(&self, client: &Client, token: Option<&str>, limit: u32) -> kube::Result<Option<Vec<u8>>> {
        let params = ListParams {
            field_selector: self.selector(),
            limit: Some(limit),
            continue_token: token.map(str::to_owned),
            ..ListParams::default()
        };
        let request = self.request().list(&params).map_err(kube::Error::BuildRequest)?;
        let page = pin!(client.request_stream(request).await?);
        let (mut bytes, most) = (Vec::new(), u64::try_from(LARGEST_PAGE).unwrap_or(u64::MAX));
        let read = page.take(most + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| kube::Error::Service(error.into()))?;
        Ok(Some(bytes).filter(|bytes| bytes.len() <= LARGEST_PAGE))
    }

    /// Watches from a version on.
    pub(super) async fn watch(
        &self,
        client: &Client,
        version: &str,
    ) -> kube::Result<impl futures_util::Stream<Item = kube::Result<WatchEvent<RawObject>>> + use<>> {
        let params = WatchParams {
            field_selector: self.selector(),
            timeout: Some(WATCH),
            bookmarks: true,
            ..WatchParams::default()
        };
        let request = self.request().watch(&params, version).map_err(kube::Error::BuildRequest)?;
        client.request_events(request).await
    }

    fn selector(&self) -> Option<String> {
        self.name.as_ref().map(|name| format!("metadata.name={name}"))
    }

    fn request(&self) -> Request {
        Request::new(url(self.kind, self.namespace.as_deref().unwrap_or_default()))
    }
}

/// How many objects are tried where so many were too many bytes.
fn smaller(limit: u32) -> kube::Result<u32> {
    if limit <= 1 {
        return Err(kube::Error::Service(format!("an object is larger than {LARGEST_PAGE} bytes").into()));
    }
    Ok((limit / 5).max(1))
}

/// Reads one object; none if there is none, or no such kind.
pub(crate) async fn get(client: &Client, kind: Kind, namespace: &str, name: &str) -> kube::Result<Option<RawObject>> {
    let namespace = if kind.is_namespaced() { namespace } else { "" };
    // What cannot be the name of an object is the name of none, and may lead anywhere in a URL.
    if !is_name(name) || (kind.is_namespaced() && !is_name(namespace)) {
        return Ok(None);
    }
    let request = Request::new(url(kind, namespace)).get(name, &GetParams::default());
    match client.request(request.map_err(kube::Error::BuildRequest)?).await {
        Ok(object) => Ok(Some(object)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

fn url(kind: Kind, namespace: &str) -> String {
    let api = if kind.group().is_empty() { "/api" } else { "/apis" };
    let space = if namespace.is_empty() { String::new() } else { format!("namespaces/{namespace}/") };
    format!("{api}/{}/{space}{}", kind.api_version(), kind.plural())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_the_api_server() {
        assert_eq!(url(Kind::Subnet, ""), "/apis/kubeovn.io/v1/subnets");
        assert_eq!(url(Kind::ConfigMap, "kube-system"), "/api/v1/namespaces/kube-system/configmaps");
    }

    #[test]
    fn pages_get_smaller_until_there_is_one_object() {
        let sizes: Vec<_> = std::iter::successors(Some(PAGE), |limit| smaller(*limit).ok()).collect();
        assert_eq!(sizes, [500, 100, 20, 4, 1]);
    }

    #[test]
    fn every_kind_that_rules_look_up_is_read_and_of_config_maps_only_some() {
        let settings = Settings::default();
        let collections = Collection::looked_up(&settings);
        for kind in Kind::ALL.iter().copied().filter(|kind| settings.looks_up(*kind)) {
            assert!(collections.iter().any(|collection| collection.kind == kind), "{kind}");
        }
        let has_ips =
            |settings: &Settings| Collection::looked_up(settings).iter().any(|collection| collection.kind == Kind::Ip);
        let reading = Settings::parse(&serde_json::json!({"readIPs": true})).unwrap();
        assert_eq!((has_ips(&settings), has_ips(&reading)), (false, true));
        let has = |namespace, name| collections.iter().any(|c| c.has(Kind::ConfigMap, namespace, name));
        assert!(has("kube-system", "ovn-vpc-nat-config"));
        assert!(!has("kube-system", "other") && !has("default", "ovn-vpc-nat-config"));
    }
}
