import Foundation

/// A file of Protocol/vectors.
struct VectorFile<Vector: Decodable>: Decodable {
    let about: String
    let vectors: [Vector]

    static func read(_ path: String) throws -> [Vector] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "Protocol/vectors/" + path))
        return try JSONDecoder().decode(VectorFile.self, from: data).vectors
    }
}
