//! Writes the model files that fuzzing begins with into `corpus`: `cargo run --bin seeds`.

fn main() -> std::io::Result<()> {
    for (name, bytes) in gametape_fuzz::models::samples() {
        let path = std::path::Path::new("corpus").join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}
