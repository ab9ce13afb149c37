#ifndef SUGGEST_H
#define SUGGEST_H

#include "error.h"

/* Finds the nearest right word for a mistyped one. Start as {.given = text}, offer each allowed word,
 * and look at `best`. */
struct suggestion {
	const char *given;
	const char *best;
	unsigned distance;
};

/* Keeps the word when it is closer than what was offered before, and close enough to be meant. */
void suggest_offer(struct suggestion *suggestion, const char *word);

/* Adds " (did you mean PREFIXword?)" to the error when a word was close. Returns -1. */
int suggest_append(const struct suggestion *suggestion, const char *prefix, struct error *error);

#endif
