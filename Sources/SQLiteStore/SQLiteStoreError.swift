/// Why a database can't be opened. Each description is a sentence for the operator.
public enum SQLiteStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The directory can't be made or written.
    case directory(path: String, reason: String)
    /// Another process has it open.
    case inUse(file: String)
    /// A later version of Pasted wrote it.
    case newerSchema(file: String, found: Int, known: Int)
    /// It is no database, damaged, or can't be read.
    case unreadable(file: String, reason: String)

    /// The sentence.
    public var description: String {
        switch self {
        case .directory(let path, let reason):
            "The directory \(path) can't be used for the database: \(reason). Give it to the user that runs Pasted, "
                + "or choose another one."
        case .inUse(let file):
            "The database \(file) is in use by another process. Two servers can't share one database."
        case .newerSchema(let file, let found, let known):
            "The database \(file) has schema version \(found), this program knows versions up to \(known). "
                + "Run the newer Pasted that wrote it."
        case .unreadable(let file, let reason):
            "The database \(file) can't be opened: \(reason). Restore it from a backup, or move it away to begin anew."
        }
    }
}
