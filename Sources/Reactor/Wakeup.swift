// How other threads wake a loop.

import CLinux
import Synchronization

/// A loop's bell. Any thread rings it after leaving something for the loop; between two looks of the loop it
/// costs one system call however often it rings, and none when the loop's own thread rings.
struct Wakeup: ~Copyable, Sendable {
    let descriptor: Int32
    private let isRung = Atomic<Bool>(false)
    private let owner = Atomic<UInt64>(0)

    init() throws(SystemError) {
        descriptor = try checked("eventfd", pasted_event_create())
    }

    deinit {
        _ = pasted_close(descriptor)
    }

    /// The calling thread is the loop's.
    borrowing func adopt() {
        owner.store(pasted_thread_id(), ordering: .releasing)
    }

    /// Whether the calling thread is the loop's.
    borrowing func isOwnThread() -> Bool {
        owner.load(ordering: .acquiring) == pasted_thread_id()
    }

    borrowing func ring() {
        // The exchange orders what was left for the loop before the bell: who sees the bell sees that too.
        guard !isRung.exchange(true, ordering: .acquiringAndReleasing), !isOwnThread() else { return }
        // Edge-triggered: each write is news, nobody reads the counter, and 2^64 writes do not happen.
        _ = pasted_event_signal(descriptor)
    }

    /// Whether it rang since the last look. The loop looks before it takes what was left, so that what is
    /// left later rings again; and before it sleeps, since its own thread rings without waking.
    borrowing func wasRung() -> Bool {
        isRung.load(ordering: .acquiring)
    }

    borrowing func rest() {
        isRung.store(false, ordering: .sequentiallyConsistent)
    }
}
