/* The process probe: is it alive? A zombie is dead, and a number that went to another process is not the one meant. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "content.h"
#include "pidfile.h"
#include "probe.h"

/* What the kernel keeps of a process's name (TASK_COMM_LEN - 1). */
enum { COMM = 15 };

/* A daemon writes its pidfile once it runs. One that started so many seconds later did not write it. */
enum { LATE = 10 };

enum state {
	STATE_GONE,
	STATE_ALIVE,
	STATE_ZOMBIE,
	STATE_THREAD, /* the number is that of a thread in another process */
	STATE_HIDDEN, /* alive, or a zombie: /proc does not show it */
};

/* The errno by which descriptors or memory ran out, 0 while they did not. What could not be read for that may be there
 * all the same. */
static int shortage;

static const char looking[] = "looking through /proc";

static void note_shortage(int number)
{
	if (error_is_shortage(number))
		shortage = number;
}

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	(void)deadline;
	static const char rule[] = "give --pid N, --pidfile PATH or --name NAME";

	if (spec->pid && spec->pidfile)
		return error_set(error, "process: --pid and --pidfile exclude each other: %s", rule);
	if (!spec->pid && !spec->pidfile && !spec->process_name)
		return error_set(error, "process: no process: %s", rule);
	if ((spec->pidfile && !*spec->pidfile) || (spec->process_name && !*spec->process_name))
		return error_set(error, "process: %s is empty: %s", spec->pidfile ? "--pidfile" : "--name", rule);
	return 0;
}

static void describe(const struct spec *spec, struct buf *target)
{
	if (spec->pid)
		buf_printf(target, "%lld", (long long)spec->pid);
	if (spec->pidfile)
		buf_text(target, spec->pidfile);
	if (spec->process_name)
		buf_printf(target, "%s%s", target->length ? " " : "", spec->process_name);
}

/* Is there a /proc, and is it that of our processes? */
static bool have_proc(void)
{
	char target[32];
	ssize_t length = readlink("/proc/self", target, sizeof target - 1);

	if (length <= 0) {
		note_shortage(errno);
		return false;
	}
	target[length] = '\0';
	return strtol(target, NULL, 10) == getpid();
}

/* Reads the start of /proc/PID/NAME as a text. Returns its length, or -1 with errno. */
static ssize_t read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		note_shortage(errno);
		return -1;
	}
	ssize_t count = read(fd, text, size - 1);
	int number = errno;
	close(fd);
	errno = number;
	if (count < 0)
		note_shortage(number);
	text[count > 0 ? count : 0] = '\0';
	return count;
}

/* What follows "\nNAME:\t" in /proc/PID/status; "" where it is not there. */
static const char *line_of(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : "";
}

/* What a signal would find, without /proc. */
static enum state knock(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM ? STATE_HIDDEN : STATE_GONE;
}

/* A number in /proc/PID/stat, by its column as proc(5) counts them, beyond the name; 0 when it cannot be read. */
static unsigned long long read_stat(pid_t pid, int column)
{
	char text[1024];

	if (read_proc(pid, "stat", text, sizeof text) <= 0)
		return 0;
	/* The name, the second one, may have blanks and parentheses. */
	char *at = strrchr(text, ')');
	for (int i = 2; at && i < column; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* What the process is. Where descriptors or memory run out that is STATE_GONE, if a signal finds none, else
 * STATE_HIDDEN. */
static enum state look(pid_t pid, bool proc, long *group)
{
	char status[2048];

	if (!proc)
		return knock(pid);
	ssize_t count = read_proc(pid, "status", status, sizeof status);
	if (count <= 0)
		return count < 0 && errno == ESRCH ? STATE_GONE : knock(pid);
	char state = *line_of(status, "\nState:\t");
	*group = strtol(line_of(status, "\nTgid:\t"), NULL, 10);
	if (*group > 0 && *group != pid)
		return STATE_THREAD;
	if (state != 'Z' && state != 'X')
		return STATE_ALIVE;
	/* A process whose first thread has ended looks like a zombie while its other threads go on. How many there are
	 * stands in "status" too, but below its groups, of which there may be 65536. */
	unsigned long long threads = read_stat(pid, 20);
	return threads > 1 ? STATE_ALIVE : shortage ? STATE_HIDDEN : STATE_ZOMBIE;
}

/* The name that the kernel keeps. Returns false when it cannot be read. */
static bool read_comm(pid_t pid, char *comm, size_t size)
{
	ssize_t length = read_proc(pid, "comm", comm, size);

	if (length <= 0)
		return false;
	if (comm[length - 1] == '\n')
		comm[length - 1] = '\0';
	return true;
}

/* The base name of argv[0]. Returns false when there is none. */
static bool read_argv0(pid_t pid, char *name, size_t size)
{
	char path[4096];

	if (read_proc(pid, "cmdline", path, sizeof path) <= 0 || *path == '\0')
		return false;
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	/* Longer than any name that it is compared with. */
	if (strlen(base) >= size)
		return false;
	memcpy(name, base, strlen(base) + 1);
	return true;
}

/* Does the kernel's name for it agree? Of a long name it keeps the start, and then argv[0] may tell that the rest
 * differs. */
static bool comm_is(pid_t pid, const char *comm, const char *name)
{
	char argv0[256];

	if (strlen(name) <= COMM)
		return strcmp(comm, name) == 0;
	if (strlen(comm) != COMM || strncmp(comm, name, COMM) != 0)
		return false;
	return !read_argv0(pid, argv0, sizeof argv0) || strncmp(argv0, comm, COMM) != 0 || strcmp(argv0, name) == 0;
}

static bool bears(pid_t pid, const char *name)
{
	char comm[64], argv0[256];

	if (read_comm(pid, comm, sizeof comm) && comm_is(pid, comm, name))
		return true;
	return read_argv0(pid, argv0, sizeof argv0) && strcmp(argv0, name) == 0;
}

static void note(struct result *result, pid_t pid)
{
	char comm[64];

	result_number(result, "pid", pid);
	if (result->detail && read_comm(pid, comm, sizeof comm))
		result_text(result, "name", comm, strlen(comm));
}

/* How many seconds after the pidfile was written the process started; 0 when that is not known. It takes both clocks to
 * be right: a hint, no proof. */
static int64_t seconds_late(const char *pidfile, pid_t pid)
{
	struct timespec real, boot;
	struct stat status;
	unsigned long long ticks = 0;

	if (stat(pidfile, &status) != 0 || !S_ISREG(status.st_mode) || (ticks = read_stat(pid, 22)) == 0)
		return 0;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t started = real.tv_sec - boot.tv_sec + (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
	return started > status.st_mtim.tv_sec ? started - status.st_mtim.tv_sec : 0;
}

/* Judges the process of a number. */
static void judge(const struct spec *spec, pid_t pid, struct result *result)
{
	bool proc = have_proc();
	long group = 0;
	enum state state = look(pid, proc, &group);
	const char *name = spec->process_name;
	char comm[64];

	result_number(result, "pid", pid);
	if (pid == getpid()) {
		result_set(result, FAILURE, REASON_PROCESS_NOT_FOUND, "there is no process %d but this probe itself",
			   (int)pid);
	} else if (state == STATE_GONE) {
		result_set(result, FAILURE, REASON_PROCESS_NOT_FOUND, "there is no process %d", (int)pid);
	} else if (state == STATE_THREAD) {
		result_set(result, FAILURE, REASON_PROCESS_NOT_FOUND,
			   "there is no process %d: the number is that of a thread of process %ld", (int)pid, group);
	} else if (state == STATE_ZOMBIE) {
		result_set(result, FAILURE, REASON_PROCESS_IS_ZOMBIE, "process %d is a zombie: it has ended", (int)pid);
	} else if (state == STATE_HIDDEN && shortage) {
		result_no_resources(result, looking, shortage);
	} else if (name && state == STATE_HIDDEN) {
		result_set(result, UNKNOWN, REASON_PERMISSION_DENIED,
			   "there is a process %d, but no /proc here that tells its name", (int)pid);
	} else if (name && !bears(pid, name)) {
		bool known = read_comm(pid, comm, sizeof comm);
		/* It may have ended just now. */
		if (look(pid, proc, &group) == STATE_GONE)
			result_set(result, FAILURE, REASON_PROCESS_NOT_FOUND, "there is no process %d", (int)pid);
		else if (shortage)
			result_no_resources(result, looking, shortage);
		else
			result_set(result, FAILURE, REASON_PROCESS_NAME_DIFFERS, "process %d is %s, not %s", (int)pid,
				   known ? comm : "of another name", name);
	} else {
		note(result, pid);
		result_set(result, SUCCESS, REASON_OK, "process %d is alive", (int)pid);
		int64_t late = spec->pidfile && !name ? seconds_late(spec->pidfile, pid) : 0;
		if (late > LATE)
			result_warn(result,
				    "it started %lld s after the pidfile was written, so it may be another one: "
				    "--name tells",
				    (long long)late);
		if (state == STATE_HIDDEN)
			result_warn(result, "no /proc here tells of it, so it may be a zombie");
	}
}

static void judge_pidfile(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct buf content = {0};
	struct error error;
	int64_t pid;
	bool cut;
	enum content_state state = content_read(spec->pidfile, PIDFILE_SIZE, deadline, &content, &cut);

	if (state == CONTENT_STOPPED)
		result_stopped(result, deadline, "the pidfile has no end yet");
	else if (state == CONTENT_REFUSED && (errno == ENOENT || errno == ENOTDIR))
		result_set(result, FAILURE, REASON_PIDFILE_MISSING, "there is no such pidfile");
	else if (state == CONTENT_REFUSED)
		result_unreadable(result, REASON_PIDFILE_INVALID, "the pidfile cannot be read", errno);
	else if (cut)
		result_set(result, UNKNOWN, REASON_PIDFILE_INVALID, "the pidfile is none: it is larger than %d bytes",
			   PIDFILE_SIZE);
	else if (pidfile_parse(buf_string(&content), content.length, &pid, &error) != 0)
		result_set(result, UNKNOWN, REASON_PIDFILE_INVALID, "the pidfile %s", error.text);
	else
		judge(spec, (pid_t)pid, result);
	buf_free(&content);
}

/* What a walk over all processes came upon. */
struct search {
	const char *name;
	pid_t alive, zombie; /* one of each, 0 where there was none */
	unsigned zombies;
};

static void consider(struct search *search, pid_t pid)
{
	long group;
	enum state state = look(pid, true, &group);

	if (state == STATE_ALIVE || (state == STATE_HIDDEN && !shortage))
		search->alive = pid;
	if (state == STATE_ZOMBIE) {
		search->zombie = pid;
		search->zombies++;
	}
}

/* Walks /proc until one that is alive is found. First by the kernel's names, which are cheap and can always be read; by
 * argv[0] only when that found none. Ends early, too, when there is a shortage. Returns false when the deadline came
 * first. */
static bool walk(struct search *search, bool by_argv0, const struct deadline *deadline)
{
	DIR *directory = opendir("/proc");
	pid_t self = getpid();
	bool in_time = true;

	/* It is there, or nobody would walk. */
	if (!directory)
		shortage = errno;
	while (directory && in_time && !shortage && !search->alive) {
		struct dirent *entry = readdir(directory);
		char comm[64], argv0[256];
		if (!entry)
			break;
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;
		if (pid <= 0 || pid == self)
			continue;
		in_time = !deadline_over(deadline);
		bool by_comm = read_comm(pid, comm, sizeof comm) && comm_is(pid, comm, search->name);
		/* Each is looked at in one of the two walks. */
		bool is_it = by_argv0
				 ? !by_comm && read_argv0(pid, argv0, sizeof argv0) && strcmp(argv0, search->name) == 0
				 : by_comm;
		if (is_it)
			consider(search, pid);
	}
	if (directory)
		closedir(directory);
	return in_time;
}

/* With hidepid= in its mount options /proc shows a user its own processes only. */
static bool hides_others(void)
{
	struct stat status;

	return stat("/proc/1/status", &status) != 0 || access("/proc/1/status", R_OK) != 0;
}

static void judge_name(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct search search = {.name = spec->process_name};
	const char *name = search.name;

	if (!have_proc()) {
		result_set(result, UNKNOWN, REASON_PERMISSION_DENIED,
			   "no process can be found by its name: there is no /proc of this process namespace here");
		return;
	}
	bool in_time = walk(&search, false, deadline) && (search.alive || shortage || walk(&search, true, deadline));
	if (shortage && !search.alive) {
		result_no_resources(result, looking, shortage);
	} else if (!in_time) {
		result_stopped(result, deadline, looking);
	} else if (search.alive) {
		note(result, search.alive);
		result_set(result, SUCCESS, REASON_OK, "process %d is alive", (int)search.alive);
	} else if (hides_others()) {
		result_set(result, UNKNOWN, REASON_PERMISSION_DENIED,
			   "no process of this name is seen, but /proc hides those of other users (hidepid)");
	} else if (search.zombies == 1) {
		result_number(result, "pid", search.zombie);
		result_set(result, FAILURE, REASON_PROCESS_IS_ZOMBIE, "process %d is a zombie: it has ended",
			   (int)search.zombie);
	} else if (search.zombies) {
		result_set(result, FAILURE, REASON_PROCESS_IS_ZOMBIE, "all %u processes %s are zombies", search.zombies,
			   name);
	} else {
		result_set(result, FAILURE, REASON_PROCESS_NOT_FOUND, "there is no process %s", name);
	}
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	if (spec->pidfile)
		judge_pidfile(spec, deadline, result);
	else if (spec->pid)
		judge(spec, (pid_t)spec->pid, result);
	else
		judge_name(spec, deadline, result);
}

const struct probe probe_process = {
    .name = "process",
    .bit = PROBE_PROCESS,
    .json_key = "process",
    .operands = "(--pid N | --pidfile PATH | --name NAME)",
    .summary = "success when a process is alive",
    .validate = validate,
    .describe = describe,
    .run = run,
};
