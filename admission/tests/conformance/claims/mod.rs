//! Claims: the cases of the corpus, replayed before Kube-OVN with no webhook in the way.

mod broken;
mod expectation;
mod outside;
mod renamed;
mod replay;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use vpcguard_check::{Source, parse_value};
use vpcguard_policies::finding::Reported;
use vpcguard_policies::rules::TABLE;
use vpcguard_policies::{Operation, Request, Verdict, review};
use vpcguard_tests::Case;
use vpcguard_tests::kube_ovn::{Resource, World};

use crate::known::Known;
use crate::scale::Scale;
use crate::{alone, report};
use expectation::{Expectation, Seen};

/// How many rules a run must guard at least.
const GUARDED: usize = 5;

/// Rules whose warnings do not say that the object does not work: the world has the configuration of gateways that cases leave out, and
/// a gateway without a route to it is made all the same.
const HARMLESS: &[&str] = &["gateway-config", "gateway-default-route"];

/// What the rule says of a case.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Says {
    Accepts,
    Warns,
    Refuses,
}

impl Says {
    const fn key(self) -> &'static str {
        match self {
            Self::Accepts => "accepts",
            Self::Warns => "warns",
            Self::Refuses => "refuses",
        }
    }
}

/// A case that can be replayed, and what is expected of it.
pub(crate) struct Claim {
    case: Case,
    says: Says,
    expectation: Expectation,
}

impl Claim {
    fn rule(&self) -> &str {
        self.case.subject()
    }

    fn disagrees(&self, judged: &BTreeMap<String, Seen>) -> bool {
        judged.get(&self.case.name).is_none_or(|seen| !self.expectation.is_seen(seen))
    }
}

/// What came of a claim.
enum Outcome {
    Agreed,
    Disagreed,
    NotObservable(String),
}

#[test]
fn kube_ovn_does_what_the_rules_say() {
    let _alone = alone();
    let scale = Scale::of_environment();
    let claims = chosen(all(), &scale);
    let Some(mut world) = World::start_or_skip() else { return };
    let versions = world.versions().unwrap();
    let (observable, hidden): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|claim| !matches!(claim.expectation, Expectation::NotObservable(_)));
    let mut outcomes: BTreeMap<String, Vec<(String, Outcome)>> = BTreeMap::new();
    for claim in &hidden {
        if let Expectation::NotObservable(why) = &claim.expectation {
            let outcome = Outcome::NotObservable(why.clone());
            outcomes.entry(claim.rule().to_owned()).or_default().push((claim.case.name.clone(), outcome));
        }
    }
    let known = Known::of("claims");
    let mut judged = BTreeMap::new();
    replay::all(&mut world, &observable, |claim, seen| drop(judged.insert(claim.case.name.clone(), seen.clone())));
    // On a busy machine something may come later than it was looked for: what surprises is asked once more, and then by itself,
    // for Kube-OVN comes to a rule after all those that it tries again.
    let is_surprising =
        |claim: &Claim, judged: &BTreeMap<String, Seen>| claim.disagrees(judged) != known.has(&claim.case.name);
    let surprising: Vec<&Claim> = observable.iter().filter(|claim| is_surprising(claim, &judged)).collect();
    replay::all(&mut world, surprising.clone(), |claim, seen| {
        drop(judged.insert(claim.case.name.clone(), seen.clone()));
    });
    for claim in surprising {
        if is_surprising(claim, &judged) {
            replay::all(&mut world, [claim], |claim, seen| drop(judged.insert(claim.case.name.clone(), seen.clone())));
        }
    }
    let mut disagreed = BTreeSet::new();
    for claim in &observable {
        let is_wrong = claim.disagrees(&judged);
        if is_wrong {
            disagreed.insert(claim.case.name.clone());
            println!("{}", described(claim, &judged[&claim.case.name]));
        }
        let outcome = if is_wrong { Outcome::Disagreed } else { Outcome::Agreed };
        outcomes.entry(claim.rule().to_owned()).or_default().push((claim.case.name.clone(), outcome));
    }
    let table = table(&outcomes);
    println!("{table}");
    if scale.is_whole() {
        report::write("claims", &format!("Kube-OVN {}, OVN {}.\n\n{table}", versions.0, versions.1));
    }
    let guarded = guarded(&observable, &judged);
    println!("{} rules could not be broken unnoticed: {guarded:?}", guarded.len());
    assert!(scale.is_narrowed() || guarded.len() >= GUARDED, "a run that notices so little proves nothing");
    let asked = observable.iter().map(|claim| claim.case.name.clone()).collect();
    let wrong = known.held_against(&disagreed, &asked);
    assert!(
        wrong.is_empty(),
        "{} of {} cases, {} known:\n{}",
        disagreed.len(),
        observable.len(),
        known.len(),
        wrong.join("\n")
    );
}

/// The rules that could not be broken unnoticed: were one silent, a bad case of it would have to work, and does not; were it to refuse
/// everything, a good case would have to show what bad ones show, and does not.
fn guarded<'a>(claims: &'a [Claim], judged: &BTreeMap<String, Seen>) -> BTreeSet<&'a str> {
    let (defaults, works) = (defaults(), Expectation::Works(String::new()));
    let rules = claims.iter().map(Claim::rule).collect::<BTreeSet<_>>();
    let misses = |rule: &str, says: Says, expectation: &Expectation| {
        let of_rule = claims.iter().filter(|claim| claim.rule() == rule && claim.says == says);
        of_rule.filter_map(|claim| judged.get(&claim.case.name)).any(|seen| !expectation.is_seen(seen))
    };
    let is_guarded = |rule: &&str| {
        let refused = &defaults[*rule][Says::Refuses.key()];
        misses(rule, Says::Refuses, &works) && misses(rule, Says::Accepts, &Expectation::read(refused))
    };
    rules.into_iter().filter(is_guarded).collect()
}

/// Each rule says what reality is to show, so that one without a witness is seen.
#[test]
fn every_rule_has_an_expectation() {
    let defaults = defaults();
    for rule in TABLE {
        let of_rule = defaults.get(rule.id).unwrap_or_else(|| panic!("observed.yaml has nothing of {}", rule.id));
        for says in [Says::Accepts, Says::Warns, Says::Refuses] {
            if let Some(expectation) = of_rule.get(says.key()) {
                Expectation::read(expectation);
            }
        }
    }
    for id in defaults.as_object().unwrap().keys() {
        assert!(TABLE.iter().any(|rule| rule.id == id), "observed.yaml speaks of {id}, which is not a rule");
    }
}

#[test]
fn what_is_known_of_a_case_is_asked() {
    let asked: BTreeSet<String> = all().into_iter().map(|claim| claim.case.name).collect();
    let known = Known::of("claims");
    let lost: Vec<_> = known.ids().filter(|id| !asked.contains(*id)).collect();
    assert!(lost.is_empty(), "known.yaml has {lost:?}, which are no cases, or claim nothing of Kube-OVN");
}

fn defaults() -> Value {
    let name = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/observed.yaml");
    let source = Source { bytes: std::fs::read(&name).unwrap(), name: name.display().to_string() };
    parse_value(&source).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// All claims: the cases of rules by default settings, on what is created or changed.
fn all() -> Vec<Claim> {
    let defaults = defaults();
    let is_rule = |case: &Case| TABLE.iter().any(|rule| rule.id == case.subject());
    let by_default = |case: &Case| case.settings.as_object().is_some_and(serde_json::Map::is_empty);
    let cases = Case::all().into_iter().filter(|case| is_rule(case) && by_default(case));
    let is_made = |case: &Case| matches!(case.request.operation, Operation::Create | Operation::Update);
    cases.filter(is_made).filter_map(|case| claim(case, &defaults)).collect()
}

/// None where another rule refuses the object: the case says nothing of Kube-OVN then.
fn claim(case: Case, defaults: &Value) -> Option<Claim> {
    let verdict = case.verdict();
    let speaks = |findings: &[Reported]| findings.iter().any(|finding| finding.rule() == case.subject());
    let says = match () {
        () if speaks(&verdict.findings) => Says::Refuses,
        () if !verdict.allowed => return None,
        () if speaks(&verdict.warnings) => Says::Warns,
        () if has_other_faults(&case, &verdict) => return None,
        () => Says::Accepts,
    };
    let by_rule = &defaults[case.subject()][says.key()];
    let works = Value::from("works");
    let expected = match &case.observed {
        Some(observed) => observed,
        // What is only warned of may work.
        None if by_rule.is_null() && says == Says::Warns => return None,
        None if by_rule.is_null() => &works,
        None => by_rule,
    };
    let objects = || case.state.iter().chain([&case.request.object]);
    let strange = objects().find(|object| case.observed.is_none() && !Resource::is_followed(object));
    let expectation = match strange.and_then(|object| object["kind"].as_str()) {
        Some(kind) => Expectation::NotObservable(format!("what becomes of a {kind} is not played here")),
        None => Expectation::read(expected),
    };
    Some(Claim { case, says, expectation })
}

/// Whether an accepted object need not work: another rule warns of it, or it was as wrong before, which an UPDATE of something else
/// does not tell.
fn has_other_faults(case: &Case, verdict: &Verdict) -> bool {
    let counts = |findings: &[Reported]| findings.iter().any(|finding| !HARMLESS.contains(&finding.rule()));
    let anew = Request::of_object(case.request.object.clone(), None);
    let anew = review(&anew, &case.cluster(), &case.parsed_settings()).unwrap();
    counts(&verdict.warnings) || counts(&anew.findings) || counts(&anew.warnings)
}

/// All claims at full scale; else one bad and one good case of each rule, by the seed.
fn chosen(claims: Vec<Claim>, scale: &Scale) -> Vec<Claim> {
    let mut claims: Vec<_> = claims
        .into_iter()
        .filter(|claim| scale.only.as_deref().is_none_or(|only| only == claim.rule() || claim.case.name.contains(only)))
        .collect();
    if !scale.full {
        claims.retain(|claim| !matches!(claim.expectation, Expectation::NotObservable(_)));
        claims.sort_by_key(|claim| scale.rank(&claim.case.name));
        let mut taken = BTreeSet::new();
        claims.retain(|claim| taken.insert((claim.rule().to_owned(), claim.says == Says::Accepts)));
    }
    claims.truncate(scale.cases.unwrap_or(usize::MAX));
    claims
}

/// What was expected, and what was seen, for a person to judge.
fn described(claim: &Claim, seen: &Seen) -> String {
    let mut text =
        format!("{}: vpcguard {} it, so {:?} was expected\n", claim.case.name, claim.says.key(), claim.expectation);
    let mut part = |name: &str, lines: &[String]| {
        for line in lines.iter().take(12) {
            let _ = writeln!(text, "    {name}: {line}");
        }
    };
    part("refused", seen.refused.as_slice());
    part("symptom", &seen.symptoms);
    part("said", &seen.said);
    part("trespass", &seen.trespasses);
    part("switch", &seen.switches);
    part("other", &seen.others);
    part("row", &seen.rows);
    part("black hole", &seen.black_holes);
    part("dropped", &seen.dropped);
    part("command", &seen.commands);
    text
}

/// A row a rule.
fn table(outcomes: &BTreeMap<String, Vec<(String, Outcome)>>) -> String {
    let mut table = "| rule | cases | agreed | disagreed | not observable |\n|---|---|---|---|---|\n".to_owned();
    for rule in TABLE {
        let of_rule = outcomes.get(rule.id).map(Vec::as_slice).unwrap_or_default();
        let agreed = of_rule.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Agreed)).count();
        let disagreed = of_rule.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Disagreed)).count();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, outcome) in of_rule {
            if let Outcome::NotObservable(why) = outcome {
                *reasons.entry(why).or_default() += 1;
            }
        }
        let reasons: Vec<_> = reasons.iter().map(|(why, count)| format!("{count}: {why}")).collect();
        let _ =
            writeln!(table, "| `{}` | {} | {agreed} | {disagreed} | {} |", rule.id, of_rule.len(), reasons.join("; "));
    }
    table
}
