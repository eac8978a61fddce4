import DequeModule
import PasteModel
import PasteProtocol

/// A paste in memory, with the devices that follow it and the requests that wait for it.
/// Shard-confined; it does not know the shard.
final class LivePaste {
    let id: PasteID
    let key: PasteKey
    /// `nil` while the store reads it.
    var paste: Paste?
    private(set) var viewers: [Session] = []
    /// The same by device, so that a thousand who join do not look at each other.
    private(set) var viewersByAuthor: [Author: Session] = [:]
    /// Sessions that wait for the paste to be read, with what they want of it.
    private(set) var waiters: [(session: Session, wish: Wish)] = []
    /// Who asked for each of the paste's pending events, in their order.
    private(set) var requesters: Deque<Requester> = []
    /// Requests whose answer rests on events that are not durable yet.
    private(set) var parked: [Parked] = []

    /// Set when the paste is ending: new requests are refused.
    var ending: Ending?
    /// Whether this tick's end looks for a batch.
    var isBatchDue = false
    /// Whether the batch in flight was submitted before and may have been carried out then.
    var isOutcomeUnknown = false
    /// When a batch whose outcome is unknown, or a removal that failed, is submitted again.
    var retryAt: Milliseconds?
    /// When `devices` may be sent, if the count has changed.
    var devicesAt: Milliseconds?
    var devicesToldAt: Milliseconds = .min
    /// Since when nobody follows it.
    var idleSince: Milliseconds
    /// Connections that texts of it were sent to over HTTP; some may have read them by now.
    var readers: [ConnectionID] = []
    /// Texts that are on their way to HTTP readers.
    var loans: [Loan] = []
    /// The last number that was given to a request whose maker named nobody.
    var lastNamelessRef: UInt64 = 0
    /// Bytes of it that count as memory of open pastes.
    var countedBytes = 0
    /// Shards that have viewers of it, too.
    private(set) var followers: [Follower] = []
    /// Its viewers there.
    var spread = Spread()
    /// At a follower, where there never is a `paste`: what it has of the log.
    var copy: FollowedLog?

    init(id: PasteID, key: PasteKey, now: Milliseconds) {
        self.id = id
        self.key = key
        idleSince = now
    }

    /// What a session wants of a paste.
    enum Wish {
        case subscribe(key: String, after: Cursor?, pending: [UInt64])
        case request(ref: UInt64, PasteRequest)
        case delete(ref: UInt64)
        /// The HTTP request in hand says what; this is the cursor that it names.
        case http(from: Cursor?)
    }

    /// Who is to be told what became of a request.
    struct Requester {
        let session: Session
        let author: Author
        let ref: UInt64
        /// When the request was accepted.
        var since: Milliseconds = 0
    }

    /// An answer that waits for its premise: told when the log is durable up to there, judged anew when a part of
    /// it was dropped. Not judged anew before: under steady load there would always be a newer premise.
    struct Parked {
        let requester: Requester
        let request: PasteRequest
        /// `nil` when even that is open: then it is judged at its premise.
        let outcome: Outcome?
        let premiseSeq: UInt64
    }

    /// Why a paste ends, and how far that has come.
    struct Ending {
        let reason: EndReason
        let requester: Requester?
        var isRemoving = false
    }

    /// Whether the time is over and an `extend` may be among the events that the store has not decided on.
    var mayBeSaved: Bool {
        guard let ending, ending.reason == .expired, !ending.isRemoving else { return false }
        return paste?.hasPending == true
    }

    /// Whether nothing in memory would be missed but the cached state.
    var isUnused: Bool {
        viewers.isEmpty && waiters.isEmpty && requesters.isEmpty && parked.isEmpty && ending == nil && retryAt == nil
            && followers.isEmpty
    }

    /// The viewer that is this device's, if there is one: a second one replaces it.
    func viewer(_ author: Author) -> Session? { viewersByAuthor[author] }

    func add(_ session: Session, _ view: Session.View) {
        view.index = viewers.count
        session.view = view
        changeViewers { $0.append(session) }
        viewersByAuthor[view.author] = session
    }

    func remove(_ session: Session, now: Milliseconds) {
        guard let view = session.view else { return }
        let index = view.index
        session.view = nil
        if viewersByAuthor[view.author] === session {
            viewersByAuthor[view.author] = nil
        }
        changeViewers { viewers in
            let last = viewers.removeLast()
            guard last !== session else { return }
            viewers[index] = last
            last.view?.index = index
        }
        if viewers.isEmpty {
            idleSince = now
        }
    }

    // Out and back, as in `Session.hold`: who waits and who follows is looked at for each commit.

    func add(_ follower: Follower) {
        var all: [Follower] = []
        swap(&all, &followers)
        all.append(follower)
        swap(&all, &followers)
    }

    func remove(_ follower: Follower) {
        followers = followers.filter { $0 !== follower }
    }

    func removeFollowers() { followers = [] }

    /// Has a session wait until the paste is read.
    func wait(_ session: Session, for wish: Wish) {
        var all = waiters
        waiters = []
        all.append((session, wish))
        waiters = all
    }

    /// All who waited.
    func takeWaiters() -> [(session: Session, wish: Wish)] {
        defer { waiters = [] }
        return waiters
    }

    /// A request has become a pending event.
    func accepted(_ requester: Requester) {
        var all: Deque<Requester> = []
        swap(&all, &requesters)
        all.append(requester)
        swap(&all, &requesters)
    }

    /// Who asked for the first of the pending events that nobody was told of.
    func nextRequester() -> Requester? {
        var all: Deque<Requester> = []
        swap(&all, &requesters)
        defer { swap(&all, &requesters) }
        return all.popFirst()
    }

    /// All who asked for pending events.
    func takeRequesters() -> Deque<Requester> {
        defer { requesters = [] }
        return requesters
    }

    /// Has an answer wait for its premise.
    func park(_ entry: Parked) {
        var all = parked
        parked = []
        all.append(entry)
        parked = all
    }

    /// All answers that waited.
    func takeParked() -> [Parked] {
        defer { parked = [] }
        return parked
    }

    private func changeViewers(_ change: (inout [Session]) -> Void) {
        var all = viewers
        viewers = []
        change(&all)
        viewers = all
    }
}
