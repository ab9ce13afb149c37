#ifndef LETTERS_H
#define LETTERS_H

#include <stdbool.h>

#include "value.h"

/* What a JSON string says, whichever way it is escaped. A string is here as it stands in JSON, with its quotes. */

/* What is left of a string to be read. */
struct letters {
	const char *at, *end;
	unsigned char pending[3]; /* of the last escape, backwards */
	int count;
};

struct letters letters_of(struct slice string);

/* The next byte in UTF-8, -1 at the end. Half of a surrogate pair that stands alone is taken for a character. */
int letters_next(struct letters *letters);

bool letters_equal(struct slice a, struct slice b);

#endif
