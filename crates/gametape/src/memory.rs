//! How memory is given back to the system.

/// Tells the C library to give large pieces back as soon as they are freed.
///
/// Left to itself, glibc raises the size above which it asks the system for a piece of its own to that of the
/// largest piece freed so far, up to 32 MiB, and keeps what is smaller: after one window of sound every thread's
/// arena holds on to tens of megabytes (`mallopt(3)`, `M_MMAP_THRESHOLD`). Other systems don't.
pub(crate) fn give_back_large_pieces() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LARGE_BYTES: libc::c_int = 1 << 20;
        #[expect(unsafe_code, reason = "the C library has no other way")]
        // SAFETY: called once, first of all, while there is only this thread; a value that isn't taken changes
        // nothing.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES);
            libc::mallopt(libc::M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
        }
    }
}

/// Gives back, every half a minute, what is free between pieces that are still held.
///
/// Work comes and goes on many threads, and glibc gives threads arenas by turns: each keeps what its last thread left
/// around a piece or two that live on (`malloc_trim(3)`). A worker held 350 to 620 MB that way, and 220 to 330 when it
/// gives that back; of a server's 47 MB, which rose by half a megabyte a minute, 26 were free.
pub(crate) fn keep_giving_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const EVERY: std::time::Duration = std::time::Duration::from_secs(30);
        let give_back = || {
            loop {
                std::thread::sleep(EVERY);
                #[expect(unsafe_code, reason = "the C library has no other way")]
                // SAFETY: it takes the locks that it needs, and touches nothing that is held.
                unsafe {
                    libc::malloc_trim(0);
                }
            }
        };
        let thread = std::thread::Builder::new().name("memory".to_owned());
        if let Err(error) = thread.spawn(give_back) {
            tracing::debug!(%error, "memory is given back late");
        }
    }
}
