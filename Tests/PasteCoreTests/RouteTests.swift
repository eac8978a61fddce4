import HTTP1
import HTTPTypes
import PasteModel
import Seeded
import Testing

@testable import PasteCore

@Suite("Routes")
struct RouteTests {
    private func route(_ method: String, _ target: String, prefersPage: Bool = false) -> String {
        do throws(HTTPFailure) {
            guard let method = HTTPRequest.Method(method) else { return "no method" }
            let path = try RequestPath(target)
            let route = try Route(method, path, prefersPage: prefersPage) {
                ["/style.css", "/js/main.js"].contains($0)
            }
            return switch route {
            case .page, .plainPage, .webSocket, .make, .makeByMessage: "\(route)"
            case .plainPaste(let address): address.key.canonical
            case .asset(let path): "asset \(path)"
            case .code(let address): "code \(address.key.canonical)"
            case .paste(let address, let errand): "\(address.key.canonical) \(errand)"
            }
        } catch {
            return "\(error.status.code) \(error.fields[.allow] ?? "")"
        }
    }

    @Test(
        "method and path lead there",
        arguments: [
            ("GET", "/?read", "plainPage"), ("GET", "/?read=&key=7k3+qwd", "7K3QWD"), ("GET", "/?read&key=a", "404 "),
            ("GET", "/7K3QWD?read", "7K3QWD reading"), ("GET", "/", "page"), ("HEAD", "/?x", "page"),
            ("PUT", "/", "make"), ("POST", "/", "make"),
            ("GET", "/style.css", "asset /style.css"), ("GET", "/js/main.js", "asset /js/main.js"),
            ("PUT", "/js/main.js", "404 "), ("DELETE", "/style.css", "405 GET, HEAD"), ("GET", "/live", "webSocket"),
            ("POST", "/live", "makeByMessage"), ("PUT", "/live", "webSocket"),
            ("GET", "/7K3QWD", "7K3QWD newest"), ("GET", "/7k3-qwd/", "7K3QWD newest"),
            ("PUT", "/7K3QWD", "7K3QWD append"), ("POST", "/7K3QWD", "7K3QWD append"),
            ("DELETE", "/7K3QWD", "7K3QWD end"), ("PATCH", "/7K3QWD", "405 GET, HEAD, PUT, POST, DELETE"),
            ("GET", "/7K3QWD/items/12", "7K3QWD item(12)"), ("DELETE", "/7K3QWD/items/12", "7K3QWD remove(12)"),
            ("GET", "/7K3QWD/items/9007199254740991", "7K3QWD item(9007199254740991)"),
            ("GET", "/7K3QWD/items/9007199254740992", "404 "), ("GET", "/7K3QWD/items/18446744073709551616", "404 "),
            ("GET", "/7K3QWD/items/-1", "404 "), ("GET", "/7K3QWD/items/1/", "7K3QWD item(1)"),
            ("GET", "/7K3QWD/pad", "7K3QWD pad"), ("PUT", "/7K3QWD/pad", "405 GET, HEAD"),
            ("GET", "/7K3QWD.json", "7K3QWD snapshot"), ("GET", "/7K3QWD/events?after=1", "7K3QWD events"),
            ("GET", "/7K3QWD/read", "7K3QWD reading"), ("GET", "/7K3QWD/qr.svg", "code 7K3QWD"),
            ("POST", "/7K3QWD/live", "7K3QWD message"), ("GET", "/7K3QWD/live", "405 POST"),
            ("PUT", "/7K3QWD/a.txt", "7K3QWD append"), ("POST", "/7K3QWD/a.txt", "404 "),
            ("GET", "/7K3QWD/a.txt", "404 "),
            ("GET", "/nothing/here", "404 "), ("GET", "/metrics", "404 "), ("GET", "/x", "404 "),
            ("PUT", "/metrics", "make"), ("PUT", "/x", "make"), ("BREW", "/", "501 "), ("get", "/", "501 "),
        ])
    func leads(method: String, target: String, expected: String) {
        #expect(route(method, target) == expected)
    }

    @Test("a browser gets the page for a key, and a script what is there")
    func page() {
        #expect(route("GET", "/7K3QWD", prefersPage: true) == "page")
        #expect(route("GET", "/7K3QWD?read", prefersPage: true) == "7K3QWD reading")
        #expect(route("GET", "/7K3QWD/items/1", prefersPage: true) == "7K3QWD item(1)")
        #expect(route("PUT", "/7K3QWD", prefersPage: true) == "7K3QWD append")
    }

    @Test("what `curl -T` puts behind the address is a file's name, unless a person could have said it as a key")
    func names() {
        for name in [
            "notes.txt", "data.json", "a", "id_rsa", "my%20own%20file", "%C3%A4", "main.swift", ".bashrc", "7K3.QWD",
        ] {
            #expect(route("PUT", "/\(name)") == "make", "\(name)")
        }
        let words = PasteKey(parsing: "7K3QWD")?.words ?? ""
        #expect(words.split(separator: "-").count == 3)
        for separator in ["-", ".", "_", "%20", ""] {
            let spelling = words.split(separator: "-").joined(separator: separator)
            #expect(route("PUT", "/\(spelling)") == "7K3QWD append", "\(spelling)")
        }
        #expect(route("PUT", "/README") == "README append" && route("PUT", "/Dockerfile") == "dockerfile append")
    }

    @Test("every reading is safe, and every change is known as one")
    func changes() {
        for target in ["/", "/7K3QWD", "/7K3QWD.json", "/7K3QWD/items/1", "/7K3QWD/read", "/7K3QWD/events", "/live"] {
            guard let path = try? RequestPath(target) else { continue }
            for method in [HTTPRequest.Method.get, .head, .put, .post, .delete] {
                guard let route = try? Route(method, path, prefersPage: false, isFile: { _ in false }) else { continue }
                let isSafe = method == .get || method == .head || route == .webSocket
                #expect(route.isChange == !isSafe, "\(method) \(target)")
            }
        }
    }
}

@Suite("Negotiation")
struct NegotiationTests {
    @Test(
        "the form that `Accept` prefers",
        arguments: [
            (nil, Representation.text), ("", .text), ("*/*", .text), ("text/html", .page), ("text/plain", .text),
            ("application/json", .json), ("Application/JSON; charset=utf-8", .json), ("application/*", .json),
            ("text/*", .text), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .page),
            ("text/html;q=0.5, application/json", .json), ("text/html;q=0.5, application/json;q=0.4", .page),
            ("text/html;q=0, */*", .text), ("image/png", .text), ("text/html;q=0.001", .page),
            ("text/html;q=2", .text), ("text/html;q=x", .text), ("text/plain;q=0, application/json;q=1.000", .json),
            ("*/*;q=0", .text), ("application/json, text/plain", .text),
        ])
    func form(accept: String?, expected: Representation) {
        var fields: HTTPFields = [:]
        fields[.accept] = accept
        #expect(Representation(fields) == expected)
    }

    @Test("several lines are one list")
    func lines() {
        var fields: HTTPFields = [:]
        fields.append(HTTPField(name: .accept, value: "text/plain;q=0.1"))
        fields.append(HTTPField(name: .accept, value: "application/json"))
        #expect(Representation(fields) == .json)
    }
}

@Suite("Forms")
struct FormTests {
    @Test("no bytes make the reader of forms trap, and cuts of a form are no form")
    func random() {
        let form = Array("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b \r\n\r\n\r\n--b--".utf8)
        for count in 0..<form.count {
            let parts = try? FormPart.parts(of: Array(form.prefix(count)), boundary: [0x62], textLimit: 10)
            #expect(parts == nil, "the first \(count)")
        }
        var dice = SplitMix64(seed: 9)
        for _ in 0..<20_000 {
            var bytes = form
            for _ in 0...Int(dice.next() % 3) {
                let place = Int(dice.next() % UInt64(bytes.count))
                if dice.next() % 2 == 0 {
                    bytes[place] = [0x0D, 0x0A, 0x2D, 0x62, 0x20, 0xFF][Int(dice.next() % 6)]
                } else {
                    bytes.remove(at: place)
                }
            }
            _ = try? FormPart.parts(of: bytes, boundary: [0x62], textLimit: 10)
        }
    }

    @Test("a part has as many bytes as a text may", arguments: [-1, 0, 1])
    func limit(offset: Int) {
        let text = String(repeating: "x", count: 10 + offset)
        let parts = try? FormPart.parts(of: Array("--b\r\n\r\n\(text)\r\n--b--".utf8), boundary: [0x62], textLimit: 10)
        #expect(parts?.map(\.text.string) == (offset > 0 ? nil : [text]))
    }

    @Test(
        "the boundary is what the type says",
        arguments: [
            ("multipart/form-data; boundary=abc", "abc"), ("multipart/form-data;boundary=\"a c\"", "a c"),
            ("multipart/form-data; x=y; Boundary=abc; z", "abc"), ("multipart/form-data; boundary=", nil),
            ("multipart/form-data", nil), ("multipart/form-data; boundary=\"a \"", nil),
            ("multipart/form-data; boundary=" + String(repeating: "a", count: 71), nil),
        ])
    func boundary(type: String, expected: String?) {
        #expect(FormPart.boundary(in: type).map { String(decoding: $0, as: UTF8.self) } == expected)
    }
}
