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
