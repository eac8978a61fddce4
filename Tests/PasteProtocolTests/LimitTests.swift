import PasteModel
import Testing

@testable import PasteProtocol

@Suite("the wire's own limits hold at -1, 0, +1")
struct LimitTests {
    @Test("operations of an edit", arguments: [(-1, true), (0, true), (1, false)])
    func editOps(past: Int, isGood: Bool) {
        let ops = Array(repeating: "1", count: AnnouncedLimits.editOps + past).joined(separator: ",")
        expect(#"{"type":"edit","ref":9,"target":"pad","base":0,"ops":[\#(ops)]}"#, isGood, .badEdit)
    }

    @Test("refs in pending", arguments: [(-1, true), (0, true), (1, false)])
    func pendingRefs(past: Int, isGood: Bool) {
        let refs = (1...AnnouncedLimits.pendingRefs + past).map(String.init).joined(separator: ",")
        expect(#"{"type":"subscribe","paste":"7K3QWD","pending":[\#(refs)]}"#, isGood)
    }

    @Test("bytes of a key", arguments: [(-1, true), (0, true), (1, false)])
    func keyBytes(past: Int, isGood: Bool) {
        let key = String(repeating: "a", count: AnnouncedLimits.keyBytes + past)
        expect(#"{"type":"subscribe","paste":"\#(key)"}"#, isGood)
        expect(#"{"type":"create","ref":1,"key":"\#(key)"}"#, isGood)
    }

    @Test("counts of an operation", arguments: [(-1, true), (0, true), (1, false)])
    func opCount(past: Int64, isGood: Bool) {
        for count in [AnnouncedLimits.opCount + past, -(AnnouncedLimits.opCount + past)] {
            expect(#"{"type":"edit","ref":9,"target":"pad","base":0,"ops":[\#(count)]}"#, isGood, .badEdit)
        }
    }

    @Test("integers", arguments: [(-1, true), (0, true), (1, false)])
    func integers(past: Int64, isGood: Bool) {
        for ref in [largestInteger + past, 1 - past] {
            expect(#"{"type":"delete","ref":\#(ref)}"#, isGood)
        }
        expect(#"{"type":"extend","ref":1,"expiresIn":\#(-largestInteger - past)}"#, isGood)
    }

    @Test("what is announced is what the model holds")
    func announced() throws {
        var limits = Limits()
        limits.textBytes = 5
        limits.lifetime = 7
        let announced = AnnouncedLimits(limits)
        #expect(announced.textBytes == 5 && announced.lifetimeMilliseconds == 7)
        let welcome = Welcome(server: "x", limits: announced, now: 3)
        #expect(try decodeServer(encoded(.welcome(welcome))) == .welcome(welcome))
    }

    @Test("the largest text fits a message even if every byte is escaped")
    func worstText() {
        let limits = AnnouncedLimits()
        let text = Text(uncheckedUTF8: Array(repeating: 1, count: limits.textBytes))
        var bytes: [UInt8] = []
        ClientMessage.request(ref: 1, .append(text), paste: nil).encode(into: &bytes)
        #expect(bytes.count <= limits.messageBytes)
    }

    private func expect(_ json: String, _ isGood: Bool, _ code: ErrorCode = .badMessage) {
        do throws(MessageError) {
            _ = try decodeClient(json)
            #expect(isGood, "\(json.prefix(200))")
        } catch {
            #expect(!isGood && error.code == code, "\(json.prefix(200)): \(error)")
        }
    }
}
