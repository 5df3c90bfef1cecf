//! What must hold of any text that might be a match of OVN, tried with texts that are led by what they reach.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpcguard_tests::matches::{hold, text_of};

fuzz_target!(|data: &[u8]| {
    if let Err(fault) = hold(&text_of(data)) {
        panic!("{fault}");
    }
});
