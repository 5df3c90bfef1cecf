//! What a body may be answered, tried with bodies that are led by what they reach. A body is raw where the bytes begin as JSON
//! does, and made of the choices that they are elsewhere.

#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use vpcguard::Bodies;
use vpcguard_policies::Settings;
use vpcguard_tests::hostile::{Body, Ground};

/// How large a body that is made may be: enough for what is worse than linear to be seen.
const MOST: usize = 256 << 10;

struct Site {
    ground: Ground,
    bodies: Bodies,
    runtime: Runtime,
}

thread_local! {
    static SITE: OnceCell<Site> = const { OnceCell::new() };
}

impl Site {
    fn new() -> Self {
        let ground = Ground::gather().unwrap();
        let bodies = Bodies::new(ground.inventory(), Settings::default()).unwrap();
        Self { ground, bodies, runtime: Builder::new_current_thread().enable_time().build().unwrap() }
    }

    fn try_out(&self, data: &[u8]) {
        let body = match data.first() {
            Some(b'{') => Body::raw(data),
            _ => Body::made(&self.ground, &mut Unstructured::new(data), MOST).unwrap(),
        };
        let answers = async |path, bytes| {
            self.bodies.forget();
            self.bodies.answer(path, bytes).await.unwrap()
        };
        if let Err(fault) = self.runtime.block_on(body.post(answers)) {
            panic!("{fault}\n{}", String::from_utf8_lossy(&body.bytes));
        }
    }
}

fuzz_target!(|data: &[u8]| SITE.with(|site| site.get_or_init(Site::new).try_out(data)));
