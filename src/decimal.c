#include "decimal.h"

#include <stdint.h>
#include <string.h>

/* A number as 0.DIGITS times ten to the power of EXPONENT. */
struct decimal {
	bool negative;
	const char *at, *end; /* from the first digit that is not 0 to the last; a point may lie between */
	int64_t exponent;
};

/* Takes a number apart. Returns false when its exponent is past counting. */
static bool read_decimal(struct slice number, struct decimal *decimal)
{
	const char *at = number.at, *end = at + number.length, *mantissa = at, *point = NULL;
	int64_t exponent = 0;

	*decimal = (struct decimal){.negative = *at == '-'};
	for (; mantissa < end && *mantissa != 'e' && *mantissa != 'E'; mantissa++) {
		if (*mantissa == '.')
			point = mantissa;
		if (*mantissa < '1' || *mantissa > '9')
			continue;
		if (!decimal->at)
			decimal->at = mantissa;
		decimal->end = mantissa + 1;
	}
	if (!decimal->at) {
		*decimal = (struct decimal){.at = end, .end = end};
		return true;
	}
	if (!point)
		point = mantissa;
	bool down = mantissa < end && mantissa[1] == '-';
	for (at = mantissa; at < end; at++) {
		if (*at >= '0' && *at <= '9')
			exponent = exponent * 10 + (*at - '0');
		if (exponent > INT64_MAX / 100)
			return false;
	}
	decimal->exponent = (down ? -exponent : exponent) + (point - decimal->at) + (decimal->at > point);
	return true;
}

bool decimal_equal(struct slice a, struct slice b)
{
	struct decimal left, right;

	if (!read_decimal(a, &left) || !read_decimal(b, &right))
		return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
	if (left.negative != right.negative || left.exponent != right.exponent)
		return false;
	for (;; left.at++, right.at++) {
		left.at += left.at < left.end && *left.at == '.';
		right.at += right.at < right.end && *right.at == '.';
		if (left.at == left.end || right.at == right.end)
			return left.at == left.end && right.at == right.end;
		if (*left.at != *right.at)
			return false;
	}
}
