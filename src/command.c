#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buf.h"
#include "descendants.h"

/* What the child needs between vfork and exec. It shares the parent's memory, so all of this is prepared before. */
struct launch {
	const char *name;
	const char *const *paths; /* to try in turn, NULL-terminated */
	char **argv;
	int input, output;
	int report; /* where the child writes a struct refusal; closed by exec */
	pid_t parent;
};

/* Why the child could not become the command. It comes through a pipe, for where vfork is emulated (valgrind, qemu) the
 * memory is not shared. */
struct refusal {
	int error;
	size_t place; /* of the path in launch.paths that was refused */
};

/* The places where a command may be. `text` holds the paths, `paths` points into it. */
struct places {
	struct buf text;
	const char **paths;
};

extern char **environ;

/* The usual size of a pipe (pipe(7)). */
enum { PIPE_HOLDS = 64 << 10 };

static int find_places(const char *name, struct places *places)
{
	const char *search = strchr(name, '/') ? NULL : getenv("PATH");
	size_t count = 1;

	if (!strchr(name, '/') && !search)
		search = "/usr/local/bin:/usr/bin:/bin";
	for (const char *at = search; at && *at; at++)
		count += *at == ':';
	places->paths = calloc(count + 1, sizeof *places->paths);
	for (const char *at = search; at;) {
		size_t length = strcspn(at, ":");
		buf_add(&places->text, at, length);
		buf_text(&places->text, length ? "/" : "");
		buf_text(&places->text, name);
		buf_add(&places->text, "", 1);
		at = at[length] ? at + length + 1 : NULL;
	}
	if (!search)
		buf_add(&places->text, name, strlen(name) + 1);
	if (!places->paths || places->text.failed)
		return -1;
	const char *at = places->text.data;
	for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
		places->paths[i] = at;
	return 0;
}

static _Noreturn void refuse(const struct launch *launch, int error, size_t place)
{
	struct refusal refusal = {error, place};

	if (write(launch->report, &refusal, sizeof refusal) != sizeof refusal)
		_exit(126);
	_exit(127);
}

/* In the child, on the parent's memory and stack. Only system calls. */
static void become(const struct launch *launch)
{
	int worst = ENOENT;
	size_t place = 0;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the line above. From another process namespace (unshare --pid) it has no number. */
	pid_t parent = getppid();
	if (parent != launch->parent && parent != 0)
		_exit(127);
	if (dup2(launch->input, STDIN_FILENO) < 0 || dup2(launch->output, STDOUT_FILENO) < 0 ||
	    dup2(launch->output, STDERR_FILENO) < 0)
		refuse(launch, errno, 0);
	deadline_restore_signals();
	for (size_t i = 0; launch->paths[i]; i++) {
		execve(launch->paths[i], launch->argv, environ);
		if (errno == ENOENT || errno == ENOTDIR)
			continue;
		/* As execvp does: neither a file that may not be run nor a file system that is gone hides what stands
		 * further on. */
		worst = errno;
		place = i;
		if (errno != EACCES && errno != ESTALE && errno != ENODEV && errno != ETIMEDOUT)
			break;
	}
	refuse(launch, worst, place);
}

/* A function of its own, so that no variable of the caller lives across vfork. */
static __attribute__((noinline)) pid_t start(const struct launch *launch)
{
	pid_t pid = vfork();

	if (pid == 0)
		become(launch);
	return pid;
}

/* Says why the command could not be run. */
static void explain(const char *name, const char *place, int error, struct result *result)
{
	struct stat status;
	bool is_path = strchr(name, '/') != NULL;

	if (error == ENOENT || error == ENOTDIR) {
		/* The file is there, so it is the interpreter or the dynamic loader that is not. */
		if (is_path && stat(name, &status) == 0)
			result_set(
			    result, UNKNOWN, REASON_COMMAND_NOT_EXECUTABLE,
			    "cannot be run: the interpreter that its first line or its ELF header names is not there");
		else
			result_set(result, UNKNOWN, REASON_COMMAND_NOT_FOUND, "command not found%s",
				   is_path ? "" : " in PATH");
	} else if (error == EACCES && place && stat(place, &status) == 0 && S_ISDIR(status.st_mode)) {
		result_set(result, UNKNOWN, REASON_COMMAND_NOT_EXECUTABLE, "cannot be run: it is a directory");
	} else if (error == EACCES || error == EPERM) {
		result_set(result, UNKNOWN, REASON_COMMAND_NOT_EXECUTABLE,
			   "cannot be run: permission denied (is it executable?)");
	} else if (error == ENOEXEC) {
		result_set(result, UNKNOWN, REASON_COMMAND_NOT_EXECUTABLE,
			   "cannot be run: neither a program of this machine nor a script that starts with #!");
	} else if (error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE) {
		result_no_resources(result, "cannot be run", error);
	} else {
		result_set(result, UNKNOWN, REASON_COMMAND_NOT_EXECUTABLE, "cannot be run: %s", error_words(error));
	}
}

/* How much is read at a time, however little of it is kept: as much as a pipe holds, or as is kept, so that what is
 * kept moves seldom. */
static size_t piece(size_t limit)
{
	return limit > PIPE_HOLDS ? limit : PIPE_HOLDS;
}

/* Reads what is there now, and keeps the end of it. Returns false at the end of the output. */
static bool drain(int fd, struct command *command)
{
	ssize_t count = read(fd, command->output + command->kept, piece(command->limit));

	if (count < 0)
		return errno == EAGAIN || errno == EINTR;
	command->total += count;
	command->kept += (size_t)count;
	if (command->kept > command->limit) {
		memmove(command->output, command->output + command->kept - command->limit, command->limit);
		command->kept = command->limit;
	}
	return count > 0;
}

/* What was in the pipe when the command ended; not what others go on writing. */
static void drain_rest(int fd, struct command *command)
{
	int64_t limit = command->total + (1 << 20), before;

	do {
		before = command->total;
	} while (drain(fd, command) && command->total > before && command->total < limit);
}

static bool has_ended(pid_t pid, struct command *command)
{
	siginfo_t info = {.si_pid = 0};

	/* It is left to descendants_end to reap. One that asked to be traced (PTRACE_TRACEME), by us therefore, is told
	 * of as well when it stops; that is no end. */
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid ||
	    (info.si_code != CLD_EXITED && info.si_code != CLD_KILLED && info.si_code != CLD_DUMPED))
		return false;
	command->state = info.si_code == CLD_EXITED ? COMMAND_EXITED : COMMAND_SIGNALED;
	command->status = info.si_status;
	return true;
}

static void follow(pid_t pid, int output, const struct deadline *deadline, struct command *command)
{
	struct pollfd readable = {.fd = output, .events = POLLIN};

	command->state = COMMAND_STOPPED;
	while (!has_ended(pid, command)) {
		if (deadline_poll(deadline, &readable, 1, DEADLINE_NEVER) < 0) {
			/* It may have ended at the last moment. */
			has_ended(pid, command);
			break;
		}
		if (readable.revents && !drain(output, command))
			readable.fd = -1;
	}
	drain_rest(output, command);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Starts the command. Returns its process, or -1 with the result set. */
static pid_t launch(struct launch *launch, int reports, struct result *result)
{
	struct refusal refusal;
	pid_t pid = start(launch);

	if (pid < 0) {
		result_no_resources(result, "cannot be run", errno);
		return -1;
	}
	close_one(&launch->report);
	/* Nothing to read: exec has closed it. */
	if (read(reports, &refusal, sizeof refusal) != sizeof refusal)
		return pid;
	waitpid(pid, NULL, 0);
	explain(launch->name, launch->paths[refusal.place], refusal.error, result);
	return -1;
}

void command_run(const char *const *words, size_t count, size_t limit, const struct deadline *deadline,
		 struct command *command, struct result *result)
{
	int input[2] = {-1, -1}, output[2] = {-1, -1}, report[2] = {-1, -1};
	struct places places = {0};
	char **argv = calloc(count + 1, sizeof *argv);

	*command = (struct command){
	    .state = COMMAND_NOT_STARTED, .output = malloc(limit + piece(limit)), .limit = limit};
	if (!argv || !command->output || find_places(words[0], &places) != 0) {
		result_no_resources(result, "cannot be run", ENOMEM);
		goto end;
	}
	for (size_t i = 0; i < count; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	/* An empty pipe is empty input without /dev/null, which a scratch root does not have. */
	if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0 ||
	    fcntl(output[0], F_SETFL, O_NONBLOCK) != 0) {
		result_no_resources(result, "cannot be run", errno);
		goto end;
	}
	close_one(&input[1]);

	descendants_adopt();
	struct launch plan = {.name = words[0],
			      .paths = places.paths,
			      .argv = argv,
			      .input = input[0],
			      .output = output[1],
			      .report = report[1],
			      .parent = getpid()};
	pid_t pid = launch(&plan, report[0], result);
	report[1] = plan.report;
	close_one(&output[1]);
	if (pid > 0) {
		follow(pid, output[0], deadline, command);
		command->left_behind = descendants_end(pid) != 0;
	}

end:
	for (size_t i = 0; i < 2; i++) {
		close_one(&input[i]);
		close_one(&output[i]);
		close_one(&report[i]);
	}
	free(places.paths);
	buf_free(&places.text);
	free(argv);
}

void command_free(struct command *command)
{
	free(command->output);
	command->output = NULL;
}
