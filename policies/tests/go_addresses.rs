//! Addresses and prefixes read as Go reads them: compared with a table of Go's own answers (`tests/go/addresses`).

use serde_json::Value;
use vpcguard_policies::net::{Cidr, parse_ip};

#[test]
fn every_text_reads_as_go_reads_it() {
    let table: Vec<Value> = serde_json::from_str(include_str!("../../tests/go/addresses/answers.json")).unwrap();
    assert!(table.len() > 100);
    for answer in &table {
        let text = answer["text"].as_str().unwrap();
        let address = parse_ip(text).map(|address| address.to_string());
        assert_eq!(address.as_deref(), answer["address"].as_str(), "address {text:?}");
        let prefix = Cidr::parse(text).ok();
        let written = prefix.map(|prefix| prefix.address().to_string());
        assert_eq!(written.as_deref(), answer["prefix"]["address"].as_str(), "address of prefix {text:?}");
        let network = prefix.map(|prefix| prefix.network().to_string());
        assert_eq!(network.as_deref(), answer["prefix"]["network"].as_str(), "network of prefix {text:?}");
    }
}
