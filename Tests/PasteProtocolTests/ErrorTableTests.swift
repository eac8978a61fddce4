import Foundation
import PasteModel
import Testing

@testable import PasteProtocol

@Suite("the error table")
struct ErrorTableTests {
    struct Table: Decodable {
        struct Row: Decodable {
            let code: String, retry: String, httpStatus: Int, message: String
            let limitUnit: String?, messageWithLimit: String?
            let meaning: String
        }
        struct Close: Decodable { let code: UInt16, name: String, rule: String, reason: String }
        struct Standard: Decodable { let code: UInt16, rule: String }
        struct Span: Decodable { let from: UInt16, through: UInt16, rule: String }
        let version: Int
        let errors: [Row]
        let rejections: [String: String]
        let closeCodes: [Close]
        let closeRanges: [Span]
        let standardCloseCodes: [Standard]
    }

    let table: Table

    init() throws {
        table = try Vectors.read("errors.json")
    }

    @Test("code and errors.json hold the same rows")
    func rows() throws {
        #expect(table.errors.map(\.code) == ErrorCode.allCases.map(\.rawValue))
        for row in table.errors {
            let code = try #require(ErrorCode(rawValue: row.code))
            #expect(row.retry == code.retry.rawValue, "\(code)")
            #expect(row.httpStatus == code.httpStatus, "\(code)")
            #expect(row.message == code.sentence(), "\(code)")
            #expect(row.limitUnit == code.limitUnit?.rawValue, "\(code)")
            #expect((row.messageWithLimit != nil) == (code.limitUnit != nil), "\(code)")
            if let limited = row.messageWithLimit, let gap = limited.firstRange(of: "{limit}") {
                let sentence = code.sentence(limit: 7_777)
                #expect(sentence.hasPrefix(limited[..<gap.lowerBound]), "\(code)")
                #expect(sentence.hasSuffix(limited[gap.upperBound...]), "\(code)")
                #expect(sentence.contains("7,777"), "\(code)")
            }
        }
    }

    @Test("a sentence speaks to a person: it is whole, short, and names no internals")
    func sentences() {
        for code in ErrorCode.allCases {
            for sentence in [code.sentence(), code.sentence(limit: 1 << 20)] {
                #expect(sentence.hasSuffix(".") && sentence.first?.isUppercase == true, "\(sentence)")
                #expect(sentence.count <= 140 && !sentence.contains("{"), "\(sentence)")
            }
        }
    }

    @Test("every rejection has its row")
    func rejections() {
        let all: [(String, Rejection)] = [
            ("emptyText", .emptyText), ("textTooLarge", .textTooLarge(limit: 1 << 20)),
            ("pasteFull", .pasteFull(limit: 16 << 20)), ("tooManyItems", .tooManyItems(limit: 10_000)),
            ("noSuchItem", .noSuchItem), ("badExpiry", .badExpiry(limit: 86_400_000)), ("staleRef", .staleRef),
            ("tooManyClients", .tooManyClients(limit: 4_096)), ("badEdit", .badEdit), ("staleBase", .staleBase),
        ]
        #expect(Set(all.map(\.0)) == Set(table.rejections.keys))
        for (name, rejection) in all {
            let error = ErrorMessage(rejection, ref: 5)
            #expect(error.code == table.rejections[name])
            #expect(error.ref == 5)
            #expect((error.limit != nil) == (rejection.limit != nil))
        }
        #expect(ErrorMessage(Rejection.textTooLarge(limit: 1 << 20), ref: 1).message.contains("1 MiB"))
        #expect(ErrorMessage(Rejection.badExpiry(limit: 30 * 86_400_000), ref: 1).message.contains("30 days"))
    }

    @Test("no store error shows its words to the peer")
    func storeErrors() {
        let all: [(StoreError, ErrorCode)] = [
            (.gone, .noSuchPaste), (.exists, .keyTaken), (.conflict(head: Cursor(seq: 1, tag: 1)), .unavailable),
            (.full, .storageFull), (.busy, .busy), (.unavailable("/var/x"), .unavailable),
            (.corrupt("/var/x"), .damaged),
        ]
        for (error, code) in all {
            let message = ErrorMessage(error, ref: nil)
            #expect(message.known == code)
            #expect(!message.message.contains("/var"))
        }
    }

    @Test("close codes carry their rule by range, and fit a close frame")
    func closeCodes() throws {
        #expect(table.closeCodes.map(\.code) == CloseReason.allCases.map(\.rawValue))
        for row in table.closeCodes {
            let reason = try #require(CloseReason(rawValue: row.code))
            #expect(row.name == "\(reason)" && row.reason == reason.text)
            #expect(row.rule == CloseRule(code: row.code).rawValue)
            #expect(reason.text.utf8.count <= 123)
        }
        for row in table.standardCloseCodes {
            #expect(row.rule == CloseRule(code: row.code).rawValue, "\(row.code)")
        }
        for range in table.closeRanges {
            for code in range.from...range.through { #expect(CloseRule(code: code).rawValue == range.rule) }
        }
        #expect(CloseRule(code: 3_999) == .comeBack && CloseRule(code: 5_000) == .comeBack)
    }
}

extension Rejection {
    fileprivate var limit: Int64? {
        switch self {
        case .textTooLarge(let limit), .pasteFull(let limit), .tooManyItems(let limit), .tooManyClients(let limit):
            Int64(limit)
        case .badExpiry(let limit): limit
        default: nil
        }
    }
}
