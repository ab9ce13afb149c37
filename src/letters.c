#include "letters.h"

#include <stdlib.h>
#include <string.h>

struct letters letters_of(struct slice string)
{
	return (struct letters){.at = string.at + 1, .end = string.at + string.length - 1};
}

static unsigned read_hex(const char *at)
{
	char digits[5] = {at[0], at[1], at[2], at[3], '\0'};

	return (unsigned)strtoul(digits, NULL, 16);
}

/* The character of a \u escape behind its u. */
static unsigned read_escape(struct letters *letters)
{
	unsigned code = read_hex(letters->at), low;

	letters->at += 4;
	if (code < 0xd800 || code > 0xdbff || letters->end - letters->at < 6 || memcmp(letters->at, "\\u", 2) != 0)
		return code;
	low = read_hex(letters->at + 2);
	/* Half of a pair that stands alone is taken as it is. */
	if (low < 0xdc00 || low > 0xdfff)
		return code;
	letters->at += 6;
	return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

int letters_next(struct letters *letters)
{
	static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
	unsigned most = 0x3f, code;

	if (letters->count > 0)
		return letters->pending[--letters->count];
	if (letters->at == letters->end)
		return -1;
	if (*letters->at != '\\')
		return (unsigned char)*letters->at++;
	letters->at++;
	char c = *letters->at++;
	const char *name = strchr(names, c);
	if (name)
		return meant[name - names];
	if (c != 'u')
		return c;
	code = read_escape(letters);
	if (code < 0x80)
		return (int)code;
	do {
		letters->pending[letters->count++] = (unsigned char)(0x80 | (code & 0x3f));
		code >>= 6;
		most >>= 1;
	} while (code > most);
	return (int)((~most << 1 & 0xff) | code);
}

bool letters_equal(struct slice a, struct slice b)
{
	struct letters left = letters_of(a), right = letters_of(b);
	int letter;

	do {
		letter = letters_next(&left);
		if (letter != letters_next(&right))
			return false;
	} while (letter >= 0);
	return true;
}
