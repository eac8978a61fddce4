import Digest
import Testing

@Suite("Hashes")
struct DigestTests {
    @Test("of what the standards take as their example, in hexadecimal")
    func vectors() {
        let abc = Array("abc".utf8)
        #expect(hexadecimal(sha1(abc)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(hexadecimal(sha256(abc)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("every byte has two digits")
    func digits() {
        #expect(hexadecimal([0, 1, 15, 16, 255]) == "00010f10ff")
        #expect(hexadecimal([]) == "")
    }
}
