#ifndef TRANSFER_H
#define TRANSFER_H

#include <curl/curl.h>
#include <stdint.h>

#include "buf.h"
#include "deadline.h"
#include "net.h"
#include "result.h"
#include "stream.h"
#include "tls.h"

/* One exchange by libcurl, over a connection that net_dial opens: libcurl resolves and connects nothing itself, and
 * waits for nothing longer than the deadline. */
struct transfer {
	CURL *easy;
	struct curl_slist *connect_to;
	int fd;              /* to be given to libcurl, -1 once it has it */
	int socket;          /* the same, to wait for */
	int events;          /* what libcurl waits for, CURL_POLL_ */
	int64_t timer_at;    /* when it wants to be called anyway, DEADLINE_NEVER for not at all */
	int64_t turn_end;    /* when libcurl has to come back from reading ... */
	unsigned turn_reads; /* ... and how often it has read since it was called */
	bool asked_again;    /* libcurl wanted a second connection */
	bool stopped;        /* the deadline has passed or a signal came */
	CURLcode code;
	bool http2; /* the caller sets this where the server has to speak HTTP/2 from its first byte */
	struct tls_session tls;
	const char *tls_name;   /* what the certificate has to be for, NULL without TLS */
	unsigned char first[5]; /* how what came from the server starts, before anybody made sense of it */
	size_t first_count;
	int64_t started_at; /* when transfer_run was called */
	int64_t heard_at;   /* when the first line of an answer's headers came, 0 for not yet */
	struct net_name peer;
	char words[CURL_ERROR_SIZE]; /* libcurl's own, "" when it said nothing */
};

/* Connects to the endpoint and prepares an exchange over the connection; with TLS, as the spec asks for it, when
 * `tls_name` is not NULL: that is the name that the certificate has to be for, and must live as long as the transfer.
 * Sets what every exchange has in common: no proxy, no signals, no redirects, no limits but the deadline. The caller
 * adds URL, headers and callbacks to `easy`. Returns 0, or -1 with the result set; transfer_close in both cases. */
int transfer_open(struct transfer *transfer, const struct spec *spec, const struct endpoint *endpoint,
		  const char *tls_name, const struct deadline *deadline, struct result *result);

/* Runs it, to its end or the deadline's: see `stopped` and `code`. Adds the phases to the result. */
void transfer_run(struct transfer *transfer, const struct deadline *deadline, struct result *result);

/* To be called when a line of an answer's headers has come, by the callback that gets it. */
void transfer_hear(void);

/* How much of an answer had come. */
enum progress { NO_ANSWER, HEADERS_BEGUN, BODY_BEGUN };

/* Sets the result when the transfer was stopped or ended with an error: what a person calls it. */
void transfer_explain(const struct transfer *transfer, const struct deadline *deadline, enum progress progress,
		      struct result *result);

/* What is said over a connection of CURLOPT_CONNECT_ONLY, once transfer_run has opened it. */
struct stream transfer_stream(struct transfer *transfer);

/* Adds a line to a list of headers. Returns 0, or -1 when memory is out. */
int transfer_add_header(struct curl_slist **list, const char *line);

void transfer_close(struct transfer *transfer);

/* Adds "libcurl 8.14.1, OpenSSL 3.5.1". */
void transfer_add_versions(struct buf *out);

#endif
