#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>

#include "buf.h"
#include "spec.h"

/* Where an HTTP request goes. Owns its texts; place_free releases them. */
struct place {
	int scheme; /* enum scheme */
	char *host; /* without brackets */
	int port;
	char *path;            /* with query, as it is sent: starts with a slash, nothing to encode is left */
	char *user, *password; /* NULL: none */
};

/* What the spec names. Returns 0, or -1 when memory is out. place_free in either case. */
int place_of_spec(const struct spec *spec, struct place *place);

/* What a Location header names, seen from the place that sent it. Returns 0, or -1 when it is not a URL. Of
 * a scheme other than http and https only the host is of use. */
int place_of_location(const struct place *from, const char *location, struct place *place);

/* Adds "http://host:port/path", without user and password; the query only when asked for. The port is left out where it
 * is the scheme's own. */
void place_describe(const struct place *place, bool query, struct buf *out);

/* Adds "host" or "host:port", as a Host header has it. */
void place_describe_authority(const struct place *place, struct buf *out);

void place_free(struct place *place);

#endif
