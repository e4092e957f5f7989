//! Writes the model files that fuzzing begins with into `corpus`: `cargo fuzz run seeds`.
//!
//! It is a target like the others, which writes instead of reading, because `cargo fuzz` builds all programs with the
//! instruments that only targets can be linked with.
#![no_main]

fn write() -> std::io::Result<()> {
    for (name, bytes) in gametape_fuzz::models::samples() {
        let path = std::path::Path::new("fuzz/corpus").join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

fn run() {
    write().expect("the corpus can be written");
    std::process::exit(0);
}

libfuzzer_sys::fuzz_target!(init: run(), |_data: &[u8]| {});
