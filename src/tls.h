#ifndef TLS_H
#define TLS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "error.h"
#include "result.h"
#include "spec.h"

/* What is wrong with a server's certificate. */
enum tls_problem { TLS_FINE, TLS_EXPIRED, TLS_NOT_YET_VALID, TLS_SELF_SIGNED, TLS_UNKNOWN_ISSUER, TLS_OTHER };

/* What a handshake showed. Texts are bytes of the server. */
struct tls_session {
	bool keep;     /* set before the handshake: the connection stays open, and tls_library_close will be called */
	void *library; /* libcurl's session, for as long as libcurl has the connection */
	bool http1;    /* set before the handshake: HTTP/1.1 is all that is offered by ALPN */
	bool done;     /* the handshake came to its end */
	bool certificate;
	char version[16], cipher[48], protocol[16]; /* protocol by ALPN, "" for none */
	char subject[200], issuer[200], names[400]; /* names: the SANs, with ", " between */
	int64_t not_before, not_after;              /* seconds since 1970 */
	enum tls_problem problem;                   /* what verification objected to first */
	const char *problem_words;                  /* the library's words for it */
	bool asked_for_certificate;                 /* the server asked for a client certificate ... */
	bool showed_certificate;                    /* ... and we had one to show */
	bool content; /* the server sent a ticket, which it does after our last word (RFC 8446, section 4.6.1) */
	int alert;    /* the last that was no mere warning, 0 being a good-bye, -1 for none (RFC 8446, section 6) */
};

/* Whether this program was built with TLS. The linker knows, and leaves out what nothing else can reach. */
bool tls_available(void);

/* Keeps the library from reading its configuration file and from building tables that no probe uses. Call before
 * libcurl is initialised, and before each transfer; `needed` says whether that one uses TLS. */
void tls_prepare(bool needed);

/* Part of a probe's validation: the options fit each other and `uses_tls`, and the files that they name can be read,
 * hold what they should and belong together. Returns 0, or -1 with the error set. */
int tls_validate(struct spec *spec, bool uses_tls, const struct deadline *deadline, struct error *error);

/* The name that the certificate of the spec's own target has to be for. */
const char *tls_target_name(const struct spec *spec);

/* Finds what to trust. Returns 0 and the file, or NULL where nothing is to be verified; -1 with the result set where no
 * CA bundle is found. */
int tls_find_trust(const struct spec *spec, const char **bundle, struct result *result);

/* Makes libcurl's handle verify as the spec asks and tell the session what it sees, until tls_library_forget. */
void tls_set_up(CURL *easy, const struct spec *spec, const char *bundle, struct tls_session *session);

/* Adds the session's facts to the result. */
void tls_note(const struct tls_session *session, const struct spec *spec, struct result *result);

/* Says in the result why libcurl ended with `code`, when that lies in TLS; `name` is what the certificate had to be
 * for. Returns whether it did. */
bool tls_explain(const struct tls_session *session, CURLcode code, const char *name, struct result *result);

/* --cert-days: whether the certificate ends sooner than asked. Then the result says so, as a failure. */
bool tls_ends_soon(const struct tls_session *session, const struct spec *spec, struct result *result);

/* Says good-bye to the server over the connection's socket, where `keep` was set: libcurl just drops a connection that
 * it was told to open and no more. */
void tls_library_close(struct tls_session *session, int fd);

/* Says good-bye, where `keep` was set, and reads until the server has ended the connection too, sent a ticket, or the
 * deadline's end. With TLS 1.3 only that tells whether it is content with our certificate: see `alert`. */
void tls_library_hear_out(struct tls_session *session, int fd, const struct deadline *deadline);

/* The parts that know the library. */
int tls_library_check_files(const struct spec *spec, struct error *error);
void tls_library_observe(CURL *easy, struct tls_session *session);

/* Tells the session no more: libcurl may keep the connection, and close it during the next one's handshake. */
void tls_library_forget(void);

#endif
