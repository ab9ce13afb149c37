#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Text to values, for the command line and for JSON alike. Each function takes the whole text, returns 0, or -1
 * with an error that quotes the text and says what is allowed; the caller puts the option's name before
 * it. Nothing is allocated: a slice points into the text. */

struct slice {
	const char *at;
	size_t length;
};

/* HTTP status codes 100-999, a bit each. */
struct statuses {
	unsigned char bits[125];
};

/* Exit codes for success, failure and unknown. */
struct exit_codes {
	int code[3];
};

/* What a URL or a target says; a part that is not there has at == NULL, port is 0 then. The host is
 * without brackets. */
struct url {
	struct slice scheme, userinfo, host, path;
	int port;
};

/* A text of the user in quotes, made safe to print and short, as messages have it. */
struct quoted {
	char text[120];
};
struct quoted value_quote(const char *text);

/* The same of what is, or was meant as, a target: without what stands before an @, which may be a password, and without
 * a query, which may hold a token. */
struct quoted value_quote_target(const char *text);

bool slice_equals(struct slice slice, const char *text);

/* The same whatever the case of letters. */
bool slice_is(struct slice slice, const char *text);

/* The value of a hexadecimal digit, -1 when it is not one. */
int value_hex_digit(char c);

/* A whole decimal number between least and most. */
int value_integer(const char *text, int64_t least, int64_t most, int64_t *number, struct error *error);

/* "500ms", "2s", "1.5s", "1m", "1h"; a bare number is seconds. 1 ms to 1 hour, in milliseconds. */
int value_duration(const char *text, int64_t *milliseconds, struct error *error);

/* Writes milliseconds as value_duration reads them, in the unit that a person would take: "500ms", "1.5s", "2m". */
void value_print_duration(char *text, size_t size, int64_t milliseconds);

/* 1-65535. */
int value_port(const char *text, int *port, struct error *error);

/* A name, an IPv4 address, or an IPv6 address with or without brackets; the slice is without. */
int value_host(const char *text, struct slice *host, struct error *error);

/* "[HOST]:PORT": HOST may be left out (at == NULL) and IPv6 is in brackets. */
int value_address(const char *text, struct slice *host, int *port, struct error *error);

/* "http[s]://[USER[:PASSWORD]@]HOST[:PORT][/PATH]" or "[HOST]:PORT[/PATH]". */
int value_url(const char *text, struct url *url, struct error *error);

/* "200-399", "200,204,301-302". */
int value_statuses(const char *text, struct statuses *statuses, struct error *error);

bool statuses_have(const struct statuses *statuses, int status);

/* "S,F,U" with codes 0-125, or docker, nagios, consul. */
int value_exit_codes(const char *text, struct exit_codes *codes, struct error *error);

/* "NAME: VALUE": a token, a colon and a text without CR, LF or NUL. The slices are trimmed. */
int value_header(const char *text, struct slice *name, struct slice *value, struct error *error);

/* An HTTP method: a token of RFC 9110. */
int value_token(const char *text, struct error *error);

/* A size between least and most: "10240", "64K" or "64KiB", "1M" or "1MiB", "2G" or "2GiB". */
int value_size(const char *text, int64_t least, int64_t most, int64_t *size, struct error *error);

/* Writes a size as value_size reads it, "10KiB". */
void value_print_size(char *text, size_t size, int64_t bytes);

/* The most that value_bytes takes: what one datagram holds. */
enum { VALUE_BYTES = 65507 };

/* Text with the escapes \r \n \t \0 \\ \xHH to bytes, which may hold NUL. `bytes` has room for as many as text has,
 * and may be text itself. */
int value_bytes(const char *text, char *bytes, size_t *count, struct error *error);

/* Sets the error to the quoted text and why it is wrong. Returns -1. */
int value_wrong(struct error *error, const char *text, const char *why);

/* The index of text among the words, a NULL-terminated list, whatever the case of letters: Kubernetes writes HTTPS. */
int value_choice(const char *text, const char *const *words, int *index, struct error *error);

#endif
