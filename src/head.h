#ifndef HEAD_H
#define HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"
#include "spec.h"

/* The heads of HTTP requests and responses, and what of them may be shown. Lines come without their end. */

/* Does the line begin so, in upper or lower case? */
bool head_starts(const char *line, size_t length, const char *prefix);

/* True for a header line whose value is no secret, by definition or by custom. */
bool head_may_show(const char *line, size_t length);

/* Adds one line of a response's head to the result's list "response". */
void head_note_response(struct result *result, const char *line, size_t length);

/* Adds the whole head of a request, as it was sent, to the list "request". What the spec gives is not shown, be it a
 * header of a name that is known otherwise. */
void head_note_request(struct result *result, const struct spec *spec, const char *bytes, size_t count);

#endif
