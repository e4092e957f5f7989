#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| gametape_api::fuzzing::cursor(text));
