#include "suggest.h"

#include <stddef.h>
#include <string.h>

enum { LONGEST = 40 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edit distance with neighbours swapped counted as one edit (optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	unsigned table[LONGEST + 1][LONGEST + 1];

	if (m > LONGEST || n > LONGEST)
		return LONGEST;
	for (size_t i = 0; i <= m; i++)
		table[i][0] = (unsigned)i;
	for (size_t j = 0; j <= n; j++)
		table[0][j] = (unsigned)j;
	for (size_t i = 1; i <= m; i++)
		for (size_t j = 1; j <= n; j++) {
			unsigned change = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			table[i][j] = least(change, 1 + least(table[i - 1][j], table[i][j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				table[i][j] = least(table[i][j], 1 + table[i - 2][j - 2]);
		}
	return table[m][n];
}

void suggest_offer(struct suggestion *suggestion, const char *word)
{
	unsigned far = distance(suggestion->given, word);
	size_t given = strlen(suggestion->given), length = strlen(word);

	/* The start of a word is meant for it. */
	if (given >= 3 && strncmp(suggestion->given, word, given) == 0)
		far = 1;
	length = given < length ? given : length;
	unsigned limit = length < 4 ? 1 : length < 8 ? 2 : 3;

	if (far <= limit && far <= length && (!suggestion->best || far < suggestion->distance)) {
		suggestion->best = word;
		suggestion->distance = far;
	}
}

int suggest_append(const struct suggestion *suggestion, const char *prefix, struct error *error)
{
	struct error before = *error;

	if (!suggestion->best)
		return -1;
	return error_set(error, "%s (did you mean %s%s?)", before.text, prefix, suggestion->best);
}
