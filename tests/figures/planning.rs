//! Planning and encoding, for one device among many of a class.

use crate::meter::cpu;
use crate::row::Row;
use bytes::Bytes;
use controlplane_core::facts::Facts;
use controlplane_core::plan::{Now, plan, told_next};
use controlplane_core::rules::Rules;
use identity::key::OnlineSigner;
use model::desired::Head;
use model::digest::Digest;
use model::id::DeviceId;
use model::signed::Signed;
use model::time::Timestamp;
use std::hint::black_box;
use wire::convert::{head_encode, plan_encode};

const DEVICES: u32 = 20_000;

/// The processor time of planning once for a class, then of a head for each device.
pub(crate) fn measure() -> Vec<Row> {
    let (signer, _) = OnlineSigner::generate().expect("a key");
    let rules = Rules { changed: 7, ..Rules::default() };
    let facts = Facts::bare(DeviceId::new(Timestamp::from_unix_seconds(1), [1; 10]));
    let before = used();
    for _ in 0..DEVICES {
        black_box(Digest::of(&plan_encode(&plan(black_box(&rules), &facts).plan)));
    }
    let planned = used();
    let digest = Digest::of(&plan_encode(&plan(&rules, &facts).plan));
    for n in 0..DEVICES {
        let told = told_next(None, None, Now { plan: digest, facts: 7, grant: None }, 1, black_box(&rules));
        let mut random = [0; 10];
        random[..4].copy_from_slice(&n.to_be_bytes());
        let device = DeviceId::new(Timestamp::from_unix_seconds(1), random);
        let head = Head { device, generation: told.generation, plan: told.plan, grant: None };
        let signed: Signed<Head> = signer.sign(Bytes::clone(&head_encode(&head)));
        black_box(wire::v1::Envelope::from(&signed));
    }
    let headed = used();
    vec![
        Row::less("plan and encode, once for a class of devices", (planned - before) / f64::from(DEVICES), "us CPU"),
        Row::less("head: decide, encode and sign, for each device", (headed - planned) / f64::from(DEVICES), "us CPU")
            .within(60.0, 40.0),
    ]
}

/// This process's own processor time so far, in microseconds.
fn used() -> f64 {
    cpu(std::process::id()).as_secs_f64() * 1e6
}
