#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "place.h"
#include "result.h"
#include "spec.h"
#include "tls.h"

/* One HTTP request. */
struct request {
	const struct spec *spec;
	struct place place;
	const char *method;
	const char *data; /* NULL: no body */
	bool first_host;  /* the host is that of the target, so that the headers given for it may be sent */
};

/* What a redirect asks for, and what we do. */
enum redirection {
	NO_REDIRECT,
	REDIRECT_NOWHERE, /* it stands: its Location is missing, or no URL and not to be followed */
	REDIRECT_TAKEN,
	REDIRECT_LEFT,
	REDIRECT_BAD
};

/* One answer. */
struct exchange {
	bool answered; /* false: the result says what happened instead */
	int status;
	char status_text[120]; /* "200 OK", bytes of the server */
	enum redirection redirection;
	struct place next;  /* where to, for REDIRECT_TAKEN and REDIRECT_LEFT */
	struct buf headers; /* its lines, when the spec expects something of them */
	struct buf body;    /* its start, up to the spec's body_limit; not read when a redirect is taken */
	bool body_cut;      /* there was more, or may have been */
	long http_version;  /* libcurl's CURL_HTTP_VERSION_ */
	struct tls_session tls;
};

/* Sends the request over a connection of its own and reads the answer. exchange_free in every case. */
void exchange_run(const struct request *request, const struct deadline *deadline, struct exchange *exchange,
		  struct result *result);

/* Makes the request the one that follows the exchange's redirect, as Go's client does: method and body by the status,
 * and nothing that was given for one host goes to another. */
void request_redirect(struct request *request, struct exchange *exchange);

void exchange_free(struct exchange *exchange);

#endif
