// OCSP stapling (RFC 6066 section 8): a response that the operator fetched is checked, then sent along.

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#include "Internal.h"

// Belongs to its SSL_CTX.
struct staple {
    ASN1_GENERALIZEDTIME *next_update;  // NULL: newer ones may come at any time
    size_t count;
    uint8_t bytes[];
};

static int staple_index = -1;
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

static void forget(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument) {
    (void)parent, (void)data, (void)index, (void)number, (void)argument;
    struct staple *staple = pointer;
    if (!staple) return;
    ASN1_GENERALIZEDTIME_free(staple->next_update);
    OPENSSL_free(staple);
}

static void make_index(void) {
    staple_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, forget);
}

bool pasted_must_staple(const X509 *certificate) {
    TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
    bool asks = false;
    for (int index = 0; index < sk_ASN1_INTEGER_num(features); index++)
        asks = asks || ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, index)) == TLSEXT_TYPE_status_request;
    sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
    return asks;
}

// SSL_CTX_set_tlsext_status_cb(3).
static int send_staple(SSL *ssl, void *unused) {
    (void)unused;
    const struct staple *staple = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), staple_index);
    // An outdated response is worse than none: clients take it for a fault.
    if (!staple || (staple->next_update && X509_cmp_current_time(staple->next_update) < 0))
        return SSL_TLSEXT_ERR_NOACK;
    uint8_t *copy = OPENSSL_memdup(staple->bytes, staple->count);
    if (!copy) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->count);
    return SSL_TLSEXT_ERR_OK;
}

// Whether the issuer, or who it lets sign for it, signed the response.
static bool is_signed(OCSP_BASICRESP *basic, STACK_OF(X509) *chain, X509 *issuer) {
    X509_STORE *store = X509_STORE_new();
    const bool answer = store && X509_STORE_add_cert(store, issuer) == 1
        && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1
        && OCSP_basic_verify(basic, chain, store, 0) == 1;
    X509_STORE_free(store);
    return answer;
}

// What is wrong with a response for this certificate now; NULL: nothing.
static const char *judge(OCSP_BASICRESP *basic, SSL_CTX *ssl, ASN1_GENERALIZEDTIME **next_update) {
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(ssl, &chain);
    X509 *issuer = sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
    if (!issuer) return "the certificate file lacks the issuer's certificate, without which no response can be checked";
    ASN1_GENERALIZEDTIME *this_update = NULL;
    int status = 0, reason = 0;
    OCSP_CERTID *id = NULL;
    bool is_found = false;
    // Responders choose the hash that names the certificate.
    const EVP_MD *const hashes[] = {EVP_sha1(), EVP_sha256()};
    for (size_t index = 0; index < 2 && !is_found; index++) {
        OCSP_CERTID_free(id);
        id = OCSP_cert_to_id(hashes[index], SSL_CTX_get0_certificate(ssl), issuer);
        is_found = id && OCSP_resp_find_status(basic, id, &status, &reason, NULL, &this_update, next_update) == 1;
    }
    OCSP_CERTID_free(id);
    if (!is_found) return "the OCSP response is about another certificate";
    if (status != V_OCSP_CERTSTATUS_GOOD) return "the OCSP response says that the certificate is revoked or unknown";
    if (OCSP_check_validity(this_update, *next_update, 300, -1) != 1) return "the OCSP response is out of date";
    return is_signed(basic, chain, issuer) ? NULL : "the OCSP response is not signed by the certificate's issuer";
}

const char *pasted_staple(SSL_CTX *ssl, const uint8_t *bytes, size_t count) {
    pthread_once(&index_made, make_index);
    const unsigned char *cursor = bytes;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &cursor, (long)count);
    OCSP_BASICRESP *basic = NULL;
    const char *problem = "the OCSP response is not one in DER form";
    ASN1_GENERALIZEDTIME *next_update = NULL;
    if (response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(response);
    if (basic) problem = judge(basic, ssl, &next_update);
    struct staple *staple = problem ? NULL : OPENSSL_zalloc(sizeof *staple + count);
    if (staple) {
        staple->next_update = next_update ? ASN1_STRING_dup(next_update) : NULL;
        staple->count = count;
        memcpy(staple->bytes, bytes, count);
        SSL_CTX_set_ex_data(ssl, staple_index, staple);
        SSL_CTX_set_tlsext_status_cb(ssl, send_staple);
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return problem;
}
