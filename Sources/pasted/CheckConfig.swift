// `pasted check-config`: every problem that a start or a reload would meet, each in a sentence.

import ArgumentParser
import FoundationEssentials
import Glibc
import PasteServer
import SystemPackage
import TLS

/// `pasted check-config`.
struct CheckConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Check the settings of 'serve', and what they name.",
        discussion: "Prints each problem in a sentence. Exits with 0 when there is none, else with 1. Changes nothing.")

    @OptionGroup var options: ServeOptions
    @Option(help: "JSON file with an object of settings, named like the flags.")
    var config: String?

    func run() async throws {
        var problems: [String] = []
        do {
            let found = try await FoundSettings(SettingsSource(options, file: config))
            let settings = settings(found, &problems)
            if let settings { look(at: settings, &problems) }
        } catch {
            problems.append("\(error)")
        }
        for problem in problems { print(problem) }
        guard problems.isEmpty else { throw ExitCode(1) }
        print("No problem was found.")
    }

    /// Reads all settings; one that is wrong is told and replaced by its default, so that the others are read.
    private func settings(_ found: FoundSettings, _ problems: inout [String]) -> Settings? {
        var found = found
        for _ in found.values {
            do {
                return try Settings(found)
            } catch let error as WrongSetting {
                problems.append(error.reason)
                for name in error.names { found = found.withDefault(of: name) }
            } catch {
                problems.append("\(error)")
                return nil
            }
        }
        return nil
    }

    private func look(at settings: Settings, _ problems: inout [String]) {
        func attempt(_ what: () throws -> Void) {
            do { try what() } catch { problems.append("\(error)") }
        }
        attempt { _ = try StaticSite.load(settings.siteDirectory) }
        lookAtState(settings, &problems)
        if let tls = settings.tls { lookAtCertificates(tls, &problems) }
        // A server that runs with these settings has its ports.
        let lock = Predecessor(lockFile: settings.stateDirectory + "/pasted.lock")
        if !lock.isOwned, !settings.takesOver {
            attempt {
                _ = try Entrances(
                    listen: settings.listen, operatorListen: settings.adminListen,
                    redirectListen: settings.tls?.redirectListen ?? [])
            }
        }
    }

    private func lookAtCertificates(_ tls: TLSSettings, _ problems: inout [String]) {
        let now = Int64(Date().timeIntervalSince1970)
        for case .files(let chain, let key, _) in tls.files {
            do {
                let certificate = try Certificate(chainFile: chain, keyFile: key)
                if now < certificate.notBefore { problems.append("The certificate \(chain) is not valid yet.") }
                if now > certificate.notAfter { problems.append("The certificate \(chain) has expired.") }
            } catch {
                problems.append("\(error)")
            }
        }
        guard problems.isEmpty, !tls.files.isEmpty else { return }
        // All of them together, with what else they need.
        do { _ = try Certificates(tls.files, profile: tls.profile, now: now) } catch { problems.append("\(error)") }
    }

    private func lookAtState(_ settings: Settings, _ problems: inout [String]) {
        let path = settings.stateDirectory
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else {
            // It will be made: what is above it has to let that be.
            var above = FilePath(path)
            while !above.isEmpty, !FileManager.default.fileExists(atPath: above.string) {
                guard above.removeLastComponent() else { break }
            }
            if unsafe access(above.isEmpty ? "." : above.string, W_OK) != 0 {
                problems.append("The state directory \(path) is not there and can not be made.")
            }
            return
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            problems.append("The state directory \(path) is no directory.")
            return
        }
        if unsafe access(path, R_OK | W_OK | X_OK) != 0 {
            problems.append("The state directory \(path) can not be read and written by this user.")
        }
        if facts.st_mode & 0o077 != 0 {
            problems.append("The state directory \(path) is open to other users: it holds texts and the secret.")
        }
        let secret = path + "/secret"
        if unsafe stat(secret, &facts) == 0, facts.st_size != 32 {
            problems.append("\(DamagedSecret(file: secret))")
        } else if unsafe stat(secret, &facts) != 0, unsafe stat(path + "/pasted.sqlite", &facts) == 0 {
            problems.append("There is a database in \(path) but no secret: its pastes can not be found.")
        }
    }
}
