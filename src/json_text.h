#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <stddef.h>

#include "error.h"

/* Looks for what cJSON takes and a spec must not have: texts that are no JSON (RFC 8259), \u0000, and nesting without
 * end. The text ends with a NUL. Returns 0, or -1 with the error set. */
int json_text_check(const char *text, size_t length, struct error *error);

/* Sets the error "the spec: WHAT at line N, column N" for the place `at` in the text. Returns -1. */
int json_text_bad(struct error *error, const char *text, const char *at, const char *what);

#endif
