#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let headers = gametape_fuzz::headers(data);
    gametape_api::fuzzing::tus_headers(&headers);
    gametape_api::fuzzing::range(&headers, data.len() as u64);
    gametape_api::fuzzing::range(&headers, u64::MAX);
});
