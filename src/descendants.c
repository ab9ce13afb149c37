#include "descendants.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"

/* A killed process ends when the kernel gives it a moment, which a busy machine may delay. One that has not ended
 * within this, while no other did, hangs in the kernel. */
#define PATIENCE (200 * (int64_t)DEADLINE_MS)
/* The same where none that is left may be killed (one of another user, by a set-user-ID program): it may still end by
 * itself. */
#define PATIENCE_IN_VAIN (10 * (int64_t)DEADLINE_MS)
/* However many there are and however fast they fork. */
#define LIMIT (2000 * (int64_t)DEADLINE_MS)
enum { LOOK_AGAIN_NS = 100000 };

/* The kernel's PID_MAX_LIMIT and PID_MAX_DEFAULT (include/linux/threads.h), and the least number that is given out
 * again after they have wrapped. */
enum { LARGEST_PID = 4194304, USUAL_LARGEST_PID = 32768, FIRST_REUSED = 300 };

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

/* Waits for the process that does the work, and ends as it did. */
static _Noreturn void stand_by(pid_t worker, int otherwise)
{
	/* The worker has a deadline, and keeps it. */
	struct deadline none = {.end = DEADLINE_NEVER};
	int status;

	while (waitpid(worker, &status, WNOHANG) == 0) {
		if (deadline_poll(&none, NULL, 0, DEADLINE_NEVER) >= 0)
			continue;
		kill(worker, deadline_interrupted());
		waitpid(worker, &status, 0);
		break;
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : otherwise);
}

int descendants_stand_apart(int otherwise)
{
	if (!has_children())
		return 0;
	pid_t worker = fork();
	if (worker < 0)
		return errno;
	if (worker > 0)
		stand_by(worker, otherwise);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return 0;
}

void descendants_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* What came of one round of killing. */
struct round {
	int alive;  /* children that had not ended yet */
	int killed; /* those of them that could be told to end */
};

/* Kills a process if it is a child. Only the parent may wait for a process, and until it has, the number is not given
 * to another: so who is a child cannot be mistaken. */
static void kill_child(pid_t pid, struct round *round)
{
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 || info.si_pid != 0)
		return;
	round->alive++;
	round->killed += kill(pid, SIGKILL) == 0;
}

/* Kills the children that the kernel lists, and they are all that there are at the moment. Returns false where it does
 * not list them: no /proc, or a kernel without CONFIG_PROC_CHILDREN. */
static bool kill_listed(struct round *round)
{
	char path[64], list[4096];
	ssize_t count;
	size_t kept = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	while ((count = read(file, list + kept, sizeof list - 1 - kept)) > 0) {
		char *at = list, *end;
		size_t length = kept + (size_t)count;
		list[length] = '\0';
		for (;;) {
			long pid = strtol(at, &end, 10);
			/* Every number has a blank behind it; one that has none goes on in the next part. */
			if (end == at || *end == '\0')
				break;
			kill_child((pid_t)pid, round);
			at = end;
		}
		kept = length - (size_t)(at - list);
		for (size_t i = 0; i < kept; i++)
			list[i] = at[i];
	}
	close(file);
	return true;
}

/* The kernel counts process numbers upwards, so a process made now bounds those of all descendants. */
static __attribute__((noinline)) pid_t newest_pid(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid;
}

/* Kills the children among the numbers from..to, the youngest first, for it is the one that may be forking on. */
static void kill_numbered(pid_t from, pid_t to, struct round *round)
{
	for (pid_t pid = to; pid >= from; pid--)
		kill_child(pid, round);
}

/* Without /proc the children can only be found by asking for every number that they may have. */
static void kill_searched(pid_t first, bool everywhere, struct round *round)
{
	pid_t newest = newest_pid(), largest = LARGEST_PID;

	if (newest >= first) {
		kill_numbered(first, newest, round);
		return;
	}
	/* The numbers have wrapped, or no process could be made to ask. Where is not known; four million take a
	 * second. */
	if (!everywhere && first <= USUAL_LARGEST_PID)
		largest = USUAL_LARGEST_PID;
	kill_numbered(FIRST_REUSED, newest < 0 ? first : newest, round);
	kill_numbered(first, largest, round);
}

/* Reaps what has ended. Returns how many, -1 when no child is left. */
static int reap(void)
{
	int count = 0;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		count++;
	return pid < 0 && errno == ECHILD ? -1 : count;
}

int descendants_end(pid_t first)
{
	int64_t start = deadline_now(), progress = start, patience = PATIENCE;
	bool everywhere = false;
	sigset_t child;
	int reaped;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	/* The session's first group in one stroke, which no fork escapes. `first` is not reaped yet, so its number is
	 * still its own. */
	kill(-first, SIGKILL);
	/* Most commands leave nothing else, and then this is all. Killing a parent hands its children to us: look again
	 * until there is none. */
	while ((reaped = reap()) >= 0) {
		struct round round = {0};
		int64_t now = deadline_now();
		if (reaped > 0)
			progress = now;
		if (now - progress > patience || now - start > LIMIT)
			return -1;
		if (!kill_listed(&round)) {
			kill_searched(first, everywhere, &round);
			/* The search itself may take its time. */
			progress += deadline_now() - now;
			/* There is one, and it is not where it was looked for. */
			if (round.alive == 0 && !everywhere) {
				everywhere = true;
				start = deadline_now();
			}
		}
		patience = round.alive && !round.killed ? PATIENCE_IN_VAIN : PATIENCE;
		sigtimedwait(&child, NULL, &(struct timespec){.tv_nsec = LOOK_AGAIN_NS});
	}
	return 0;
}
