#pragma once
#include <openssl/ssl.h>

#include "COpenSSL.h"

SSL_CTX *pasted_ssl_context(struct pasted_tls_context *context);

// Lets a client's sessions be judged as PastedPeer.h says.
void pasted_judge_servers(SSL_CTX *context);

// A sentence from `what` and the newest error of the queue, which is then emptied.
void pasted_explain(char *why, size_t capacity, const char *what);
