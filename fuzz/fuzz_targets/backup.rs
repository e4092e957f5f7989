#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gametape_fuzz::backup::read(data));
