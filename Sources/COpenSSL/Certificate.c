// Reading a certificate, and making one that is signed by itself.

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "COpenSSL.h"

static int64_t seconds_of(const ASN1_TIME *time) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    if (epoch) ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

int pasted_certificate_read(const uint8_t *pem, size_t count, struct pasted_certificate *certificate) {
    BIO *bio = BIO_new_mem_buf(pem, (int)count);
    X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int answer = -1;
    unsigned int length = sizeof certificate->fingerprint;
    if (x509 && X509_digest(x509, EVP_sha256(), certificate->fingerprint, &length) == 1) {
        certificate->not_before = seconds_of(X509_get0_notBefore(x509));
        certificate->not_after = seconds_of(X509_get0_notAfter(x509));
        answer = 0;
    }
    X509_free(x509);
    BIO_free(bio);
    ERR_clear_error();
    return answer;
}

static int extend(X509 *x509, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const int answer = extension && X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    return answer;
}

static int fill(X509 *x509, EVP_PKEY *key, const char *names, int days) {
    uint64_t serial = 0;
    X509_NAME *subject = X509_get_subject_name(x509);
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1
        && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1 | 1)
        && X509_set_version(x509, X509_VERSION_3)
        // An hour back, for devices whose clock is late.
        && X509_gmtime_adj(X509_getm_notBefore(x509), -3600)
        && X509_gmtime_adj(X509_getm_notAfter(x509), (long)days * 86400)
        && X509_set_pubkey(x509, key)
        && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0)
        && X509_set_issuer_name(x509, subject)
        && extend(x509, NID_basic_constraints, "critical,CA:FALSE")
        && extend(x509, NID_key_usage, "critical,digitalSignature")
        && extend(x509, NID_ext_key_usage, "serverAuth")
        && extend(x509, NID_subject_key_identifier, "hash")
        && extend(x509, NID_subject_alt_name, names)
        && X509_sign(x509, key, EVP_sha256()) > 0;
}

static int take(BIO *bio, struct pasted_pem *pem) {
    const int count = BIO_read(bio, pem->bytes, (int)pem->capacity);
    pem->count = count > 0 ? (size_t)count : 0;
    return count > 0 && BIO_ctrl_pending(bio) == 0;
}

int pasted_certificate_make(const char *names, int days, struct pasted_pem *certificate, struct pasted_pem *key) {
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    BIO *public = BIO_new(BIO_s_mem());
    BIO *private = BIO_new(BIO_s_secmem());
    const int is_good = pair && x509 && public && private && fill(x509, pair, names, days)
        && PEM_write_bio_X509(public, x509) == 1
        && PEM_write_bio_PrivateKey(private, pair, NULL, NULL, 0, NULL, NULL) == 1
        && take(public, certificate) && take(private, key);
    BIO_free(public);
    BIO_free(private);
    X509_free(x509);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    return is_good ? 0 : -1;
}
