//! Each target on its committed corpus, and on changes of it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use fuzz_targets::TARGETS;

/// Changed inputs, all together.
const CHANGES: usize = 100;

#[test]
fn every_target_takes_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for target in TARGETS {
        let folder = corpus.join(target.name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{} has no corpus", target.name);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let inputs: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        for input in &inputs {
            (target.run)(input);
        }
        for input in inputs.iter().cycle().take(CHANGES) {
            (target.run)(&changed(input, &mut random));
        }
        (target.run)(b"");
    }
}

/// The input with a few bytes flipped, cut out or repeated.
fn changed(input: &[u8], random: &mut u64) -> Vec<u8> {
    let mut next = |below: usize| {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        usize::try_from(*random % u64::try_from(below.max(1)).unwrap()).unwrap()
    };
    let mut bytes = input.to_vec();
    for _ in 0..=next(3) {
        let at = next(bytes.len());
        let end = (at + next(16)).min(bytes.len());
        match next(4) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(next(256)).unwrap();
                }
            }
            1 => drop(bytes.drain(at.min(end)..end)),
            2 => {
                let again: Vec<u8> = bytes.drain(at.min(end)..end).collect();
                bytes.splice(at..at, again.iter().chain(&again).copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}
