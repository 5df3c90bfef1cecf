//! Sets, maps and sorted lists in little WebAssembly.
//!
//! The standard library compiles a sort of some 4 to 8 KiB for each type that is sorted, and `collect` sorts what it puts into
//! a set or a map.

use std::cmp::Ordering;

/// Collects into a set or a map, item by item.
pub fn gathered<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut gathered = C::default();
    gathered.extend(items);
    gathered
}

/// Sorts; what is equal keeps its order. There is one sort for all types, of places in a list.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    });
    let mut unsorted: Vec<_> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| unsorted.get_mut(at)?.take()));
}

/// Sorts by what the items are themselves, and leaves each once.
pub(crate) fn sort_and_dedup<T: Ord>(items: &mut Vec<T>) {
    sort_by(items, T::cmp);
    items.dedup();
}

fn order(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<_> = (0..length).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_keeps_its_order() {
        let mut words = vec!["bb", "a", "cc", "b", "aa", ""];
        sort_by(&mut words, |a, b| a.len().cmp(&b.len()));
        assert_eq!(words, ["", "a", "b", "bb", "cc", "aa"]);
        let mut none: Vec<u8> = Vec::new();
        sort_by(&mut none, u8::cmp);
        assert!(none.is_empty());
    }

    #[test]
    fn what_stands_twice_is_left_once() {
        let mut numbers: Vec<_> = (0..1000_u32).map(|number| number * 7919 % 500).collect();
        sort_and_dedup(&mut numbers);
        assert!(numbers.iter().copied().eq(0..500));
    }
}
