#ifndef EXPECT_H
#define EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "deadline.h"
#include "result.h"
#include "spec.h"

/* Does an answer meet what the spec expects of it? Shared by every probe that sees bytes. */

/* The part of an answer that was kept. */
struct seen {
	const char *what; /* what messages call it: "the body" */
	const char *bytes;
	size_t count;
	bool cut;            /* there was more than the spec's body_limit */
	bool is_end;         /* what was kept of it is its end, not its start */
	bool lacks_expected; /* the spec's expect_bytes were not found in it */

	/* The lines of its header, for header expectations; and whether the value in such a line is no secret. */
	const struct buf *headers;
	bool (*may_show)(const char *line, size_t length);
};

enum expect_state {
	EXPECT_HOLDS,
	EXPECT_FAILS,  /* what may come yet could mend it */
	EXPECT_BROKEN, /* nothing could */
};

/* True when the spec expects anything of the content. */
bool expect_content(const struct spec *spec);

/* Judges an answer, for which the probe has set the result already. A success for which an expectation does not hold
 * becomes a failure, whose message names all those that do not; a failure stays one, and its message grows. A success
 * that cannot be judged within the deadline becomes unknown. */
enum expect_state expect_judge(const struct spec *spec, const struct seen *seen, const struct deadline *deadline,
			       struct result *result);

/* Judges the time that the answer took, by the result's duration. */
void expect_latency(const struct spec *spec, struct result *result);

/* Adds the start of the bytes, quoted and safe to print, in at most `limit` bytes and the quotes. */
void expect_quote(struct buf *out, const char *bytes, size_t count, size_t limit);

#endif
