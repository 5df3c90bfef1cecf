//! Matches by themselves: what must hold of any text, of made-up ones and of those that fuzzing kept.

use vpcguard_tests::matches::{Expressions, hold, kept};

/// How many texts are made up.
const TEXTS: usize = 5000;

#[test]
fn what_fuzzing_kept_holds() {
    let kept = kept().unwrap();
    let faults: Vec<_> = kept.iter().filter_map(|(file, text)| Some((file, hold(text).err()?))).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(kept.len() > 100, "{} texts are too few", kept.len());
}

#[test]
fn what_is_made_up_holds() {
    let faults: Vec<_> = Expressions::of(1).take(TEXTS).filter_map(|text| hold(&text).err()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
