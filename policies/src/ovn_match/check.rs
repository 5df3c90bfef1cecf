//! Whether a field may be compared so.

use super::fault::{Fault, Problem};
use super::number;
use super::suggest;
use super::symbols::{Level, Symbol};
use super::token::Format;
use super::tree::{Comparison, Constant};

/// What is wrong with a comparison, in OVN's order; what is wrong later means nothing where an earlier thing is.
pub(super) fn comparison(comparison: &Comparison, is_negated: bool, text: &str) -> Option<Fault> {
    of_type(comparison).or_else(|| of_order(comparison)).or_else(|| of_nominal(comparison, is_negated, text))
}

fn of_type(Comparison { field, constants, .. }: &Comparison) -> Option<Fault> {
    let name = || field.name.clone();
    for (constant, span) in &constants.values {
        if constant.is_string() != field.symbol.is_string() {
            let (wanted, found) =
                if field.symbol.is_string() { ("strings", "numbers") } else { ("numbers", "strings") };
            let fault = Fault::new(Problem::Type { field: name(), wanted, found }, *span);
            return Some(match constant {
                Constant::String(text) if is_number(text) => fault.suggest(format!("write {text} without quotes")),
                Constant::String(text) => suggest::value(fault, field, text),
                Constant::Number(_) => fault.suggest("put it in quotes"),
                _ => fault,
            });
        }
        let Constant::Number(number) = constant else { continue };
        let (has, needs) = (field.symbol.width, number.width());
        if needs > has {
            let fault = Fault::new(Problem::Width { field: name(), has, needs }, *span);
            return Some(match field.name.strip_prefix("ip4.") {
                Some(rest @ ("src" | "dst")) if number.format == Format::Ipv6 => {
                    fault.suggest(format!("an IPv6 address is compared with ip6.{rest}"))
                }
                _ => fault,
            });
        }
    }
    None
}

/// Whether this is a number or an address, or one with a mask.
fn is_number(text: &str) -> bool {
    let (value, mask) = text.split_once('/').map_or((text, None), |(value, mask)| (value, Some(mask)));
    let Ok(value) = number::parse(value) else { return false };
    mask.is_none_or(|mask| number::parse(mask).is_ok_and(|mask| number::masked(value, mask).is_ok()))
}

fn of_order(Comparison { field, operator, constants, span }: &Comparison) -> Option<Fault> {
    if !operator.is_order() {
        return None;
    }
    let problem = if constants.is_set {
        Problem::OrderOfSet(operator.to_string())
    } else if matches!(field.symbol.level, Level::Nominal | Level::Predicate | Level::Boolean) {
        Problem::OrderOfField(field.name.clone())
    } else {
        match constants.values.first() {
            Some((Constant::Number(number), _)) if number.mask.is_some() => Problem::OrderOfMask(operator.to_string()),
            Some((Constant::AddressSet(_), _)) => Problem::OrderOfAddressSet,
            _ => return None,
        }
    };
    let fault = Fault::new(problem, *span);
    Some(match fault.problem {
        Problem::OrderOfAddressSet => fault.suggest("ask for the set by `==`, or write the address itself"),
        _ => fault,
    })
}

fn of_nominal(
    Comparison { field, operator, constants, span }: &Comparison,
    is_negated: bool,
    text: &str,
) -> Option<Fault> {
    let is_positive = (*operator == super::token::Operator::Eq) != is_negated;
    match field.symbol.level {
        Level::Predicate => {
            let is_denied = |constant: &Constant| match constant {
                Constant::Number(number) => (number.value & 1 == 1) != is_positive,
                _ => !is_positive,
            };
            let is_wrong = constants.values.iter().any(|(constant, _)| is_denied(constant));
            is_wrong.then(|| {
                let fault = Fault::new(Problem::NegatedPredicate(field.name.clone()), *span);
                fault.suggest("what is not of this sort goes on to the next one: use two of different priority")
            })
        }
        Level::Nominal if !is_positive => {
            let fault = Fault::new(Problem::NegatedNominal(field.name.clone()), *span);
            let value = constants.span.of(text);
            Some(fault.suggest(format!("exclude {value} by another policy of a higher priority")))
        }
        _ => None,
    }
}

/// What is wrong with a choice of bits.
pub(super) fn bits(symbol: &Symbol, name: &str, low: u32, high: u32) -> Option<Problem> {
    let name = || name.to_owned();
    if symbol.is_string() {
        Some(Problem::BitsOfString(name()))
    } else if low > high {
        Some(Problem::BitOrder { low, high })
    } else if high >= symbol.width {
        Some(Problem::BitRange { field: name(), width: symbol.width })
    } else if symbol.is_nominal() && (low != 0 || high + 1 != symbol.width) {
        Some(Problem::BitsOfNominal(name()))
    } else {
        None
    }
}
