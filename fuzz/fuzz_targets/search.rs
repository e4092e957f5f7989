#![no_main]

libfuzzer_sys::fuzz_target!(|data: (&str, &str, u8)| gametape_fuzz::text::search(data.0, data.1, data.2));
