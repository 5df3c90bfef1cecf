//! Every way into another tenant's VPC, tried with the rights of an ordinary tenant: it is refused and not stored, and what an
//! honest tenant writes instead is stored without a word.
//!
//! What a way attaches where nobody refuses it is held against Kube-OVN itself in the test of conformance.

pub(super) mod ground;
mod run;

use std::collections::BTreeSet;

use vpcguard_policies::rules::TABLE;
use vpcguard_tests::control_plane::Response;
use vpcguard_tests::isolation::Way;

use super::world::World;
use run::Run;

#[test]
fn nobody_gets_in() {
    let ways = Way::all().unwrap();
    for way in &ways {
        for rule in way.warns.iter().chain([&way.rule]) {
            assert!(way.until.is_some() || is_rule(rule), "{}: there is no rule {rule}", way.name);
        }
    }
    let Some(mut world) = World::start() else { return };
    ground::lay(&mut world);
    let (mut wrong, mut waiting) = (Vec::new(), 0);
    for (number, way) in ways.iter().enumerate() {
        let run = |steps, name: &str| Run::new(&world, way, steps, &format!("{name}{number}"));
        let (attack, neighbour) = (run(&way.steps, "way"), run(&way.neighbour, "honest"));
        let of_attack = tried(&attack, way);
        attack.clear();
        let of_neighbour = honest(&neighbour, way);
        neighbour.clear();
        let mut found: Vec<String> = [of_attack, of_neighbour].into_iter().flatten().collect();
        match &way.until {
            Some(_) if !found.is_empty() => {
                waiting += 1;
                eprintln!("{} waits: {}", way.name, found.join("; "));
                found.clear();
            }
            Some(until) => found.push(format!("is held now, and need not wait for {until}")),
            None => {}
        }
        wrong.extend(found.iter().map(|found| format!("{}: {found}", way.name)));
    }
    eprintln!("{} ways, of which {waiting} wait for a rule", ways.len());
    assert!(wrong.is_empty(), "{} of {} ways:\n{}", wrong.len(), ways.len(), wrong.join("\n"));
}

fn is_rule(id: &str) -> bool {
    TABLE.iter().any(|rule| rule.id == id)
}

/// What came of a way, if it is not what is wanted.
fn tried(run: &Run<'_>, way: &Way) -> Option<String> {
    let is_refusal = |answer: &Response| says(answer, &way.rule);
    let (before, last) = run.steps.split_at(way.step - 1);
    for step in before {
        if let Some(refused) = run.send(step, &is_success).iter().find(|answer| !is_success(answer)) {
            return Some(format!("a request before it is refused: {}", refused.body));
        }
    }
    let (step, stored) = (&last[0], run.stored());
    let answers = run.send(step, &is_refusal);
    let answer = answers.last().unwrap();
    if is_success(answer) {
        return Some("is admitted".to_owned());
    }
    if !is_refusal(answer) {
        return Some(format!("is refused with {}: {}", answer.status, answer.body));
    }
    let is_stored = match step.objects().get(answers.len() - 1) {
        Some(object) => object["kind"] != "Binding" && is_success(&run.get(object)),
        None => run.stored() != stored,
    };
    is_stored.then(|| "is refused, and stored".to_owned())
}

/// What came of what the honest tenant writes, if it is not what is wanted.
fn honest(run: &Run<'_>, way: &Way) -> Option<String> {
    let is_foreseen = |answer: &Response| warnings(answer).iter().all(|rule| way.warns.contains(rule));
    let mut warned = BTreeSet::new();
    for answer in run.steps.iter().flat_map(|step| run.send(step, &|answer| is_success(answer) && is_foreseen(answer)))
    {
        if !is_success(&answer) {
            return Some(format!("its neighbour is refused: {}", answer.body));
        }
        if !is_foreseen(&answer) {
            return Some(format!("its neighbour is warned: {}", answer.head));
        }
        warned.extend(warnings(&answer));
    }
    let silent = way.warns.iter().find(|rule| !warned.contains(*rule));
    silent.map(|rule| format!("its neighbour is not warned of {rule}"))
}

/// Whether a rule speaks, in a refusal or in a warning.
fn says(answer: &Response, rule: &str) -> bool {
    answer.body.contains(&format!("[vpcguard {rule}]")) || warnings(answer).iter().any(|said| said == rule)
}

fn is_success(answer: &Response) -> bool {
    (200..300).contains(&answer.status)
}

/// The rules that warn.
fn warnings(answer: &Response) -> Vec<String> {
    let lines = answer.head.lines().filter(|line| line.to_ascii_lowercase().starts_with("warning:"));
    // The API server's own have no rule, and are none of ours.
    let rule = |line: &str| {
        line.rsplit_once("[vpcguard ").and_then(|(_, rest)| rest.split_once(']')).map(|(rule, _)| rule.to_owned())
    };
    lines.filter_map(rule).filter(|rule| is_rule(rule)).collect()
}
