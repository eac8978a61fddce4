// Every limit and wait of the I/O side, with unit and reason.

import PasteModel

enum IOLimits {
    /// Bytes that one connection may send or receive in a turn before the others get theirs. Large enough that a
    /// system call is cheap per byte, small enough that a turn takes well under a millisecond.
    static let turnBytes = 64 * 1024
    /// Connections that one listener accepts in a tick.
    static let acceptsPerTick = 64
    /// Connections that a shard takes from one listener when it closes: more than a kernel's queue holds.
    static let lastAccepts = 65_536
    /// How long a draining server goes on accepting at a port that it shares with its successor: connections
    /// whose handshake was under way when the successor came belong to the old socket.
    static let halfOpenMilliseconds: Milliseconds = 1_000
    /// How long such a server keeps the store for them: almost all handshakes are over by then.
    static let latecomerMilliseconds: Milliseconds = 200
    /// The part of the grace period over which the goodbyes are spread, at most; the rest is for slow readers.
    static let spreadDivisor = 2
    /// What is left of the grace period for the threads and the store to end, as a part of it.
    static let endDivisor = 20
    /// Ciphertext that may wait for a peer that does not read while it goes on writing (alerts and key updates
    /// that answer it): beyond, nothing more is read from it.
    static let unsentBytes = 128 * 1024
    /// Ciphertext in a row that may carry no plaintext: a whole handshake (some 3 KiB, 16 with post-quantum certificates),
    /// or the largest record half received, is far below. More is a flood of handshake fragments, key updates,
    /// renegotiations or empty records.
    static let barrenBytes = 64 * 1024
    /// How long a connection that we have shut down waits for the peer to do the same. Closing at once could
    /// reset it and so take back the answer that the peer has not read yet (RFC 9112 section 9.6).
    static let lingerMilliseconds: Milliseconds = 2_000
    /// From the accept to the end of a proxy's header. Proxies send it with their first packet.
    static let introductionMilliseconds: Milliseconds = 5_000
    /// When to accept again after the system ran out of descriptors, unless one of ours closes before.
    static let acceptRetryMilliseconds: Milliseconds = 1_000
    /// How long a shard is silent about having told that no descriptor is left.
    static let exhaustionSilenceMilliseconds: Milliseconds = 60_000
    /// Descriptors that connections leave to others: the store's files, logs, the loops' own.
    static let reservedDescriptors = 128
    /// Messages that wait for one shard. Connections that move are refused beyond. What can not be refused is bounded by
    /// what it answers or tells of: the store's answers by its requests, notes on followed pastes by their window of bytes.
    static let mailboxMessages = 65_536
    /// Rounds of effects in one tick before the loop looks at its descriptors again.
    static let roundsPerTick = 8
    /// How often a drain looks whether all connections are gone.
    static let drainPollMilliseconds: Milliseconds = 20
    /// Between two looks at the certificates' files. A renewal is weeks ahead of the end, so minutes would do; seconds
    /// please whoever waits to see it happen.
    static let certificateLook: Duration = .seconds(10)
    /// The longest answer to an ACME challenge, in bytes: a token, a dot and a thumbprint (RFC 8555 section 8.1) are less.
    static let challengeBytes = 1_024
    /// The page's files together, in bytes: they are held in memory.
    static let siteBytes = 64 << 20
}
