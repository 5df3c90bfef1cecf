//! The corpus through the webhook over TLS, as the API server would send it: /mutate, its patch, /validate.
//!
//! Each object comes in what a real API server sent around one of its kind, and has what that adds to an object.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use vpcguard_policies::{Inventory, Kind, Operation, Request, Verdict, answer, mutate, review};
use vpcguard_tests::Case;

use crate::recorded::review_of;
use crate::serving::Server;

/// The verdict in an answer: in its audit annotation where it says anything.
fn said(response: &Value) -> String {
    match response["auditAnnotations"]["verdict"].as_str() {
        Some(verdict) => verdict.to_owned(),
        None => Verdict::admitted().to_json(),
    }
}

#[tokio::test]
async fn every_answer_is_the_librarys_to_the_byte() {
    // Each case has a server of its own, for its own state.
    for case in Case::all().iter().filter(|case| case.request.operation != Operation::AtRest) {
        let server = Server::start_with(&case.state, &case.settings);
        let mut client = server.connect().await;
        let (cluster, settings): (Inventory, _) = (case.cluster(), case.parsed_settings());

        let (request, review_of_case) = review_of(&case.request);
        let bare = review(&case.request, &cluster, &settings).unwrap();
        assert_eq!(review(&request, &cluster, &settings).unwrap().to_json(), bare.to_json(), "{}", case.name);

        let injected = mutate(&request, &cluster, &settings).unwrap();
        let reply = client.post("/mutate", review_of_case).await;
        let response = reply.response();
        let patch = response["patch"].as_str().map(|patch| BASE64_STANDARD.decode(patch).unwrap());
        let mut object = request.object.clone();
        if let Some(patch) = &patch {
            let patch: json_patch::Patch = serde_json::from_slice(patch).unwrap();
            json_patch::patch(&mut object, &patch).unwrap();
        }
        assert_eq!(object, injected.mutated_object.clone().unwrap_or(request.object.clone()), "{}", case.name);
        let encoded = patch.map(|patch| BASE64_STANDARD.encode(patch));
        assert_eq!(reply.text(), answer(&request, &injected, &settings, encoded).to_json(), "{}", case.name);

        let (request, review_of_case) = review_of(&Request { object: object.clone(), ..request });
        let verdict = review(&request, &cluster, &settings).unwrap();
        let reply = client.post("/validate", review_of_case).await;
        assert_eq!(reply.text(), answer(&request, &verdict, &settings, None).to_json(), "{}", case.name);
        assert_eq!(said(&reply.response()), verdict.to_json(), "{}", case.name);
        assert_eq!(Kind::of(request.subject()), case.request.kind, "{}", case.name);
    }
}
