#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    gametape_api::fuzzing::meta(data);
    futures::executor::block_on(gametape_api::fuzzing::form("b", data.to_vec()));
});
