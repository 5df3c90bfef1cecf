//! Well-formedness: valid objects, mutated field by field. What a rule on the form of a field refuses must not work before
//! Kube-OVN, and what is admitted must.
//!
//! What is chosen, and what a disagreement is called after, is a [`Class`]: a field and a way to write it. Each is asked on
//! IPv4, IPv6 and dual-stack ground, at full scale several times with other addresses.

mod acl;
mod broken;
mod case;
mod default_vpc;
mod expression;
mod field;
mod gateway;
mod ground;
mod judged;
mod subnet;
mod texts;
mod vpc;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;
use vpcguard_policies::{Settings, Verdict};
use vpcguard_tests::kube_ovn::World;

use crate::known::Known;
use crate::scale::Scale;
use crate::{alone, report};
use case::Case;
use field::{Class, Scene};
use ground::{Ground, Shape};
use judged::{Judged, Seen};
use witness::Witness;

/// How many objects share a reset.
const BATCH: usize = 60;

/// How many mutations are made at full scale; more where each way to write each field takes more.
const MUTATIONS: usize = 1000;

/// How many classes are asked where not all are.
const CHOICE: usize = 13;

/// One mutation, and what came of it.
struct Answered {
    case: Case,
    verdict: Verdict,
    seen: Seen,
    judged: Judged,
}

#[test]
fn what_is_malformed_does_not_work() {
    let _alone = alone();
    let scale = Scale::of_environment();
    let cases = cases(&scale);
    if cases.is_empty() {
        return;
    }
    let Some(mut world) = World::start_or_skip() else { return };
    let versions = world.versions().unwrap();
    let known = Known::of("syntax");
    let mut witness = Witness::new(&mut world);
    let mut answered = asked(&mut witness, cases);
    // A settle may end too early on a busy machine: what is new must be seen three times.
    for _ in 0..2 {
        let is_new = |one: &Answered| one.judged.id(&one.case).is_some_and(|id| !known.has(&id));
        let (again, sure): (Vec<_>, Vec<_>) = answered.into_iter().partition(is_new);
        answered = sure;
        for one in &again {
            eprintln!("again: {} {}", one.judged.id(&one.case).unwrap_or_default(), described(one));
        }
        answered.extend(asked(&mut witness, again.iter().filter_map(|one| renamed(&one.case)).collect()));
    }
    let mut disagreed = BTreeSet::new();
    let mut told = BTreeSet::new();
    for one in &answered {
        if let Some(id) = one.judged.id(&one.case) {
            if told.insert((id.clone(), one.case.ground.shape)) {
                println!("{id}: {}", described(one));
            }
            disagreed.insert(id);
        }
    }
    let table = table(&answered);
    println!("{} mutations, seed {}\n\n{table}", answered.len(), scale.seed);
    if scale.is_whole() {
        report::write("syntax", &format!("Kube-OVN {}, OVN {}.\n\n{table}", versions.0, versions.1));
    }
    for one in answered.iter().filter(|one| one.case.is_right()) {
        assert!(one.judged == Judged::Agreed, "the right object does not work: {}", described(one));
    }
    // Under which id a class disagrees is known once it does: all of its ids were asked.
    let classes: BTreeSet<String> = answered.iter().map(|one| one.case.class.id()).collect();
    let wrong =
        known.held_against_asked(&disagreed, |id| id.split_once('/').is_some_and(|(_, class)| classes.contains(class)));
    assert!(wrong.is_empty(), "{} disagreements, {} known:\n{}", disagreed.len(), known.len(), wrong.join("\n"));
}

/// Every field and every way to write it.
fn classes() -> Vec<Class> {
    let fields =
        [subnet::fields(), default_vpc::fields().into(), acl::fields().into(), vpc::fields(), gateway::fields()]
            .into_iter()
            .flatten();
    fields.flat_map(|field| field.classes()).collect()
}

/// What is asked, and the right objects besides, without which nothing that does not work says anything.
fn cases(scale: &Scale) -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(scale.seed);
    let mut classes = classes();
    classes.retain(|class| scale.only.as_deref().is_none_or(|only| class.rule == only || class.id().contains(only)));
    if !scale.full {
        classes.sort_by_key(|class| scale.rank(&class.id()));
        // They cost a start of the controller each.
        classes.retain(|class| !class.alone);
        classes.truncate(CHOICE);
    }
    let scenes = Scene::ALL.into_iter().filter(|scene| classes.iter().any(|class| class.scene == *scene));
    let right: Vec<Class> = scenes.map(Class::unchanged).collect();
    let (mut cases, mut number) = (Vec::new(), 0);
    let mut round = |classes: &[Class], cases: &mut Vec<Case>| {
        for (class, shape) in classes.iter().flat_map(|class| Shape::ALL.map(|shape| (class, shape))) {
            number += 1;
            if !class.alone || shape == Shape::Dual {
                cases.extend(Case::new(class, Ground::new(number, shape, &mut random)));
            }
        }
    };
    round(&classes, &mut cases);
    let most = scale.cases.unwrap_or(if scale.full { MUTATIONS.max(cases.len()) } else { usize::MAX });
    classes.retain(|class| !class.alone);
    // A rule that is not about form has no classes.
    while scale.full && !classes.is_empty() && cases.len() < most {
        round(&classes, &mut cases);
    }
    cases.truncate(most);
    // They come last, so that they show that there was time for all. One of each will do.
    let mut last = Vec::new();
    round(&right, &mut last);
    last.retain(|case| case.ground.shape == Shape::V4);
    cases.extend(last);
    cases
}

/// The same case with other names: Kube-OVN keeps some of what was said of those it had.
fn renamed(case: &Case) -> Option<Case> {
    const LATER: u32 = 1 << 13;
    Case::new(&case.class, case.ground.again(case.ground.number + LATER))
}

/// Asks vpcguard and Kube-OVN.
fn asked(witness: &mut Witness<'_>, cases: Vec<Case>) -> Vec<Answered> {
    let (alone, mut together): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.class.alone);
    let mut batches: Vec<Vec<Case>> = Vec::new();
    while !together.is_empty() {
        let rest = together.split_off(together.len().min(BATCH));
        batches.push(std::mem::replace(&mut together, rest));
    }
    batches.extend(alone.into_iter().map(|case| vec![case]));
    let settings = Settings::default();
    let total: usize = batches.iter().map(Vec::len).sum();
    let mut answered = Vec::new();
    for batch in batches {
        let others: Vec<Value> = ["Vpc", "Subnet", "ConfigMap", "Node"]
            .into_iter()
            .flat_map(|kind| witness.world.stored_of_kind(kind))
            .collect();
        let seen = witness.ask(&batch);
        for (case, seen) in batch.into_iter().zip(seen) {
            let verdict = case.verdict(&others, &settings);
            let judged = Judged::of(&verdict, &seen);
            answered.push(Answered { case, verdict, seen, judged });
        }
        eprintln!("{} of {total} mutations", answered.len());
    }
    answered
}

/// What was said and seen, for a person to judge.
fn described(one: &Answered) -> String {
    let mut text = format!("{:?} {}\n", one.judged, one.case.object["spec"]);
    for finding in one.verdict.findings.iter().chain(&one.verdict.warnings) {
        let _ = writeln!(text, "    vpcguard: {finding}");
    }
    if let Some(refused) = &one.seen.refused {
        let _ = writeln!(text, "    refused: {refused}");
    }
    for symptom in one.seen.symptoms.iter().take(6) {
        let _ = writeln!(text, "    symptom: {symptom}");
    }
    text
}

/// A row a field.
fn table(answered: &[Answered]) -> String {
    let mut rows: BTreeMap<(&str, &str), Vec<&Judged>> = BTreeMap::new();
    for one in answered.iter().filter(|one| !one.case.class.field.is_empty()) {
        rows.entry((one.case.class.scene.kind(), one.case.class.field)).or_default().push(&one.judged);
    }
    let mut table = "| field | mutations | agreed | false refusals | misses | warned | left to the API server |\n|---|---|---|---|---|---|---|\n".to_owned();
    for ((kind, field), of_field) in rows {
        let count = |is: fn(&Judged) -> bool| of_field.iter().filter(|judged| is(judged)).count();
        let _ = writeln!(
            table,
            "| {kind} `{field}` | {} | {} | {} | {} | {} | {} |",
            of_field.len(),
            count(|judged| *judged == Judged::Agreed),
            count(|judged| matches!(judged, Judged::FalseRefusal(_))),
            count(|judged| *judged == Judged::Miss),
            count(|judged| *judged == Judged::Warned),
            count(|judged| *judged == Judged::LeftToTheApiServer),
        );
    }
    table
}
