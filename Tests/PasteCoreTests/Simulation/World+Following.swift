import PasteModel

@testable import PasteCore

extension ShardNote {
    /// What it is about, in a word.
    var kind: String {
        switch matter {
        case .follow: "follow"
        case .events: "events"
        case .devices: "devices"
        case .replaced: "replaced"
        case .recall: "recall"
        case .unfollow: "unfollow"
        case .over: "over"
        case .taken: "taken"
        case .left: "left"
        case .overTold: "overTold"
        }
    }
}

/// What must hold of pastes whose viewers live on several shards.
extension World {
    /// Law 6: mail between shards and followers' copies are bounded, whoever lags.
    func checkFollowing(of shard: SimulatedShard) {
        let settings = plan.settings
        // The last event that fits may pass the limit; lagging followers get some at a time.
        let text = 6 * (plan.limits.textBytes + settings.refillBytes) + 16_384
        for live in shard.core.pastes.values {
            ledger.expect(live.copy == nil, "a paste is followed at home")
            for follower in live.followers {
                ledger.expect(
                    (0...settings.followWindowBytes + text).contains(follower.untakenBytes),
                    "law 6: \(follower.untakenBytes) bytes are under way to a follower")
                ledger.expect(follower.viewers > 0, "a paste is followed for nobody")
            }
        }
        for live in shard.core.followed.values {
            ledger.expect(live.id.home(of: plan.shards) != shard.number, "a paste is followed at home")
            ledger.expect(
                live.copy.map { $0.heldBytes <= settings.followedBytes } == true,
                "law 6: a follower holds \(live.copy?.heldBytes ?? -1) bytes")
        }
    }

    /// When nothing is under way, homes know exactly who is where.
    func checkFollowers() {
        for shard in shards {
            ledger.expect(shard.core.overs.isEmpty, "an ended paste is still kept in mind")
            for live in shard.core.pastes.values {
                for follower in live.followers {
                    let there = shards[follower.shard].core.followed[live.id]?.viewers ?? []
                    ledger.expect(there.count == follower.viewers, "\(there.count) viewers, not \(follower.viewers)")
                    for viewer in there {
                        let away = (viewer.view?.author).flatMap { live.spread.away[$0] }
                        ledger.expect(
                            away?.ticket == viewer.view?.ticket && away?.shard == follower.shard,
                            "a viewer has a ticket that its home does not know")
                    }
                }
                let count = live.followers.reduce(0) { $0 + $1.viewers }
                ledger.expect(count == live.spread.away.count, "\(live.spread.away.count) are away, not \(count)")
            }
            for live in shard.core.followed.values {
                let home = shards[live.id.home(of: shards.count)].core.pastes[live.id]
                ledger.expect(
                    home?.followers.contains { $0.shard == shard.number } == true,
                    "a follower that its home does not know")
            }
        }
    }
}
