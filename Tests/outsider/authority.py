"""A certificate authority of the tests' own, by `openssl`: what browsers would take, but for nobody knowing it."""

import pathlib
import subprocess


def openssl(*arguments, **options):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, **options)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


class Authority:
    """A root, an intermediate below it, and leaves by name, in a directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.root, _ = self._sign("root", None, 3650, "/CN=Test root", [
            "basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash"])
        self.middle, _ = self._sign("middle", "root", 1825, "/CN=Test intermediate", [
            "basicConstraints=critical,CA:true,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
            "extendedKeyUsage=serverAuth", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"])

    def leaf(self, name, *hosts, days=90, rsa=False, must_staple=False):
        """A leaf for these hosts (`DNS:...`, `IP:...`): the files of its chain and of its key."""
        extensions = [
            "basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth",
            "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", "subjectAltName=" + ",".join(hosts),
            "crlDistributionPoints=URI:http://crl.test.example/middle.crl"]
        if must_staple:
            extensions.append("tlsfeature=status_request")
        certificate, key = self._sign(name, "middle", days, "/CN=" + hosts[0].split(":", 1)[1], extensions, rsa)
        chain = self.directory / f"{name}-chain.pem"
        chain.write_bytes(certificate.read_bytes() + self.middle.read_bytes())
        return chain, key

    def response(self, name):
        """An OCSP response about a leaf: good, for a week."""
        certificate = self.directory / f"{name}.pem"
        serial = openssl("x509", "-in", certificate, "-noout", "-serial").decode().strip().split("=")[1]
        index = self.directory / f"{name}-index.txt"
        index.write_text(f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=leaf\n")
        file = self.directory / f"{name}-ocsp.der"
        openssl("ocsp", "-index", index, "-rsigner", self.middle, "-rkey", self.directory / "middle.key",
                "-CA", self.middle, "-issuer", self.middle, "-cert", certificate, "-ndays", 7, "-respout", file)
        return file

    def _sign(self, name, issuer, days, subject, extensions, rsa=False):
        key, request, certificate = (self.directory / f"{name}.{end}" for end in ("key", "csr", "pem"))
        kind = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if rsa else [
            "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("genpkey", *kind, "-out", key)
        key.chmod(0o600)
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
        options = self.directory / f"{name}.ext"
        options.write_text("\n".join(extensions) + "\n")
        by = ["-CA", self.directory / f"{issuer}.pem", "-CAkey", self.directory / f"{issuer}.key"] if issuer else [
            "-signkey", key]
        openssl("x509", "-req", "-in", request, *by, "-days", days, "-sha256", "-extfile", options,
                "-out", certificate)
        return certificate, key
