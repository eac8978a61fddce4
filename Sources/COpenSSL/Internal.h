#pragma once
#include <openssl/ssl.h>

#include "COpenSSL.h"

// A struct pasted_tls_context * is an SSL_CTX *.
static inline SSL_CTX *pasted_ssl_context(const struct pasted_tls_context *context) {
    return (SSL_CTX *)context;
}

// Lets a client's sessions be judged as PastedPeer.h says.
void pasted_judge_servers(SSL_CTX *context);

// A sentence from `what` and the newest error of the queue, which is then emptied.
void pasted_explain(char *why, size_t capacity, const char *what);

// Lets a context seal and open its tickets with these keys, which it owns together with others.
bool pasted_use_ticket_keys(SSL_CTX *ssl, struct pasted_ticket_keys *keys);

// Sends this DER response to clients that ask for the certificate's status. NULL, or what is wrong with it.
const char *pasted_staple(SSL_CTX *ssl, const uint8_t *response, size_t count);
// Whether the certificate promises clients a stapled response (RFC 7633).
bool pasted_must_staple(const X509 *certificate);
