//! Matches and priorities of OVN.

use serde_json::Value;

use super::field::Make;
use super::ground::Ground;

/// A match that parses, and that no other case has.
pub(super) fn matched(ground: &Ground) -> String {
    let family = if ground.has_v4() { "ip4" } else { "ip6" };
    format!("{family}.src == {}", ground.stranger(2, ground.some))
}

/// Matches that OVN takes and does not take.
pub(super) const MATCH: &[(&str, Make)] = &[
    ("one-equals-sign", |ground| Some(matched(ground).replace("==", "=").into())),
    ("unknown-symbol", |ground| Some(matched(ground).replace(".src", ".source").into())),
    ("other-family", |ground| Some(format!("ip4.src == {0} && ip6.dst == {0}", ground.stranger(2, 3)).into())),
    ("mixed-operators", |ground| Some(format!("{0} && ip || {0}", matched(ground)).into())),
    ("open-bracket", |ground| Some(format!("({}", matched(ground)).into())),
    ("brackets", |ground| Some(format!("({})", matched(ground)).into())),
    ("set", |ground| {
        Some(matched(ground).replace("== ", "== {").into())
            .map(|text: Value| format!("{}}}", text.as_str().unwrap_or_default()).into())
    }),
    ("address-set", |ground| {
        Some(
            matched(ground)
                .split("==")
                .next()
                .map(|field| format!("{field}== $nothing{}", ground.number))
                .unwrap_or_default()
                .into(),
        )
    }),
];

/// Borders of OVN's priorities.
pub(super) const PRIORITY: &[(&str, Make)] = &[
    ("negative", |_| Some((-1).into())),
    ("zero", |_| Some(0.into())),
    ("most", |_| Some(32767.into())),
    ("too-large", |_| Some(32768.into())),
    ("huge", |_| Some(4_294_967_296_i64.into())),
    ("text", |_| Some("10".into())),
    ("fraction", |_| Some(1.5.into())),
];
