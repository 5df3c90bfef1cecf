//! The states of a rotation, the Secret that holds them, and what becomes of garbage.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use vpcguard_certs::{
    Authorities, Ca, CertError, Lifetimes, Phase, SecretError, bundle_trusts, describe, missing_from,
};

const NAMES: [&str; 1] = ["webhook.vpcguard.svc"];
const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_hours(24 * 365);

type Data = BTreeMap<String, Vec<u8>>;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
}

fn lifetimes() -> Lifetimes {
    Lifetimes::default()
}

/// One state of each phase, one after the other.
fn phases() -> [Authorities; 4] {
    let stable = Authorities::begin(now(), &lifetimes()).unwrap();
    let prepared = stable.prepare(now(), &lifetimes()).unwrap();
    let published = prepared.published(now());
    let switched = published.switch(now());
    [stable, prepared, published, switched]
}

fn step(state: &Authorities, now: SystemTime, is_published: bool, is_asked: bool) -> Option<Authorities> {
    state.step(now, &lifetimes(), is_published, is_asked).unwrap()
}

fn read(data: &Data, now: SystemTime) -> Result<Authorities, SecretError> {
    Authorities::from_secret(data, now)
}

fn repair(data: &Data, bundles: &str, now: SystemTime) -> Authorities {
    let repaired = Authorities::repair(data, bundles, now, &lifetimes()).unwrap();
    // What was repaired can be read.
    assert_eq!(read(&repaired.to_secret(), now).unwrap().phase(), repaired.phase());
    repaired
}

#[test]
fn steps_lead_round_when_each_is_due_and_not_before() {
    let Lifetimes { leaf, propagation, .. } = lifetimes();
    let [stable, ..] = phases();
    assert!(step(&stable, now(), true, false).is_none());
    let prepared = step(&stable, now(), true, true).unwrap();
    assert!(step(&prepared, now(), false, true).is_none());
    let published = step(&prepared, now(), true, false).unwrap();
    assert!(step(&published, now() + propagation - SECOND, true, true).is_none());
    let switched = step(&published, now() + propagation, true, false).unwrap();
    let end = now() + propagation + leaf + propagation;
    assert!(step(&switched, end - SECOND, true, true).is_none());
    let again = step(&switched, end, false, false).unwrap();
    let phases = [&prepared, &published, &switched, &again].map(Authorities::phase);
    assert_eq!(phases, [Phase::Prepared, Phase::Published, Phase::Switched, Phase::Stable]);
    // Both from the first step to the last, and only the new one thereafter.
    let both = prepared.bundle_pem();
    for state in [&published, &switched] {
        assert!(missing_from(state.bundle_pem(), &both).is_empty());
    }
    assert_eq!(again.bundle_pem(), switched.signer().certificate_pem());
    assert!(missing_from(&both, again.bundle_pem()).is_empty());
    assert!(!switched.to_secret().contains_key("next.key"));
}

#[test]
fn a_rotation_is_due_after_two_thirds_of_the_life() {
    let lifetimes = Lifetimes { ca: 3 * YEAR, ..lifetimes() };
    let stable = Authorities::begin(now(), &lifetimes).unwrap();
    // The same before and after the Secret has held it.
    for state in [stable.clone(), read(&stable.to_secret(), now()).unwrap()] {
        assert!(!state.due(now() + 2 * YEAR - SECOND));
        assert!(state.due(now() + 2 * YEAR));
        assert_eq!(step(&state, now() + 2 * YEAR, false, false).unwrap().phase(), Phase::Prepared);
    }
}

#[test]
fn a_bundle_that_was_overwritten_is_published_again() {
    let [_, _, published, _] = phases();
    let again = step(&published, now() + lifetimes().propagation, false, false).unwrap();
    assert_eq!(again.phase(), Phase::Prepared);
    assert_eq!(again.bundle_pem(), published.bundle_pem());
}

#[test]
fn a_clock_that_jumps_neither_stops_a_rotation_nor_hurries_it() {
    let [_, _, published, switched] = phases();
    for (state, wait) in [(published, lifetimes().propagation), (switched, lifetimes().leaf + lifetimes().propagation)]
    {
        // A clock that is a little behind is waited for.
        assert!(step(&state, now() - SECOND, true, false).is_none());
        for back in [YEAR, 30 * YEAR, Duration::from_secs(1_795_000_000 + 1)] {
            let then = now() - back;
            let again = step(&state, then, true, false).unwrap();
            assert_eq!((again.phase(), again.since()), (state.phase(), Some(then)));
            assert!(step(&again, then + wait - SECOND, true, false).is_none());
            assert_ne!(step(&again, then + wait, true, false).unwrap().phase(), state.phase());
        }
        assert_ne!(step(&state, now() + 2 * YEAR, true, false).unwrap().phase(), state.phase());
    }
}

#[test]
fn a_step_that_does_not_apply_changes_nothing() {
    let [stable, prepared, published, switched] = phases();
    let same = |a: &Authorities, b: Authorities| assert_eq!(a.to_secret(), b.to_secret());
    same(&stable, stable.published(now()));
    same(&stable, stable.switch(now()));
    same(&stable, stable.retire());
    same(&prepared, prepared.prepare(now(), &lifetimes()).unwrap());
    same(&prepared, prepared.retire());
    same(&published, published.prepare(now(), &lifetimes()).unwrap());
    same(&switched, switched.switch(now()));
}

#[test]
fn a_secret_holds_each_state() {
    for state in phases() {
        let data = state.to_secret();
        let read = read(&data, now()).unwrap();
        assert_eq!(read.to_secret(), data);
        assert_eq!((read.phase(), read.since(), read.bundle_pem()), (state.phase(), state.since(), state.bundle_pem()));
        let keys: Vec<_> = data.keys().map(String::as_str).collect();
        let expected: &[_] = match state.phase() {
            Phase::Stable => &["ca.crt", "ca.key", "phase"],
            Phase::Prepared => &["ca.crt", "ca.key", "next.crt", "next.key", "phase"],
            Phase::Published => &["ca.crt", "ca.key", "next.crt", "next.key", "phase", "since"],
            Phase::Switched => &["ca.crt", "ca.key", "phase", "previous.crt", "since"],
        };
        assert_eq!(keys, expected);
        // The CA that was read signs as the one that was written.
        let leaf = read.sign(&NAMES, now(), &lifetimes()).unwrap();
        assert!(bundle_trusts(state.signer().certificate_pem(), leaf.certificate(), now()));
        assert!(!format!("{read:?}").contains("PRIVATE"));
    }
}

#[test]
fn a_secret_with_garbage_is_an_error_that_names_the_key() {
    let [_, _, published, switched] = phases();
    let other = Authorities::begin(now(), &lifetimes()).unwrap().to_secret();
    let leaf = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for state in [published, switched] {
        let data = state.to_secret();
        for key in data.keys() {
            let mut less = data.clone();
            less.remove(key);
            assert!(matches!(read(&less, now()), Err(SecretError::Missing { key: missing }) if missing == key));
            for garbage in [&b""[..], b"\xff\xfe", b"garbage", leaf] {
                let garbled: Data = data.clone().into_iter().chain([(key.clone(), garbage.to_vec())]).collect();
                let error = read(&garbled, now()).unwrap_err().to_string();
                let pair = key.replace(".key", ".crt");
                assert!(error.contains(&pair), "{key}: {error}");
            }
        }
        let crossed: Data = data.into_iter().chain([("ca.key".to_owned(), other["ca.key"].clone())]).collect();
        let error = read(&crossed, now()).unwrap_err();
        assert!(matches!(error, SecretError::Unusable { key: "ca.crt", source: CertError::KeyMismatch }), "{error}");
    }
    assert!(matches!(read(&Data::new(), now()), Err(SecretError::Missing { key: "phase" })));
}

#[test]
fn what_is_no_ca_of_ours_is_refused() {
    let ca = Ca::generate(now()).unwrap();
    let (crt, key) = (ca.certificate_pem(), ca.key_pem());
    let again = Ca::from_pem(crt.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!((again.certificate(), again.key_pem()), (ca.certificate(), key.clone()));
    assert_eq!((again.not_after(), again.renew_at()), (ca.not_after(), ca.renew_at()));
    let refused = |params: rcgen::CertificateParams, key: &rcgen::KeyPair| {
        let crt = params.self_signed(key).unwrap().pem();
        Ca::from_pem(crt.as_bytes(), key.serialize_pem().as_bytes()).unwrap_err()
    };
    let p256 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap();
    assert!(matches!(refused(params.clone(), &p256), CertError::NotCa));
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    assert!(matches!(refused(params.clone(), &p384), CertError::KeyKind));
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "somebody");
    assert!(matches!(refused(params, &p256), CertError::Foreign));
    let sec1 = key.replace("PRIVATE KEY", "EC PRIVATE KEY");
    assert!(matches!(Ca::from_pem(crt.as_bytes(), sec1.as_bytes()), Err(CertError::KeyKind)));
    assert!(matches!(Ca::from_pem(key.as_bytes(), key.as_bytes()), Err(CertError::NoCertificate)));
    assert!(matches!(Ca::from_pem(crt.as_bytes(), crt.as_bytes()), Err(CertError::Pem(_))));
}

#[test]
fn an_expired_ca_makes_way_for_the_next_one_or_a_new_one() {
    let short = Lifetimes { ca: YEAR, ..lifetimes() };
    let stable = Authorities::begin(now(), &short).unwrap();
    let published = stable.prepare(now() + YEAR / 2, &short).unwrap().published(now() + YEAR / 2);
    let late = now() + YEAR;
    for state in [&stable, &published] {
        assert!(read(&state.to_secret(), late - SECOND).is_ok());
        assert!(matches!(read(&state.to_secret(), late), Err(SecretError::Expired { key: "ca.crt" })));
    }
    let anew = repair(&stable.to_secret(), &stable.bundle_pem(), late + SECOND);
    assert_eq!(anew.phase(), Phase::Stable);
    assert!(!stable.bundle_pem().contains(&anew.bundle_pem()));
    // Which every bundle holds already.
    let next = repair(&published.to_secret(), "", late + SECOND);
    assert_eq!(next.bundle_pem().as_bytes(), published.to_secret()["next.crt"]);
}

#[test]
fn what_is_mended_still_trusts_every_leaf_there_is() {
    let [stable, prepared, _, switched] = phases();
    let bundles = prepared.bundle_pem() + "garbage" + &stable.bundle_pem();
    for state in [stable.clone(), prepared, switched] {
        let leaf = state.sign(&NAMES, now(), &lifetimes()).unwrap();
        let data = state.to_secret();
        let without = |keys: &[&str]| -> Data {
            data.clone().into_iter().filter(|(key, _)| !keys.contains(&key.as_str())).collect()
        };
        let all: Vec<_> = data.keys().map(String::as_str).collect();
        for keys in [&["phase"][..], &["ca.key"], &["ca.key", "next.key"], &["ca.crt"], &all] {
            let repaired = repair(&without(keys), &bundles, now());
            assert!(bundle_trusts(repaired.bundle_pem(), leaf.certificate(), now()), "{keys:?}");
            // Who has a leaf keeps it until the new authority is known.
            assert!(!repaired.leaf_due(&leaf, now()), "{keys:?}");
            let kept = repaired.signer().certificate() == state.signer().certificate();
            assert_eq!(kept, keys == ["phase"], "{keys:?}");
            assert_eq!(repaired.leaf_due(&leaf, now() + lifetimes().propagation), !kept, "{keys:?}");
            // And in the end only the new one is left.
            let end = now() + lifetimes().leaf + 2 * lifetimes().propagation;
            let last = step(&repaired, end, true, false).unwrap();
            assert_eq!(last.bundle_pem(), repaired.signer().certificate_pem());
        }
    }
    // Nothing at all: a first authority.
    assert_eq!(repair(&Data::new(), "", now()).phase(), Phase::Stable);
}

#[test]
fn a_secret_that_is_destroyed_again_and_again_does_not_grow() {
    let mut bundle = String::new();
    for _ in 0..20 {
        bundle = repair(&Data::new(), &bundle, now()).bundle_pem();
    }
    assert_eq!(describe(bundle).unwrap().len(), 9);
}

#[test]
fn a_leaf_is_due_by_its_age_and_when_its_authority_no_longer_signs() {
    let [stable, prepared, published, switched] = phases();
    let leaf = stable.sign(&NAMES, now(), &lifetimes()).unwrap();
    for state in [&stable, &prepared, &published] {
        assert!(!state.leaf_due(&leaf, leaf.renew_at() - SECOND));
        assert!(state.leaf_due(&leaf, leaf.renew_at()));
    }
    assert!(switched.leaf_due(&leaf, now()));
    let new = switched.sign(&NAMES, now(), &lifetimes()).unwrap();
    assert!(!switched.leaf_due(&new, now()));
    let stranger = Authorities::begin(now(), &lifetimes()).unwrap();
    assert!(stranger.leaf_due(&leaf, now()));
    assert!(stable.leaf_due(&leaf, leaf.not_after() + SECOND));
}
