#ifndef POINTER_H
#define POINTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "deadline.h"
#include "error.h"
#include "value.h"

/* JSON that a target sent (RFC 8259), and JSON pointers (RFC 6901) into it. The text is walked, and its values are
 * slices of it: a tree of all of it takes up to eighty times its size, and would hold numbers as doubles. */

/* Is this a JSON pointer? Returns 0, or -1 with the error set. */
int pointer_check(const char *pointer, struct error *error);

/* Adds what a user gave as a value, as JSON: as it is where it is JSON, else as a string. */
void pointer_value(const char *text, struct buf *json);

/* Is the content JSON, all of it? If not, `at` is the offset where it stops being so. */
bool pointer_is_json(const char *bytes, size_t count, size_t *at);

/* Finds a value in what pointer_is_json takes for JSON. False when it is not there, or that is no JSON. Of two members
 * of one name the first counts. */
bool pointer_find(const char *bytes, size_t count, const char *pointer, struct slice *value);

/* The values of an object's members, one at a time: moves the start of the object behind the one that it gives. False
 * when there is no more. */
bool pointer_next(struct slice *object, struct slice *value);

enum pointer_kind { KIND_NULL, KIND_BOOLEAN, KIND_NUMBER, KIND_STRING, KIND_ARRAY, KIND_OBJECT };

enum pointer_kind pointer_kind(struct slice value);

/* Is one value equal to another? However it is written: numbers and characters have many ways, members any order, which
 * may take long. False, too, when the deadline passes or a signal asks to end before that is known. */
bool pointer_equal(struct slice a, struct slice b, const struct deadline *deadline);

/* Adds a value without the space around its parts; at most `limit` characters and escapes of it. */
void pointer_print(struct slice value, size_t limit, struct buf *json);

#endif
