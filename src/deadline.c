#include "deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;
/* A reader that is gone and a file that may not grow are errors of write, not the program's end. */
static struct {
	int number;
	bool was_ignored;
} write_signals[] = {{.number = SIGPIPE}, {.number = SIGXFSZ}};
enum { WRITE_SIGNALS = sizeof write_signals / sizeof *write_signals };
static sigset_t original_mask;
static bool call_left_behind;

int64_t deadline_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note_signal(int number)
{
	if (number != SIGCHLD)
		interrupted = number;
}

void deadline_catch_signals(void)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
	struct sigaction catch = {.sa_handler = note_signal}, ignore = {.sa_handler = SIG_IGN}, before;
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaddset(&held, caught[i]);
	sigprocmask(SIG_BLOCK, &held, &original_mask);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
		sigaction(caught[i], &catch, &before);
		/* Under nohup a hang-up is not meant for us. INT and TERM always end the probe. */
		if (before.sa_handler == SIG_IGN && (caught[i] == SIGHUP || caught[i] == SIGQUIT))
			sigaction(caught[i], &ignore, NULL);
	}
	for (size_t i = 0; i < WRITE_SIGNALS; i++) {
		sigaction(write_signals[i].number, &ignore, &before);
		write_signals[i].was_ignored = before.sa_handler == SIG_IGN;
	}
}

void deadline_restore_signals(void)
{
	/* Handlers are reset by exec itself; what is ignored or blocked is not. */
	for (size_t i = 0; i < WRITE_SIGNALS; i++)
		if (!write_signals[i].was_ignored)
			sigaction(write_signals[i].number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigprocmask(SIG_SETMASK, &original_mask, NULL);
}

int deadline_interrupted(void)
{
	return interrupted;
}

bool deadline_over(const struct deadline *deadline)
{
	return deadline_poll(deadline, NULL, 0, 0) < 0;
}

int deadline_poll(const struct deadline *deadline, struct pollfd *descriptors, nfds_t count, int64_t until)
{
	sigset_t open = original_mask;
	int64_t end = until < deadline->end ? until : deadline->end;

	/* The caller of the program may have blocked these; here they must come through. */
	sigdelset(&open, SIGINT);
	sigdelset(&open, SIGTERM);
	sigdelset(&open, SIGCHLD);
	if (interrupted)
		return -1;
	int64_t now = deadline_now(), left = end > now ? end - now : 0;
	/* Also when a descriptor is ready: one that never pauses always is. */
	if (now >= deadline->end)
		return -1;
	struct timespec wait = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
	int ready = ppoll(descriptors, count, &wait, &open);
	/* Where a descriptor is ready, a pending signal stays pending. */
	if (ready > 0)
		ppoll(NULL, 0, &(struct timespec){0}, &open);
	if (interrupted)
		return -1;
	if (ready > 0)
		return ready;
	/* An interrupted call leaves revents alone. */
	for (nfds_t i = 0; i < count; i++)
		descriptors[i].revents = 0;
	return deadline_now() >= deadline->end ? -1 : 0;
}

struct call {
	void (*run)(void *);
	void *argument;
	int done;
};

static void *run_call(void *argument)
{
	struct call *call = argument;
	int done = call->done;

	call->run(call->argument);
	free(call);
	close(done);
	return NULL;
}

int deadline_call(const struct deadline *deadline, void (*run)(void *), void *argument)
{
	struct call *call = malloc(sizeof *call);
	sigset_t all, before;
	pthread_t thread;
	int ends[2];

	if (!call)
		return -2;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		free(call);
		return -2;
	}
	*call = (struct call){run, argument, ends[1]};
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&thread, NULL, run_call, call);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		close(ends[0]);
		close(ends[1]);
		free(call);
		errno = failed;
		return -2;
	}

	struct pollfd done = {.fd = ends[0], .events = POLLIN};
	int ready;
	while ((ready = deadline_poll(deadline, &done, 1, DEADLINE_NEVER)) == 0)
		;
	close(ends[0]);
	if (ready < 0) {
		pthread_detach(thread);
		call_left_behind = true;
		return -1;
	}
	pthread_join(thread, NULL);
	return 0;
}

void deadline_leave(int status)
{
	if (call_left_behind)
		_exit(status);
	exit(status);
}
