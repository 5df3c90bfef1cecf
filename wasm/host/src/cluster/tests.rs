use super::*;
use crate::metadata::Metadata;

fn metadata(capabilities: &[&str]) -> Metadata {
    let resources: Vec<_> = [("kubeovn.io/v1", "Vpc"), ("kubeovn.io/v1", "Subnet"), ("v1", "ConfigMap")]
        .iter()
        .map(|(version, kind)| json!({"apiVersion": version, "kind": kind}))
        .collect();
    serde_json::from_value(json!({
        "protocolVersion": "v1", "rules": [], "mutating": false, "contextAwareResources": resources,
        "hostCapabilities": capabilities,
    }))
    .unwrap()
}

fn ask(cluster: &Cluster, operation: &str, question: Value) -> Result<Value, String> {
    let grants = Grants::of(&metadata(&["kubernetes/*"]));
    let answer = cluster.answer(&grants, "kubewarden", "kubernetes", operation, question.to_string().as_bytes())?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

fn get(cluster: &Cluster, name: &str, live: bool) -> Result<Value, String> {
    let question = json!({"api_version": "kubeovn.io/v1", "kind": "Vpc", "name": name, "disable_cache": live});
    ask(cluster, "get_resource", question)
}

fn list(cluster: &Cluster, kind: &str, masks: Option<&[&str]>) -> Result<Value, String> {
    let question = json!({"api_version": "kubeovn.io/v1", "kind": kind, "field_masks": masks});
    ask(cluster, "list_resources_all", question)
}

fn vpc(name: &str, namespaces: &[&str]) -> Value {
    json!({
        "apiVersion": "kubeovn.io/v1", "kind": "Vpc",
        "metadata": {"name": name, "managedFields": [{"manager": "kubectl"}]},
        "spec": {"namespaces": namespaces, "enableExternal": true},
    })
}

#[test]
fn what_is_missing_is_said_in_the_policy_servers_words() {
    let cluster = Cluster::new([vpc("a", &[])]);
    assert_eq!(get(&cluster, "a", false).unwrap()["metadata"]["name"], "a");
    let before = "Callback evaluation failure: ";
    assert_eq!(
        get(&cluster, "b", false).unwrap_err(),
        format!("{before}Cannot find kubeovn.io/v1/Vpc named 'b' inside of namespace 'None'")
    );
    let map = json!({"api_version": "v1", "kind": "ConfigMap", "name": "m", "namespace": "n", "disable_cache": true});
    assert_eq!(
        ask(&cluster, "get_resource", map).unwrap_err(),
        format!("{before}Cannot find v1/ConfigMap named 'm' inside of namespace 'Some(\"n\")'")
    );
    let cluster = cluster.without_kind("Subnet");
    assert_eq!(
        list(&cluster, "Subnet", None).unwrap_err(),
        format!("{before}Cannot find resource kubeovn.io/v1/Subnet")
    );
    let error = list(&cluster.without_group("kubeovn.io/v1"), "Vpc", None).unwrap_err();
    let wanted = "error finding resource kubeovn.io/v1 / Vpc: ApiError: 404 page not found: ";
    assert!(error.starts_with(&format!("{before}{wanted}")), "{error}");
}

#[test]
fn a_list_is_lightened_masked_and_in_no_order() {
    let cluster = Cluster::new((0..50).map(|number| vpc(&format!("v{number:02}"), &["n"])));
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = list(&cluster, "Vpc", Some(&["spec.namespaces"])).unwrap();
    assert_eq!((&all["kind"], &all["metadata"]), (&json!("VpcList"), &json!({})));
    assert_eq!(all["items"][0]["spec"], json!({"namespaces": ["n"]}));
    assert_eq!(all["items"][0]["metadata"]["managedFields"], json!([]));
    let (first, second) = (names(&all), names(&list(&cluster, "Vpc", None).unwrap()));
    assert_ne!(first, second);
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(first), sorted(second));
    let whole = list(&cluster.without_masks(), "Vpc", Some(&["spec.namespaces"])).unwrap();
    assert_eq!(whole["items"][0]["spec"]["enableExternal"], true);
}

#[test]
fn only_what_is_read_past_the_cache_is_as_it_is() {
    let cluster = Cluster::new([vpc("a", &["new"])]).seen_as([vpc("a", &["old"]), vpc("gone", &[])]);
    let namespaces = |live| get(&cluster, "a", live).unwrap()["spec"]["namespaces"].clone();
    assert_eq!((namespaces(false), namespaces(true)), (json!(["old"]), json!(["new"])));
    assert!(get(&cluster, "gone", false).is_ok() && get(&cluster, "gone", true).is_err());
}

#[test]
fn what_was_not_granted_is_refused() {
    let cluster = Cluster::new([]);
    let question = json!({"api_version": "v1", "kind": "Secret"});
    let error = ask(&cluster, "list_resources_all", question.clone()).unwrap_err();
    assert!(error.contains("has not been granted access to Kubernetes v1/Secret resources"), "{error}");
    let grants = Grants::of(&metadata(&["kubernetes/get_resource"]));
    let payload = question.to_string();
    let error =
        cluster.answer(&grants, "kubewarden", "kubernetes", "list_resources_all", payload.as_bytes()).unwrap_err();
    assert!(error.contains("'kubernetes/list_resources_all' host capability"), "{error}");
}

#[test]
fn a_misspelt_field_is_noticed() {
    let error = ask(&Cluster::new([]), "list_resources_all", json!({"apiVersion": "v1", "kind": "Node"}));
    assert!(error.unwrap_err().contains("unknown field `apiVersion`"));
}

#[test]
fn calls_are_noted_with_the_length_of_their_answers() {
    let cluster = Cluster::new([vpc("a", &[])]).failing("Subnet", Fault::Timeout);
    let length = get(&cluster, "a", true).unwrap().to_string().len();
    list(&cluster, "Subnet", None).unwrap_err();
    let calls = cluster.calls();
    assert_eq!((calls[0].name.as_deref(), calls[0].live, calls[0].bytes), (Some("a"), true, Some(length)));
    assert_eq!((calls[1].kind.as_str(), calls[1].name.as_deref(), calls[1].bytes), ("Subnet", None, None));
}
