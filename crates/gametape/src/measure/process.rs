//! The process itself, by the names that Prometheus' own libraries give.

/// Memory and file handles of this process, as Linux tells them; elsewhere nothing.
pub(super) fn measure() {
    if let Some(bytes) = std::fs::read_to_string("/proc/self/status")
        .ok()
        .as_deref()
        .and_then(resident)
    {
        metrics::gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(open.count() as f64);
    }
    if let Some(most) = std::fs::read_to_string("/proc/self/limits")
        .ok()
        .as_deref()
        .and_then(most_files)
    {
        metrics::gauge!("process_max_fds").set(most);
    }
}

/// Bytes of memory, from `/proc/self/status`.
fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1_024.0)
}

/// How many files may be open, from `/proc/self/limits`.
fn most_files(limits: &str) -> Option<f64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_is_understood() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t  2048 kB\n"), Some(2_097_152.0));
        assert_eq!(resident("Name:\tx\n"), None);
        let limits = "Limit   Soft Limit  Hard Limit  Units\nMax open files   1024   524288   files\n";
        assert_eq!(most_files(limits), Some(1_024.0));
        assert_eq!(
            most_files("Max open files   unlimited   unlimited   files\n"),
            None
        );
    }
}
