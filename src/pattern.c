#include "pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "value.h"

/* A repetition is compiled as so many copies, and the C libraries take memory by their square: (a?){1000} costs glibc
 * 18 MiB and (((a?){10}){10}){10} musl 30. COUNT_MOST is what POSIX promises (_POSIX2_RE_DUP_MAX) and all that musl
 * takes. */
enum { LENGTH_MOST = 1024, COUNT_MOST = 255, SIZE_MOST = 400, DEPTH_MOST = 64 };

/* What matching may take. glibc's matcher makes a state for every set of positions that it comes upon, or tries every
 * way that a back-reference may go, until memory is out. */
enum { MEMORY = 4 << 20 };

enum { FLAGS = REG_EXTENDED | REG_NOSUB | REG_NEWLINE };

/* Skips a bracket expression. Returns its last character. */
static const char *skip_bracket(const char *at)
{
	at++;
	if (*at == '^')
		at++;
	if (*at == ']')
		at++;
	for (; *at && *at != ']'; at++)
		if (*at == '[' && at[1] && strchr(".:=", at[1])) {
			char end[] = {at[1], ']', '\0'};
			const char *close = strstr(at + 2, end);
			if (close)
				at = close + 1;
		}
	return *at ? at : at - 1;
}

/* How often "{...}" repeats at most; -1 when that is too often. Moves to its last character. */
static long read_count(const char **at)
{
	unsigned long least = 0, most = 0, *number = &least;

	for (++*at; **at && **at != '}'; ++*at) {
		if (**at == ',')
			number = &most;
		else if (**at >= '0' && **at <= '9')
			*number = *number * 10 + (unsigned long)(**at - '0');
		if (*number > COUNT_MOST)
			return -1;
	}
	if (!**at)
		--*at;
	return (long)(most > least ? most : least);
}

/* How many characters the pattern amounts to with its repetitions written out; -1 when that is too many. It need not be
 * a right pattern. */
static long expanded(const char *pattern)
{
	long size[DEPTH_MOST] = {0}, last = 0;
	int depth = 0;

	for (const char *at = pattern; *at; at++) {
		if (*at == '(') {
			if (++depth == DEPTH_MOST)
				return -1;
			size[depth] = 0;
			last = 0;
		} else if (*at == ')' && depth > 0) {
			last = size[depth--] + 1;
			size[depth] += last;
		} else if (*at == '{') {
			long count = read_count(&at);
			if (count < 0)
				return -1;
			size[depth] += count > 1 ? last * (count - 1) : 0;
			last *= count > 1 ? count : 1;
		} else {
			if (*at == '[')
				at = skip_bracket(at);
			else if (*at == '\\' && at[1])
				at++;
			last = 1;
			size[depth]++;
		}
		if (size[depth] > SIZE_MOST)
			return -1;
	}
	return size[0];
}

int pattern_check(const char *pattern, struct error *error)
{
	regex_t compiled;
	char words[120], why[200];

	if (*pattern == '\0')
		return error_set(error, "is empty: give a POSIX extended regular expression");
	if (strlen(pattern) > LENGTH_MOST || expanded(pattern) < 0) {
		snprintf(why, sizeof why,
			 "is too large: %d characters at most with every {n} written out, and no count over %d",
			 SIZE_MOST, COUNT_MOST);
		return value_wrong(error, pattern, why);
	}
	int status = regcomp(&compiled, pattern, FLAGS);
	if (status == 0) {
		regfree(&compiled);
		return 0;
	}
	regerror(status, &compiled, words, sizeof words);
	snprintf(why, sizeof why, "is not a POSIX extended regular expression: %s", words);
	return value_wrong(error, pattern, why);
}

/* What the thread works on; it may outlive the search, so all of it is its own. */
struct search {
	regex_t compiled;
	int status; /* of regexec; REG_ESPACE when memory ran out */
	size_t count;
	struct rlimit memory; /* as it was before */
	char bytes[];
};

/* Private memory in use, in bytes; 0 where /proc does not tell. */
static size_t data_in_use(void)
{
	char text[200];
	unsigned long pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (count <= 0)
		return 0;
	text[count] = '\0';
	char *at = text;
	for (int column = 0; column < 6; column++)
		pages = strtoul(at, &at, 10);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* From the thread itself, whose stack is in use by now and so not counted. */
static void limit_memory(const struct search *search)
{
#if !defined(__SANITIZE_ADDRESS__)
	size_t used = data_in_use();
	struct rlimit limit = search->memory;

	limit.rlim_cur = used + MEMORY;
	if (used > 0 && limit.rlim_cur < search->memory.rlim_cur)
		setrlimit(RLIMIT_DATA, &limit);
#else
	(void)search;
	(void)data_in_use;
#endif
}

static void run(void *argument)
{
	struct search *search = argument;
	const char *at = search->bytes, *end = at + search->count;

	limit_memory(search);
	search->status = REG_NOMATCH;
	errno = 0;
	for (bool last = false; !last && search->status == REG_NOMATCH;) {
		size_t length = strlen(at);
		last = at + length == end;
		int flags = (at == search->bytes ? 0 : REG_NOTBOL) | (last ? 0 : REG_NOTEOL);
		/* What matches nothing between two NULs matches it at the ends as well. */
		if (length || flags == 0 || at == search->bytes || last)
			search->status = regexec(&search->compiled, at, 0, NULL, flags);
		at += length + 1;
	}
	/* glibc calls everything but a match REG_NOMATCH. */
	if (search->status == REG_NOMATCH && errno == ENOMEM)
		search->status = REG_ESPACE;
}

enum pattern_state pattern_find(const char *pattern, const char *bytes, size_t count, const struct deadline *deadline)
{
	struct search *search = malloc(sizeof *search + count + 1);
	enum pattern_state state;

	if (!search || regcomp(&search->compiled, pattern, FLAGS) != 0) {
		free(search);
		return PATTERN_NO_MEMORY;
	}
	search->count = count;
	if (count)
		memcpy(search->bytes, bytes, count);
	search->bytes[count] = '\0';
	getrlimit(RLIMIT_DATA, &search->memory);
	struct rlimit before = search->memory;
	int status = deadline_call(deadline, run, search);
	setrlimit(RLIMIT_DATA, &before);
	if (status == -1)
		return PATTERN_STOPPED;
	if (status == -2)
		state = PATTERN_NO_MEMORY;
	else
		state = search->status == 0             ? PATTERN_FOUND
			: search->status == REG_NOMATCH ? PATTERN_NOT_FOUND
							: PATTERN_NO_MEMORY;
	regfree(&search->compiled);
	free(search);
	return state;
}
