#ifndef DECIMAL_H
#define DECIMAL_H

#include <stdbool.h>

#include "value.h"

/* Have two numbers, as JSON has them, the same value, as 1.0 and 1 or 1e2 and 100? Digit by digit, for a double would
 * take 9007199254740993 for 9007199254740992. Exponents of more than sixteen digits count as they are written. */
bool decimal_equal(struct slice a, struct slice b);

#endif
