#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <stdbool.h>

#include "deadline.h"
#include "result.h"
#include "spec.h"
#include "stream.h"

/* What is said over a connection once it is open: the spec's --send, then waiting for --expect and the expectations of
 * the content, then --hold.
 *
 * The answer is read until all of them hold. --expect is looked for in all that comes, the others in the first
 * body_limit bytes. An answer that does not meet them is a failure when the peer closes, when what is looked at is
 * full, and when the deadline passes and it was not just arriving; where nothing has come by then it is unknown. */

/* True when the spec asks for more than an open connection. */
bool conversation_wanted(const struct spec *spec);

/* Talks to `peer` (its name, for messages) and sets the result. The stream stays open. */
void conversation_run(const struct spec *spec, struct stream *stream, const char *peer, const struct deadline *deadline,
		      struct result *result);

#endif
