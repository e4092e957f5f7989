#![no_main]

libfuzzer_sys::fuzz_target!(|transcript: gametape_fuzz::text::Odd| gametape_fuzz::text::export(transcript));
