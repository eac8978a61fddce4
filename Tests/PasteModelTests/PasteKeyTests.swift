import Digest
import Foundation
import PasteModel
import Seeded
import Testing

@Suite struct PasteKeyTests {
    @Test("The list has 1,024 plain words, unique in their first four letters, none the start of another")
    func wordList() {
        let words = WordList.words
        #expect(words.count == 1024)
        #expect(Set(words.map { $0.prefix(4) }).count == 1024)
        #expect(words == words.sorted())
        for word in words {
            #expect(3...7 ~= word.count && word.allSatisfy { "a"..."z" ~= $0 })
            #expect(!words.contains { $0 != word && $0.hasPrefix(word) })
        }
    }

    @Test("No word sounds like another English word")
    func homophones() {
        let table = """
            ate eight bare bear berry bury blue blew board bored brake break bread bred buy cell sell cent scent cereal \
            serial sight site course coarse days daze deer dear desert dessert dew due doe dough fair fare feat feet \
            flea flee flour flower flew four fore forth great grate hair hare hall haul heal heel hear here hole whole \
            hour our idle idol knight night knot lead made maid mail male main mane meat meet metal medal minor miner \
            moose mousse morning mourning muscle mussel naval navel one won pail pale pain pane pair pear pause paws \
            peace piece peak peek peel petal pedal plain plane pole poll principal principle rain reign read reed \
            right write ring road rode role roll root route rose rows sail sale sauce scene seen sea see sea seam \
            sense shoe soar sole soul some sum son sun stair stare stake steak steal steel story straight suite sweet \
            symbol cymbal tail tale team teem throne thrown tide tied toe tow two vain vein wait weight waist waste \
            wave waive way weigh weak week wear weather whether whale which witch wood would council counsel \
            border boarder bold bowled canvas canvass capital capitol carat carrot cart kart dairy gofer gopher jewel \
            joule mind mined pries prize
            """
        #expect(Set(table.split(whereSeparator: \.isWhitespace).map(String.init)).isDisjoint(with: WordList.words))
    }

    @Test("Every spelling of a generated key is the same key")
    func spellings() throws {
        var random = SplitMix64(seed: 1)
        for bits in [30, 40] {
            for _ in 0..<2_000 {
                let key = PasteKey.generated(bits: bits, from: random.next())
                let words = try #require(key.words)
                let code = try #require(key.code)
                #expect(code.count == bits / 5 && words.split(separator: "-").count == bits / 10)
                for spelling in [words, code] {
                    for separator in ["", " ", "_", "."] {
                        let typed = spelling.replacing("-", with: separator)
                        #expect(PasteKey(parsing: typed) == key && PasteKey(parsing: typed.uppercased()) == key)
                        #expect(PasteKey(chosen: typed) == nil)
                    }
                }
                #expect(PasteKey(parsing: code.replacing("0", with: "o").replacing("1", with: "L")) == key)
            }
        }
    }

    @Test("No string reads both as words and as letters")
    func oneReading() {
        // Three words are longer than the codes of 6 and 8 letters; a private code never is made of words.
        #expect(WordList.words.map(\.count).min().map { $0 * 3 > 8 } == true)
        var random = SplitMix64(seed: 2)
        for _ in 0..<2_000 {
            let key = PasteKey.privateKey(high: random.next(), low: random.next())
            #expect(PasteKey(parsing: key.canonical) == key && key.isPrivate && key.words == nil)
        }
    }

    @Test("Chosen keys are what the rules say, and reserved paths are none")
    func chosen() throws {
        struct Vectors: Decodable {
            let same: [[String]]
            let chosen: [String]
            let none: [String]
        }
        let vectors = try JSONDecoder().decode(Vectors.self, from: vectors("keys"))
        for pair in vectors.same { #expect(PasteKey(parsing: pair[1])?.canonical == pair[0]) }
        for key in vectors.chosen { #expect(PasteKey(chosen: key)?.canonical == key) }
        for key in vectors.none { #expect(PasteKey(parsing: key) == nil, "\(key)") }
        #expect(PasteKey(chosen: String(repeating: "u", count: 64)) != nil)
        #expect(PasteKey(chosen: String(repeating: "u", count: 65)) == nil)
        #expect(PasteKey(chosen: "uuuuu") == nil)
    }

    @Test("The same create finds the same key; every part of it matters")
    func derivation() {
        let hash = KeyedHash(secret: [1])
        let client = [UInt8](repeating: 9, count: 16)
        func key(_ ref: UInt64, _ attempt: UInt64) -> PasteKey {
            .derived(.short, hash: hash, client: client, ref: ref, attempt: attempt)
        }
        #expect(key(1, 0) == key(1, 0))
        #expect(Set([key(1, 0), key(1, 1), key(2, 0)]).count == 3)
        #expect(PasteID(key(1, 0), hash: hash) == PasteID(key(1, 0), hash: hash))
        #expect(PasteID(key(1, 0), hash: hash) != PasteID(key(1, 0), hash: KeyedHash(secret: [2])))
    }
}
