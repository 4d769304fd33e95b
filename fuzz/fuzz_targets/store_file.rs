#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| fuzz_targets::run("store_file", data));

// Bytes that are inserted or removed make nonsense of all pages behind them: most changes stay within a few bytes.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let seed = usize::try_from(seed).unwrap_or_default();
    if size < 512 || seed % 8 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let length = 1 + seed / 8 % 32;
    let start = seed / 256 % (size - length);
    let mut window = data[start..start + length].to_vec();
    let changed = fuzzer_mutate(&mut window, length, length);
    data[start..start + changed].copy_from_slice(&window[..changed]);
    size
});
