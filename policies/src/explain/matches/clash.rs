//! Why no packet can be what a part of a match asks.

use crate::ovn_match::Span;
use crate::ovn_match::packets::Taken;
use crate::ovn_match::tree::Expression;

/// How many conditions are held against each other.
const MOST: usize = 64;

/// A condition, and whether an odd number of `!` encloses it.
type Condition<'a> = (&'a Expression, bool);

/// Two conditions within a part that no packet meets at once, or one that no packet meets.
pub(super) fn reason(expression: &Expression, span: Span, text: &str) -> Option<String> {
    let conditions = within((expression, false), span)?;
    let one = |condition: &Condition<'_>| shown(*condition, text);
    if let Some(empty) = conditions.iter().find(|condition| taken(**condition).possibly.is_empty()) {
        return (conditions.len() > 1).then(|| one(empty)).flatten().map(|part| format!("nothing is `{part}`"));
    }
    let some = conditions.get(..conditions.len().min(MOST))?;
    let sets: Vec<_> = some.iter().map(|condition| taken(*condition)).collect();
    let pairs = (0..some.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
    let clashing = pairs.into_iter().find_map(|(first, second)| {
        let (a, b) = (sets.get(first)?, sets.get(second)?);
        (!a.possibly.meet(&b.possibly)).then(|| Some((one(some.get(first)?)?, one(some.get(second)?)?)))?
    });
    let (first, second) = clashing?;
    Some(format!("what is `{first}` is not `{second}`"))
}

fn taken((expression, is_negated): Condition<'_>) -> Taken {
    if is_negated { Taken::by(&Expression::Not(Box::new(expression.clone()))) } else { Taken::by(expression) }
}

/// The conditions that a part asks all at once.
fn within((expression, is_negated): Condition<'_>, span: Span) -> Option<Vec<Condition<'_>>> {
    if extent(expression) == Some(span) {
        let mut conditions = Vec::new();
        flatten((expression, is_negated), &mut conditions);
        return Some(conditions);
    }
    match expression {
        Expression::Not(inner) => within((inner, !is_negated), span),
        Expression::All(parts) | Expression::Any(parts) => {
            parts.iter().find_map(|part| within((part, is_negated), span))
        }
        _ => None,
    }
}

fn flatten<'a>((expression, is_negated): Condition<'a>, conditions: &mut Vec<Condition<'a>>) {
    match expression {
        Expression::Not(inner) => flatten((inner, !is_negated), conditions),
        // !(a || b) is !a && !b.
        Expression::All(parts) if !is_negated => parts.iter().for_each(|part| flatten((part, false), conditions)),
        Expression::Any(parts) if is_negated => parts.iter().for_each(|part| flatten((part, true), conditions)),
        _ => conditions.push((expression, is_negated)),
    }
}

fn shown((expression, is_negated): Condition<'_>, text: &str) -> Option<String> {
    let part = match expression {
        Expression::Constant(value) => if *value { "1" } else { "0" }.to_owned(),
        _ => crate::text::shortened(extent(expression)?.of(text)),
    };
    Some(if is_negated { format!("!({part})") } else { part })
}

/// From the first comparison of an expression to its last.
fn extent(expression: &Expression) -> Option<Span> {
    let mut extent: Option<Span> = None;
    expression.each_comparison(false, &mut |comparison, _| {
        let span = comparison.span;
        extent = Some(
            extent.map_or(span, |extent| Span { start: extent.start.min(span.start), end: extent.end.max(span.end) }),
        );
    });
    extent
}
