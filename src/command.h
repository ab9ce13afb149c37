#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deadline.h"
#include "result.h"

enum command_state {
	COMMAND_NOT_STARTED, /* the result says why */
	COMMAND_EXITED,      /* status is its exit status */
	COMMAND_SIGNALED,    /* status is the signal that ended it */
	COMMAND_STOPPED,     /* the deadline or a signal came first */
};

struct command {
	enum command_state state;
	int status;
	char *output;     /* the last `limit` bytes of both streams, not NUL-terminated; command_free frees it */
	size_t limit;     /* how much of it is kept */
	size_t kept;      /* bytes in output */
	int64_t total;    /* bytes that were written */
	bool left_behind; /* a process could not be killed in time (it hangs in the kernel) */
};

/* Runs a command, found by PATH where it has no slash: no shell, standard input empty, both output streams in one
 * pipe, in a session of its own. Returns when it has ended or the deadline has passed; by then every process
 * that it started, whatever session or parent it chose, is killed and reaped. If this program itself is killed, the
 * kernel kills the command (PR_SET_PDEATHSIG). Of its output the last `limit` bytes are kept. Needs neither /proc nor
 * /dev. */
void command_run(const char *const *words, size_t count, size_t limit, const struct deadline *deadline,
		 struct command *command, struct result *result);

void command_free(struct command *command);

#endif
