#ifndef SPEC_H
#define SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "value.h"

struct probe;
struct deadline;

enum verdict { SUCCESS, FAILURE, UNKNOWN };
enum timeout_as { TIMEOUT_IS_UNKNOWN, TIMEOUT_IS_FAILURE };
enum format { FORMAT_TEXT, FORMAT_JSON };
/* SCHEME_OTHER is only where a redirect may point. */
enum scheme { SCHEME_HTTP, SCHEME_HTTPS, SCHEME_OTHER };
enum redirect { REDIRECT_SAME_HOST, REDIRECT_FOLLOW, REDIRECT_NONE };

/* Texts in the order given. The spec owns them. */
struct list {
	const char **items;
	size_t count;
	size_t capacity;
};

/* A HOST and PORT; host is NULL where it was left out, port 0. */
struct address {
	const char *host;
	int port;
};

/* What the answer must be. */
struct expectations {
	struct list contains, not_contains, regex;
	struct list json;            /* pairs: a JSON pointer, and the value there as JSON */
	struct list header_contains; /* "NAME: TEXT" */
	int64_t max_latency_ms;      /* 0: not asked */
};

/* Everything that one probe is told, whether by flags or by JSON. The front ends fill it by way of the option
 * table; after spec_validate nobody writes to it. Texts point into argv or are owned by the spec; NULL is
 * "not given". */
struct spec {
	const struct probe *probe;

	/* all probes */
	int64_t timeout_ms;
	int timeout_as; /* enum timeout_as */
	struct exit_codes exit_codes;
	int format; /* enum format */
	bool quiet, verbose;

	/* where to connect: http, tcp, grpc, udp */
	struct address address;
	const char *unix_socket;
	bool ipv4, ipv6;

	/* http */
	int scheme; /* enum scheme */
	const char *path, *userinfo;
	const char *method, *data;
	struct list headers;
	struct statuses statuses;
	int redirect; /* enum redirect */
	bool http2;
	struct address connect; /* host NULL: connect where the URL says */

	/* grpc */
	const char *service, *authority;

	/* tls: http, grpc, tcp */
	bool tls, tls_verify;
	const char *cacert, *cert, *key, *server_name;
	struct slice cacert_pem, cert_pem, key_pem; /* what the files hold, once validated */
	int64_t cert_days;                          /* -1: not asked */

	/* exec */
	struct list command;

	/* what the answer must be, and how much of it is looked at: http, exec, file, tcp, udp */
	struct expectations expect;
	int64_t body_limit;

	/* tcp, udp; at == NULL where it was not given */
	struct slice send, expect_bytes;
	int64_t hold_ms; /* tcp; 0: not asked */

	/* file */
	const char *file;
	int64_t max_age_ms, min_size; /* 0: not asked */

	/* process */
	int64_t pid; /* 0: not given */
	const char *pidfile, *process_name;

	struct kept *kept;
};

/* Copies a slice; the copy belongs to the spec. NULL, with the error set, when memory is out. */
const char *spec_keep(struct spec *spec, struct slice text, struct error *error);

/* Adds to a list of the spec. The text is not copied. */
int spec_append(struct list *list, const char *text, struct error *error);

/* Checks what no single value can tell (a port is there, options that exclude each other) and fills defaults
 * that depend on others; reads the files that are named, within the deadline. Returns 0, or -1 with the error set. */
int spec_validate(struct spec *spec, const struct deadline *deadline, struct error *error);

/* Frees what the spec owns. */
void spec_release(struct spec *spec);

#endif
