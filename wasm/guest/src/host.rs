//! Questions to the policy server about the cluster.

use kubewarden_policy_sdk::wapc_guest::host_call;
use serde::Serialize;
use vpcguard_policies::kinds::is_name;
use vpcguard_policies::{Answer, Kind, ViewError};

/// A kind of which the policy server is asked, and the fields that are wanted. Metadata always come along.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) api_version: String,
    pub(crate) kind: &'static str,
    pub(crate) fields: &'static [&'static str],
}

#[derive(Serialize)]
struct List<'a> {
    api_version: &'a str,
    kind: &'a str,
    label_selector: Option<&'a str>,
    field_selector: Option<&'a str>,
    field_masks: Vec<&'a str>,
}

#[derive(Serialize)]
struct Get<'a> {
    api_version: &'a str,
    kind: &'a str,
    name: &'a str,
    namespace: Option<&'a str>,
    disable_cache: bool,
    field_masks: Vec<&'a str>,
}

/// What is wanted of the metadata, for a policy server that masks those too.
const METADATA: [&str; 5] =
    ["metadata.annotations", "metadata.deletionTimestamp", "metadata.labels", "metadata.name", "metadata.namespace"];

impl Resource {
    /// A kind that rules look up.
    pub(crate) fn of(kind: Kind) -> Self {
        Self { api_version: kind.api_version(), kind: kind.name(), fields: kind.looked_up().unwrap_or_default() }
    }

    /// All objects, as a list in JSON; none where the cluster has no such kind.
    pub(crate) fn list(&self) -> Answer<Option<Vec<u8>>> {
        let Self { api_version, kind, .. } = self;
        let list = List { api_version, kind, label_selector: None, field_selector: None, field_masks: self.masks() };
        self.answer("", "list_resources_all", &list)
    }

    /// The object of this name, as JSON; none where there is none, or no such kind.
    pub(crate) fn get(&self, namespace: &str, name: &str, disable_cache: bool) -> Answer<Option<Vec<u8>>> {
        if !is_name(name) || !(namespace.is_empty() || is_name(namespace)) {
            // No object can be called so, and a path of the API must not be made of it.
            return Ok(None);
        }
        let Self { api_version, kind, .. } = self;
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        let get = Get { api_version, kind, name, namespace, disable_cache, field_masks: self.masks() };
        self.answer(name, "get_resource", &get)
    }

    fn masks(&self) -> Vec<&'static str> {
        METADATA.iter().chain(self.fields).copied().collect()
    }

    fn answer(&self, name: &str, operation: &str, question: &impl Serialize) -> Answer<Option<Vec<u8>>> {
        let question = serde_json::to_vec(question).map_err(|error| self.failed(name, error.to_string()))?;
        match host_call("kubewarden", "kubernetes", operation, &question) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => match error.to_string() {
                missing if self.is_missing(name, &missing) => Ok(None),
                error => Err(self.failed(name, error)),
            },
        }
    }

    pub(crate) fn failed(&self, name: &str, cause: String) -> ViewError {
        // What follows in further lines is how the policy server came to it.
        let cause = cause.lines().next().unwrap_or_default().to_owned();
        ViewError { kind: self.kind.to_owned(), name: name.to_owned(), cause }
    }

    /// Whether an error means that there is no such object, or no such kind. The policy server says so in words only.
    fn is_missing(&self, name: &str, error: &str) -> bool {
        let Self { api_version, kind, .. } = self;
        // What the policy server says follows on what the layers between say.
        let said = error.rsplit_once("Callback evaluation failure: ").map_or(error, |(_, said)| said);
        let said = said.strip_prefix("Host error: ").unwrap_or(said);
        let no_object =
            !name.is_empty() && said.starts_with(&format!("Cannot find {api_version}/{kind} named '{name}' "));
        let no_kind = said == format!("Cannot find resource {api_version}/{kind}");
        let group = said.strip_prefix(&format!("error finding resource {api_version} / {kind}: "));
        no_object || no_kind || group.is_some_and(|why| why.contains("404"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_from_what_failed() {
        let vpc = Resource::of(Kind::Vpc);
        let before = "Host error: Callback evaluation failure: ";
        for (said, missing) in [
            ("Cannot find kubeovn.io/v1/Vpc named 'v' inside of namespace 'None'", true),
            ("Cannot find resource kubeovn.io/v1/Vpc", true),
            ("error finding resource kubeovn.io/v1 / Vpc: ApiError: \"404 page not found\"", true),
            ("error finding resource kubeovn.io/v1 / Vpc: ApiError: forbidden", false),
            ("Cannot find kubeovn.io/v1/Subnet named 'v' inside of namespace 'None'", false),
            ("vpcs \"Cannot find kubeovn.io/v1/Vpc named 'v' \" is forbidden", false),
            ("deadline has elapsed", false),
        ] {
            assert_eq!(vpc.is_missing("v", &format!("{before}{said}")), missing, "{said}");
            assert_eq!(vpc.is_missing("v", said), missing, "{said}");
        }
        assert!(!vpc.is_missing("", "Cannot find kubeovn.io/v1/Vpc named '' inside of namespace 'None'"));
    }
}
