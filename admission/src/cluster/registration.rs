//! Whether the API server asks: the webhooks of both configurations, held against those that the settings want.
//!
//! Where they are gone, nothing is reviewed and nothing fails. Who looks at vpcguard alone sees no difference to a quiet night.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhook,
    ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{Api, Client};
use tokio::time::sleep;
use vpcguard_policies::Settings;

use super::authority::Place;
use super::authority::configurations::Sort;
use super::client::reason;
use crate::manifests::configurations;

/// How often it is looked. An API server itself takes as long to hear of a change.
const LOOK: Duration = Duration::from_secs(10);

/// How a webhook stands in its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The API server asks.
    Registered,
    /// It is not there.
    Gone,
    /// Somebody else is asked.
    Elsewhere(String),
    /// It is asked about less.
    Less(&'static str),
}

/// Why nothing is known.
pub(crate) type Unread = String;

/// How each webhook stands, by the kind of its configuration and its name.
type Standings = BTreeMap<(Sort, String), Standing>;

/// What was found at the last look, for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Registration(Mutex<Found>);

#[derive(Clone, Debug, Default)]
struct Found {
    standings: Standings,
    unread: Option<Unread>,
    /// What was said of it in the log.
    logged: BTreeSet<String>,
}

impl Registration {
    /// Each webhook, and whether the API server asks by it.
    pub(crate) fn standings(&self) -> Vec<(Sort, String, bool)> {
        let registered = |standing: &Standing| *standing == Standing::Registered;
        let standings = self.found().standings.into_iter();
        standings.map(|((sort, name), standing)| (sort, name, registered(&standing))).collect()
    }

    /// What is wrong, each in a sentence.
    pub(crate) fn trouble(&self) -> Vec<String> {
        self.found().sentences()
    }

    fn found(&self) -> Found {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what a look found. Logged is what two looks in a row have found: an installation makes one after the other.
    fn took(&self, looked: Result<Standings, Unread>) {
        let before = self.found();
        let mut now = match looked {
            Ok(standings) => Found { standings, ..Found::default() },
            // What was seen last stands, until more is known.
            Err(why) => Found { standings: before.standings.clone(), unread: Some(why), ..Found::default() },
        };
        let (was, is) = (before.sentences(), now.sentences());
        for sentence in is.iter().filter(|sentence| was.contains(sentence) && !before.logged.contains(*sentence)) {
            tracing::warn!("{sentence}");
        }
        if is.is_empty() && !before.logged.is_empty() {
            tracing::info!("the API server asks by all webhooks again");
        }
        now.logged = is.into_iter().filter(|sentence| was.contains(sentence)).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Found {
    fn sentences(&self) -> Vec<String> {
        let unread = self.unread.iter().map(|why| format!("whether the API server asks is not known: {why}"));
        unread.chain(Sort::ALL.into_iter().flat_map(|sort| self.sentences_of(sort))).collect()
    }

    fn sentences_of(&self, sort: Sort) -> Vec<String> {
        let of_it = self.standings.iter().filter(|((of, _), _)| *of == sort);
        let of_it: Vec<_> = of_it.map(|((_, name), standing)| (name, standing)).collect();
        let kind = sort.kind();
        if !of_it.is_empty() && of_it.iter().all(|(_, standing)| **standing == Standing::Gone) {
            return vec![format!("no webhook of {kind} is there: what they are for passes unreviewed")];
        }
        let said = |(name, standing): (&String, &Standing)| match standing {
            Standing::Registered => None,
            Standing::Gone => Some(format!("{kind} has no webhook {name}: what it is for passes unreviewed")),
            Standing::Elsewhere(place) => Some(format!("webhook {name} of {kind} asks {place}, not this vpcguard")),
            Standing::Less(what) => Some(format!("webhook {name} of {kind} {what}: not all that rules judge is sent")),
        };
        of_it.into_iter().filter_map(said).collect()
    }
}

/// Looks again and again, in a task that ends with the others. `service` is the name of the Service that is to be asked.
pub(crate) async fn keep_looking(
    client: Client,
    place: Place,
    service: String,
    settings: Settings,
    registration: Arc<Registration>,
) {
    let wanted = Wanted::of(&settings);
    let service = (place.namespace, service);
    loop {
        registration.took(look(&client, &place.configurations, &wanted, &service).await);
        sleep(LOOK).await;
    }
}

async fn look(client: &Client, name: &str, wanted: &[Wanted], service: &(String, String)) -> Result<Standings, Unread> {
    let unread =
        |sort: Sort| move |error: kube::Error| format!("cannot get {} {name:?}: {}", sort.kind(), reason(&error));
    let validating: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
    let validating = validating.get_opt(name).await.map_err(unread(Sort::Validating))?;
    let mutating: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let mutating = mutating.get_opt(name).await.map_err(unread(Sort::Mutating))?;
    let found = entries(validating.unwrap_or_default(), mutating.unwrap_or_default());
    let stands = |wanted: &Wanted| {
        let same = |entry: &&Entry| entry.sort == wanted.entry.sort && entry.name == wanted.entry.name;
        let standing = found.iter().find(same).map_or(Standing::Gone, |entry| wanted.standing(entry, service));
        ((wanted.entry.sort, wanted.entry.name.clone()), standing)
    };
    Ok(wanted.iter().map(stands).collect())
}

/// What both sorts of webhooks have.
#[derive(Clone, Debug)]
struct Entry {
    sort: Sort,
    name: String,
    client: WebhookClientConfig,
    rules: Vec<RuleWithOperations>,
    conditions: Vec<MatchCondition>,
    objects: Option<LabelSelector>,
}

impl From<ValidatingWebhook> for Entry {
    fn from(webhook: ValidatingWebhook) -> Self {
        Self {
            sort: Sort::Validating,
            name: webhook.name,
            client: webhook.client_config,
            rules: webhook.rules.unwrap_or_default(),
            conditions: webhook.match_conditions.unwrap_or_default(),
            objects: webhook.object_selector,
        }
    }
}

impl From<MutatingWebhook> for Entry {
    fn from(webhook: MutatingWebhook) -> Self {
        Self {
            sort: Sort::Mutating,
            name: webhook.name,
            client: webhook.client_config,
            rules: webhook.rules.unwrap_or_default(),
            conditions: webhook.match_conditions.unwrap_or_default(),
            objects: webhook.object_selector,
        }
    }
}

fn entries(validating: ValidatingWebhookConfiguration, mutating: MutatingWebhookConfiguration) -> Vec<Entry> {
    let validating = validating.webhooks.unwrap_or_default().into_iter().map(Entry::from);
    validating.chain(mutating.webhooks.unwrap_or_default().into_iter().map(Entry::from)).collect()
}

/// A webhook that the settings want, and what it is to be asked about.
#[derive(Debug)]
struct Wanted {
    entry: Entry,
    asked: BTreeSet<Asked>,
}

/// One operation on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    group: String,
    version: String,
    resource: String,
    operation: String,
}

impl Wanted {
    /// Those that ask about something. Of the others nothing is missed.
    fn of(settings: &Settings) -> Vec<Self> {
        let (mutating, validating) = configurations(settings);
        let wanted = |entry: Entry| Self { asked: entry.rules.iter().flat_map(asked).collect(), entry };
        let wanted = entries(validating, mutating).into_iter().map(wanted);
        wanted.filter(|wanted| !wanted.asked.is_empty()).collect()
    }

    fn standing(&self, found: &Entry, service: &(String, String)) -> Standing {
        // What is behind a URL is not to be seen from here.
        if let Some(asked) = &found.client.service
            && (&asked.namespace, &asked.name) != (&service.0, &service.1)
        {
            return Standing::Elsewhere(format!("Service {}/{}", asked.namespace, asked.name));
        }
        let path = |entry: &Entry| entry.client.service.as_ref().and_then(|service| service.path.clone());
        if let Some(elsewhere) = path(found).filter(|asked| Some(asked) != path(&self.entry).as_ref()) {
            return Standing::Elsewhere(format!("the path {elsewhere}"));
        }
        if !self.asked.iter().all(|asked| found.rules.iter().any(|rule| covers(rule, asked))) {
            return Standing::Less("has fewer rules");
        }
        let selects = |selector: &LabelSelector| *selector != LabelSelector::default();
        if found.objects.as_ref().is_some_and(selects) {
            return Standing::Less("has an objectSelector");
        }
        let known: BTreeSet<_> = self.entry.conditions.iter().map(|condition| &condition.name).collect();
        if found.conditions.iter().any(|condition| !known.contains(&condition.name)) {
            return Standing::Less("has a matchCondition of its own");
        }
        Standing::Registered
    }
}

/// All that a rule names, one by one.
fn asked(rule: &RuleWithOperations) -> Vec<Asked> {
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let mut all = Vec::new();
    for group in list(&rule.api_groups) {
        for version in list(&rule.api_versions) {
            for resource in list(&rule.resources) {
                for operation in list(&rule.operations) {
                    let (group, version, resource) = (group.clone(), version.clone(), resource.clone());
                    all.push(Asked { group, version, resource, operation });
                }
            }
        }
    }
    all
}

/// Whether a rule, as somebody may have written it, asks about something.
fn covers(rule: &RuleWithOperations, asked: &Asked) -> bool {
    let has = |list: &Option<Vec<String>>, wanted: &str| {
        list.iter().flatten().any(|listed| listed == "*" || listed == wanted)
    };
    let (resource, part) = parts(&asked.resource);
    let is_of = |listed: &String| {
        let (listed, listed_part) = parts(listed);
        ["*", resource].contains(&listed) && ["*", part].contains(&listed_part)
    };
    has(&rule.api_groups, &asked.group)
        && has(&rule.api_versions, &asked.version)
        && has(&rule.operations, &asked.operation)
        && rule.resources.iter().flatten().any(is_of)
}

/// A resource and its subresource, if it is of one.
fn parts(resource: &str) -> (&str, &str) {
    resource.split_once('/').unwrap_or((resource, ""))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::admissionregistration::v1::ServiceReference;

    use super::*;

    fn standing(name: &str, change: impl FnOnce(&mut Entry)) -> Standing {
        let wanted = Wanted::of(&Settings::default());
        let wanted = wanted.iter().find(|wanted| wanted.entry.name == name).unwrap();
        let mut found = wanted.entry.clone();
        change(&mut found);
        wanted.standing(&found, &("vpcguard-system".to_owned(), "vpcguard".to_owned()))
    }

    #[test]
    fn what_manifests_prints_is_registered() {
        for wanted in Wanted::of(&Settings::default()) {
            assert_eq!(standing(&wanted.entry.name, |_| {}), Standing::Registered, "{}", wanted.entry.name);
        }
    }

    #[test]
    fn what_narrows_it_is_seen_and_what_widens_it_is_not() {
        let name = "pods.vpcguard.io";
        let rules = |entry: &mut Entry| entry.rules[0].operations = Some(vec!["CREATE".to_owned()]);
        assert_eq!(standing(name, rules), Standing::Less("has fewer rules"));
        let selector = LabelSelector { match_labels: Some([("a".into(), "b".into())].into()), ..Default::default() };
        let objects = |entry: &mut Entry| entry.objects = Some(selector);
        assert_eq!(standing(name, objects), Standing::Less("has an objectSelector"));
        let own = MatchCondition { name: "not-mine".to_owned(), expression: "false".to_owned() };
        let condition = |entry: &mut Entry| entry.conditions.push(own);
        assert_eq!(standing(name, condition), Standing::Less("has a matchCondition of its own"));

        let all = |entry: &mut Entry| {
            for rule in &mut entry.rules {
                (rule.operations, rule.resources) = (Some(vec!["*".to_owned()]), Some(vec!["*/*".to_owned()]));
            }
        };
        assert_eq!(standing(name, all), Standing::Registered);
        assert_eq!(standing(name, |entry| entry.objects = Some(LabelSelector::default())), Standing::Registered);
        assert_eq!(standing(name, |entry| entry.conditions.clear()), Standing::Registered);
    }

    #[test]
    fn who_else_is_asked_is_named() {
        let name = "pods.vpcguard.io";
        let other = |namespace: &str, path: &str| {
            let service = ServiceReference {
                namespace: namespace.to_owned(),
                name: "vpcguard".to_owned(),
                path: Some(path.to_owned()),
                port: None,
            };
            move |entry: &mut Entry| entry.client.service = Some(service)
        };
        let old = "Service old/vpcguard".to_owned();
        assert_eq!(standing(name, other("old", "/validate")), Standing::Elsewhere(old));
        assert_eq!(standing(name, other("vpcguard-system", "/")), Standing::Elsewhere("the path /".to_owned()));
        // A URL may lead anywhere, here too.
        let url = |entry: &mut Entry| {
            entry.client.service = None;
            entry.client.url = Some("https://127.0.0.1:8443/validate".to_owned());
        };
        assert_eq!(standing(name, url), Standing::Registered);
    }

    #[test]
    fn a_star_is_for_resources_or_for_their_parts() {
        let rule = |resource: &str| RuleWithOperations {
            api_groups: Some(vec!["*".to_owned()]),
            api_versions: Some(vec!["v1".to_owned()]),
            operations: Some(vec!["UPDATE".to_owned()]),
            resources: Some(vec![resource.to_owned()]),
            scope: None,
        };
        let asked = |resource: &str| Asked {
            group: String::new(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            operation: "UPDATE".to_owned(),
        };
        for (listed, resource, wanted) in [
            ("*", "pods", true),
            ("*", "pods/status", false),
            ("pods", "pods/status", false),
            ("pods/*", "pods", true),
            ("pods/*", "pods/status", true),
            ("*/status", "pods/status", true),
            ("*/status", "pods", false),
            ("*/*", "pods", true),
        ] {
            assert_eq!(covers(&rule(listed), &asked(resource)), wanted, "{listed} of {resource}");
        }
    }

    #[test]
    fn what_is_wrong_is_kept_while_nothing_can_be_read() {
        let registration = Registration::default();
        let webhook = |name: &str| (Sort::Validating, format!("{name}.vpcguard.io"));
        let standings = |pods| BTreeMap::from([(webhook("pods"), pods), (webhook("vpcs"), Standing::Registered)]);
        registration.took(Ok(standings(Standing::Gone)));
        let gone = "ValidatingWebhookConfiguration has no webhook pods.vpcguard.io: what it is for passes unreviewed";
        assert_eq!(registration.trouble(), [gone]);
        assert!(registration.found().logged.is_empty());
        registration.took(Err("nobody answers".to_owned()));
        assert_eq!(registration.trouble(), ["whether the API server asks is not known: nobody answers", gone]);
        assert_eq!(registration.found().logged, BTreeSet::from([gone.to_owned()]));
        let registered: Vec<_> = registration.standings().into_iter().map(|(_, _, registered)| registered).collect();
        assert_eq!(registered, [false, true]);
        registration.took(Ok(standings(Standing::Registered)));
        assert!(registration.trouble().is_empty());
    }

    #[test]
    fn a_configuration_that_is_gone_is_one_sentence() {
        let registration = Registration::default();
        let gone = |wanted: &Wanted| ((wanted.entry.sort, wanted.entry.name.clone()), Standing::Gone);
        registration.took(Ok(Wanted::of(&Settings::default()).iter().map(gone).collect()));
        let sentence = |kind: &str| format!("no webhook of {kind} is there: what they are for passes unreviewed");
        let kinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
        assert_eq!(registration.trouble(), kinds.map(sentence));
    }
}
