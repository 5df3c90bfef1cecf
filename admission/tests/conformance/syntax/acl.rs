//! The ACLs of a Subnet.

use serde_json::{Value, json};

use super::expression::{MATCH, PRIORITY, matched};
use super::field::{Field, Holds, Scene};
use super::ground::Ground;

/// All of them.
pub(crate) fn fields() -> [Field; 4] {
    let acl = |name, holds, right, put, own| Field {
        rule: "subnet-acl-syntax",
        scene: Scene::Subnet,
        name,
        holds,
        right,
        put,
        own,
    };
    [
        acl(
            "acls.direction",
            Holds::Words,
            |_| Some("to-lport".into()),
            |ground, value| one_acl(ground, json!({"direction": value})),
            &[("other", |_| Some("from-lport".into())), ("ingress", |_| Some("ingress".into()))],
        ),
        acl(
            "acls.action",
            Holds::Words,
            |_| Some("drop".into()),
            |ground, value| one_acl(ground, json!({"action": value})),
            &[
                ("deny", |_| Some("deny".into())),
                ("allow-related", |_| Some("allow-related".into())),
                ("pass", |_| Some("pass".into())),
            ],
        ),
        acl(
            "acls.priority",
            Holds::Own,
            |_| Some(1000.into()),
            |ground, value| one_acl(ground, json!({"priority": value})),
            PRIORITY,
        ),
        acl(
            "acls.match",
            Holds::Words,
            |ground| Some(matched(ground).into()),
            |ground, value| one_acl(ground, json!({"match": value})),
            MATCH,
        ),
    ]
}

fn one_acl(ground: &Ground, changed: Value) -> Value {
    let mut acl = json!({"direction": "to-lport", "priority": 1000, "match": matched(ground), "action": "drop"});
    if let (Some(acl), Value::Object(changed)) = (acl.as_object_mut(), changed) {
        acl.extend(changed);
    }
    json!({"acls": [acl]})
}
