#include "json_text.h"

#include <stdbool.h>
#include <string.h>

#include "buf.h"

enum { DEPTH_LIMIT = 32 };

/* The end of the JSON number at `at` (RFC 8259, section 6), NULL when it is not one. */
static const char *end_of_number(const char *at)
{
	at += *at == '-';
	size_t whole = strspn(at, "0123456789");
	if (whole == 0 || (whole > 1 && *at == '0'))
		return NULL;
	at += whole;
	if (*at == '.') {
		size_t fraction = strspn(++at, "0123456789");
		if (fraction == 0)
			return NULL;
		at += fraction;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		size_t exponent = strspn(at, "0123456789");
		if (exponent == 0)
			return NULL;
		at += exponent;
	}
	return at;
}

/* cJSON takes some texts that are no JSON, and would cut a string short at \u0000. Returns where such a thing is, and
 * what. */
static const char *find_forbidden(const char *text, size_t length, const char **what)
{
	bool in_string = false;
	int depth = 0;

	for (const char *at = text; at < text + length; at++) {
		unsigned char c = (unsigned char)*at;
		*what = c == 0 ? "has a NUL byte" : "has a control character";
		if (c < 0x20 && (in_string || c == 0 || !strchr("\t\n\r", c)))
			return at;
		*what = "is nested too deep";
		depth += in_string ? 0 : c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
		if (depth > DEPTH_LIMIT)
			return at;
		if (c == '"') {
			in_string = !in_string;
		} else if (c == '\\' && in_string) {
			*what = "has \\u0000, which no text here can hold,";
			if (text + length - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
				return at;
			at++;
		} else if (c >= 0x80) {
			size_t character = buf_utf8_length(at, (size_t)(text + length - at));
			*what = "is not valid UTF-8";
			if (character == 0)
				return at;
			at += character - 1;
		} else if (!in_string && (c == '-' || (c >= '0' && c <= '9'))) {
			const char *end = end_of_number(at);
			*what = "has a number that is not one in JSON";
			if (!end)
				return at;
			at = end - 1;
		}
	}
	return NULL;
}

int json_text_bad(struct error *error, const char *text, const char *at, const char *what)
{
	unsigned long line = 1, column = 1;

	for (const char *c = text; c < at; c++) {
		column++;
		if (*c == '\n') {
			line++;
			column = 1;
		}
	}
	return error_set(error, "the spec: %s at line %lu, column %lu", what, line, column);
}

int json_text_check(const char *text, size_t length, struct error *error)
{
	const char *what, *forbidden = find_forbidden(text, length, &what);

	return forbidden ? json_text_bad(error, text, forbidden, what) : 0;
}
