#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>

#include "deadline.h"
#include "error.h"

/* POSIX extended regular expressions, in the C locale. As with grep, ^ and $ are the ends of a line, and neither . nor
 * [^x] matches its end. */

/* Is the pattern one, and of a size that can be compiled and run in little memory? Returns 0, or -1 with the error
 * set. */
int pattern_check(const char *pattern, struct error *error);

enum pattern_state { PATTERN_FOUND, PATTERN_NOT_FOUND, PATTERN_STOPPED, PATTERN_NO_MEMORY };

/* Looks for a match of a pattern that was checked, in bytes that may hold NUL: what stands between two of them is
 * looked at by itself. PATTERN_STOPPED: the deadline passed first. */
enum pattern_state pattern_find(const char *pattern, const char *bytes, size_t count, const struct deadline *deadline);

#endif
