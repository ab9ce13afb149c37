#ifndef POINTER_H
#define POINTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "error.h"

struct cJSON;

/* JSON that a target sent (RFC 8259), and JSON pointers (RFC 6901) into it. The text is walked and only the value that
 * is looked for is made a tree: a tree of all of it takes up to eighty times its size. */

/* Is this a JSON pointer? Returns 0, or -1 with the error set. */
int pointer_check(const char *pointer, struct error *error);

/* Adds what a user gave as a value, as JSON: as it is where it is JSON, else as a string. */
void pointer_value(const char *text, struct buf *json);

/* Is the content JSON, all of it? If not, `at` is the offset where it stops being so. */
bool pointer_is_json(const char *bytes, size_t count, size_t *at);

enum pointer_state { POINTER_FOUND, POINTER_MISSING, POINTER_TOO_LARGE };

/* Looks into what pointer_is_json took for JSON. For POINTER_FOUND the value is to be freed with cJSON_Delete;
 * POINTER_TOO_LARGE: it is there, but takes too much memory. Of two members of one name the first counts. */
enum pointer_state pointer_get(const char *bytes, size_t count, const char *pointer, struct cJSON **value);

/* Is one JSON value equal to another? */
bool pointer_equal(const struct cJSON *a, const struct cJSON *b);

#endif
