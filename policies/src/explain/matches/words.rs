//! Which packets an expression takes, in words: negations are led to the comparisons, as OVN does.

use super::clause::{self, Clause};
use crate::ovn_match::tree::Expression;

/// How many alternatives are told.
const MOST_ALTERNATIVES: usize = 24;

/// What is said of a match that takes nothing.
pub(super) const NOTHING: &str = "no packet";

/// Some packets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phrase {
    Every,
    Nothing,
    These(Packets),
    /// At least two.
    Either(Vec<Phrase>),
}

/// Packets of which all of this holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Packets {
    sorts: Vec<&'static str>,
    clauses: Vec<Clause>,
    /// What is one of several.
    either: Vec<String>,
}

/// The packets of an expression.
pub(super) fn of(expression: &Expression) -> String {
    phrase(expression, false).noun()
}

fn phrase(expression: &Expression, is_negated: bool) -> Phrase {
    match expression {
        Expression::Constant(value) if *value == is_negated => Phrase::Nothing,
        Expression::Constant(_) => Phrase::Every,
        Expression::IsChassisResident => {
            let not = if is_negated { "not " } else { "" };
            let text = format!("{not}on the node where the port of `is_chassis_resident` is");
            Packets::of(Clause { text: Some(text), ..Clause::default() })
        }
        Expression::Not(inner) => phrase(inner, !is_negated),
        Expression::Comparison(comparison) => Packets::of(clause::of_comparison(comparison, is_negated)),
        Expression::All(parts) => match parts.as_slice() {
            // `1 <= f <= 2` is read as two comparisons with one field.
            [Expression::Comparison(one), Expression::Comparison(other)] if one.field == other.field && !is_negated => {
                clause::of_range(one, other).map_or_else(|| all(parts, false), Packets::of)
            }
            _ if is_negated => any(parts, true),
            _ => all(parts, false),
        },
        Expression::Any(parts) if is_negated => all(parts, true),
        Expression::Any(parts) => any(parts, false),
    }
}

fn all(parts: &[Expression], is_negated: bool) -> Phrase {
    let mut these = Packets::default();
    let mut alternatives = Vec::new();
    for part in parts {
        match phrase(part, is_negated) {
            Phrase::Every => {}
            Phrase::Nothing => return Phrase::Nothing,
            Phrase::These(more) => these.add(more),
            Phrase::Either(several) => alternatives.push(several),
        }
    }
    if these == Packets::default() {
        if alternatives.is_empty() {
            return Phrase::Every;
        }
        if let [_] = alternatives.as_slice() {
            return Phrase::Either(alternatives.into_iter().flatten().collect());
        }
    }
    these.either.extend(alternatives.iter().map(|several| format!("that are {}", list(several, " or "))));
    Phrase::These(these)
}

fn any(parts: &[Expression], is_negated: bool) -> Phrase {
    let mut several = Vec::new();
    for part in parts {
        match phrase(part, is_negated) {
            Phrase::Every => return Phrase::Every,
            Phrase::Nothing => {}
            Phrase::Either(more) => several.extend(more),
            Phrase::These(these) => several.push(Phrase::These(these)),
        }
    }
    match several.as_slice() {
        [] => Phrase::Nothing,
        [only] => only.clone(),
        _ => one_sort(&several).unwrap_or(Phrase::Either(several)),
    }
}

/// Alternatives of which each says one thing of packets of the same sort.
fn one_sort(several: &[Phrase]) -> Option<Phrase> {
    let mut sorts = None;
    let mut texts = Vec::new();
    for phrase in several {
        let Phrase::These(Packets { sorts: these, clauses, either }) = phrase else { return None };
        let text = match (clauses.as_slice(), either.as_slice()) {
            ([one], []) => one.text.clone()?,
            ([], [one]) if !one.starts_with("that are ") => one.clone(),
            _ => return None,
        };
        if sorts.get_or_insert(these) != &these {
            return None;
        }
        texts.push(text);
    }
    let packets = Packets { sorts: sorts?.clone(), clauses: Vec::new(), either: vec![cut(&texts).join(" or ")] };
    Some(Phrase::These(packets))
}

/// The first ones, and how many more there are.
fn cut(texts: &[String]) -> Vec<String> {
    let (told, rest) = texts.split_at(texts.len().min(MOST_ALTERNATIVES));
    let more = (!rest.is_empty()).then(|| format!("{} more", rest.len()));
    told.iter().cloned().chain(more).collect()
}

fn list(several: &[Phrase], joint: &str) -> String {
    let noun = |phrase: &Phrase| {
        let noun = phrase.noun();
        if noun.contains(" or ") || noun.contains(',') { format!("({noun})") } else { noun }
    };
    cut(&several.iter().map(noun).collect::<Vec<_>>()).join(joint)
}

impl Packets {
    fn of(clause: Clause) -> Phrase {
        let sorts = clause.sort.into_iter().collect();
        let clauses = Some(clause).filter(|clause| clause.text.is_some()).into_iter().collect();
        Phrase::These(Self { sorts, clauses, either: Vec::new() })
    }

    fn add(&mut self, more: Self) {
        for sort in more.sorts {
            if !self.sorts.contains(&sort) {
                self.sorts.push(sort);
            }
        }
        self.clauses.extend(more.clauses);
        self.either.extend(more.either);
    }

    fn noun(&self) -> String {
        /// The sorts that one names already.
        const WITHIN: &[(&str, &[&str])] = &[
            ("IP", &["IPv4", "IPv6", "TCP", "UDP", "SCTP", "ICMP"]),
            ("IPv4", &["ICMPv4", "IGMP"]),
            ("IPv6", &["ICMPv6"]),
            ("neighbour discovery", &["neighbour solicitation", "neighbour advertisement"]),
        ];
        let is_said = |sort: &str| {
            let within = WITHIN.iter().filter(|(wider, _)| *wider == sort).flat_map(|(_, narrower)| narrower.iter());
            let has = |narrower: &&str| self.sorts.contains(narrower) || self.names(narrower);
            self.names(sort) || within.into_iter().any(has)
        };
        let mut sorts: Vec<_> = self.sorts.iter().copied().filter(|sort| !is_said(sort)).collect();
        sorts.sort_by_key(|sort| !sort.starts_with("IPv"));
        let mut words: Vec<_> = sorts.into_iter().map(str::to_owned).collect();
        words.push("packets".to_owned());
        // Where from and where to stand first, one behind the other.
        let is_way = |text: &&String| ["from ", "to ", "not from ", "not to "].iter().any(|way| text.starts_with(way));
        let (ways, others): (Vec<_>, Vec<_>) =
            self.clauses.iter().filter_map(|clause| clause.text.as_ref()).partition(is_way);
        words.extend(ways.into_iter().cloned());
        if !others.is_empty() {
            words.push(others.into_iter().cloned().collect::<Vec<_>>().join(" and "));
        }
        let text = words.join(" ");
        match self.either.as_slice() {
            [] => text,
            [one] if self.clauses.is_empty() || one.starts_with("that are ") => format!("{text} {one}"),
            several => {
                let each = several
                    .iter()
                    .map(|one| if one.starts_with("that are ") { one.clone() } else { format!("either {one}") });
                format!("{text}, {}", each.collect::<Vec<_>>().join(", and "))
            }
        }
    }

    /// Whether a clause names a sort.
    fn names(&self, sort: &str) -> bool {
        self.clauses.iter().any(|clause| clause.named == Some(sort))
    }
}

impl Phrase {
    fn noun(&self) -> String {
        match self {
            Self::Every => "every packet".to_owned(),
            Self::Nothing => NOTHING.to_owned(),
            Self::These(packets) => packets.noun(),
            Self::Either(several) => list(several, ", or "),
        }
    }
}
