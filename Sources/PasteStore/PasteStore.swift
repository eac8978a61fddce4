// The storage contract. One protocol, one suite (`StoreSpec`), several implementations.

import PasteModel

/// Where pastes live. Requests go in without waiting, answers come back to the sender's sink: a shard hands
/// over a tick's requests in one call and gets them answered through its mailbox.
///
/// Promises, each held by `StoreSpec` for every implementation:
/// - **Durable**: `committed` and `created` are answered only for what survives a power cut.
/// - **Group commit**: what arrives while a transaction is written goes into the next one; no timer.
/// - **Order**: requests of one sink about one paste take effect in the order they were submitted.
/// - **Exactly once**: ids are looked up before the cursor; a batch already known answers `committed`.
/// - **Only what is durable is readable.**
/// - **Conflict, never interleaving**: a batch whose expected cursor is not the head changes nothing.
/// - **Bounded**: over the named limits of queued requests or bytes the answer is `busy`.
/// - Each request gets exactly one answer, on any thread.
public protocol PasteStore: Sendable {
    /// Hands requests over. Returns at once; never blocks on the disk.
    func submit(_ requests: [StoreRequest], answersTo sink: any StoreSink)

    /// Whether the store can do its work.
    var status: StoreStatus { get }

    /// What it has done and holds.
    var figures: StoreFigures { get }
}

/// Who gets a store's answers.
public protocol StoreSink: Sendable {
    /// Takes answers, in the order in which they were decided. Called from any thread; returns at once.
    func deliver(_ answers: [StoreAnswer])
}

/// Whether a store can do its work, for health checks and metrics.
public enum StoreStatus: Hashable, Sendable {
    /// All is well.
    case ready
    /// Reads work, writes may not.
    case degraded(String)
    /// Nothing works for now.
    case down(String)
    /// Nothing will work until a person changes a setting.
    case misconfigured(String)
}
