#ifndef DEADLINE_H
#define DEADLINE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* The one deadline of the program, in nanoseconds of CLOCK_MONOTONIC. Every wait goes through
 * deadline_poll, which is also the only place where a signal is let in; so whoever works for long without
 * waiting asks deadline_over now and then. */
struct deadline {
	int64_t start;
	int64_t end;
};

enum { DEADLINE_MS = 1000000 };

/* No limit of its own for deadline_poll's `until`. */
#define DEADLINE_NEVER INT64_MAX

/* The time now, in nanoseconds of CLOCK_MONOTONIC. */
int64_t deadline_now(void);

/* Holds back SIGINT, SIGTERM, SIGHUP and SIGQUIT until the next deadline_poll, and SIGCHLD so that a
 * child's end wakes it; ignores SIGPIPE and SIGXFSZ. Call once, first. */
void deadline_catch_signals(void);

/* Undoes deadline_catch_signals as far as a program started with exec would inherit it. Safe in a vfork
 * child. */
void deadline_restore_signals(void);

/* The signal that asked the probe to end, 0 when none did. */
int deadline_interrupted(void);

/* True when the deadline has passed or a signal has asked to end. */
bool deadline_over(const struct deadline *deadline);

/* Waits until a descriptor is ready, SIGCHLD arrives, `until` (absolute) or the end comes. Returns the number
 * of ready descriptors; 0 when none is (a child ended, `until` passed: look again); -1 when the
 * deadline has passed or a signal has asked to end. count may be 0. */
int deadline_poll(const struct deadline *deadline, struct pollfd *descriptors, nfds_t count, int64_t until);

/* Runs a call that cannot be told to stop (a resolver, a regular expression) in a thread, and waits for it until the
 * deadline. Returns 0 when it has ended, -1 when it goes on: then `argument` must stay as it is until the
 * program exits; -2, with errno, when no thread could be had. The thread sees no signal. */
int deadline_call(const struct deadline *deadline, void (*call)(void *), void *argument);

/* Ends the program. A call that deadline_call left behind may hold any lock, so then no exit handler runs. */
_Noreturn void deadline_leave(int status);

#endif
