//! Any bytes as a message of DNS: a question of a program, an answer of an upstream.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(fault) = resolver::probe::message(bytes) {
        panic!("{fault}");
    }
});
