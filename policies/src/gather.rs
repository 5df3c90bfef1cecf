//! Sets and maps without a sort.

/// Collects into a set or a map, item by item. `collect` sorts all items first, and that sort is some 8 KiB of WebAssembly
/// for each type of item.
pub(crate) fn gathered<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut gathered = C::default();
    gathered.extend(items);
    gathered
}
