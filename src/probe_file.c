/* The file probe: is it there, fresh, large enough, and does it say what it should? */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "content.h"
#include "expect.h"
#include "probe.h"

static int take_target(struct spec *spec, const char *text, struct error *error)
{
	(void)error;
	spec->file = text;
	return 0;
}

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	(void)deadline;
	if (!spec->file || *spec->file == '\0')
		return error_set(error, "file: no path: give PATH, --path PATH or .file.path");
	return 0;
}

static void describe(const struct spec *spec, struct buf *target)
{
	buf_text(target, spec->file);
}

/* "7.3s", "12m 5s", "3h 2m", "5d 3h": as fine as it matters. */
struct age {
	char text[48];
};

static struct age print_age(int64_t ms)
{
	struct age age;
	int64_t s = ms / 1000, m = s / 60, h = m / 60;

	if (s < 60)
		snprintf(age.text, sizeof age.text, "%lld.%llds", (long long)s, (long long)(ms % 1000 / 100));
	else if (m < 60)
		snprintf(age.text, sizeof age.text, "%lldm %llds", (long long)m, (long long)(s % 60));
	else if (h < 48)
		snprintf(age.text, sizeof age.text, "%lldh %lldm", (long long)h, (long long)(m % 60));
	else
		snprintf(age.text, sizeof age.text, "%lldd %lldh", (long long)(h / 24), (long long)(h % 24));
	return age;
}

/* How long ago it was modified, in milliseconds; below 0 when that is yet to come. A file may bear any time at all, and
 * half of what an int64_t holds is more than anybody asks for. */
static int64_t age_of(const struct stat *status)
{
	const int64_t most = INT64_MAX / 2000;
	struct timespec now;
	int64_t seconds;

	clock_gettime(CLOCK_REALTIME, &now);
	if (__builtin_sub_overflow((int64_t)now.tv_sec, (int64_t)status->st_mtim.tv_sec, &seconds))
		seconds = status->st_mtim.tv_sec < 0 ? most : -most;
	seconds = seconds > most ? most : seconds < -most ? -most : seconds;
	return seconds * 1000 + ((int64_t)now.tv_nsec - status->st_mtim.tv_nsec) / DEADLINE_MS;
}

static void explain(const struct spec *spec, int number, struct result *result)
{
	struct stat link;

	switch (number) {
	case ENOENT:
		if (lstat(spec->file, &link) == 0 && S_ISLNK(link.st_mode))
			result_set(result, FAILURE, REASON_FILE_MISSING,
				   "there is no such file: a symbolic link of this name leads nowhere");
		else
			result_set(result, FAILURE, REASON_FILE_MISSING, "there is no such file");
		return;
	case ENOTDIR:
	case ENAMETOOLONG:
	case ELOOP:
		result_set(result, FAILURE, REASON_FILE_MISSING, "there is no such file: %s", error_words(number));
		return;
	default:
		result_unreadable(result, REASON_FILE_UNREADABLE, "it cannot be looked at", number);
	}
}

/* Sets a failure, or adds to one. */
static void fail(struct result *result, enum reason reason, const char *text)
{
	if (result->verdict == SUCCESS)
		result_set(result, FAILURE, reason, "%s", text);
	else
		result_add(result, "%s", text);
}

static void judge_age(const struct spec *spec, const struct stat *status, struct result *result)
{
	int64_t age = age_of(status);
	char limit[32], text[160];

	if (age < 0) {
		result_warn(result, "it was modified %s in the future, by the clock of this machine",
			    print_age(-age).text);
		age = 0;
	}
	result_number(result, "ageSeconds", (double)age / 1000);
	if (spec->max_age_ms == 0)
		return;
	value_print_duration(limit, sizeof limit, spec->max_age_ms);
	if (age > spec->max_age_ms) {
		snprintf(text, sizeof text, "it is too old: modified %s ago, allowed are %s", print_age(age).text,
			 limit);
		fail(result, REASON_FILE_TOO_OLD, text);
	} else {
		result_add(result, "modified %s ago", print_age(age).text);
	}
}

static void judge_size(const struct spec *spec, const struct stat *status, struct result *result)
{
	char text[160];

	result_number(result, "size", (double)status->st_size);
	/* Of what is not a file the size says nothing. */
	if (spec->min_size > 0 && !S_ISREG(status->st_mode))
		fail(result, REASON_FILE_TOO_SMALL,
		     S_ISDIR(status->st_mode) ? "it has no size: it is a directory" : "it has no size: it is no file");
	else if (status->st_size < spec->min_size) {
		snprintf(text, sizeof text, "it is too small: %lld bytes, at least %lld are asked for",
			 (long long)status->st_size, (long long)spec->min_size);
		fail(result, REASON_FILE_TOO_SMALL, text);
	}
}

static void judge_content(const struct spec *spec, const struct stat *status, const struct deadline *deadline,
			  struct result *result)
{
	struct buf content = {0};
	struct seen seen = {.what = "the content"};
	int number;

	if (S_ISDIR(status->st_mode)) {
		fail(result, REASON_EXPECTATION_FAILED, "it has no content: it is a directory");
		return;
	}
	enum content_state state = content_read(spec->file, (size_t)spec->body_limit, deadline, &content, &seen.cut);
	number = errno;
	seen.bytes = buf_string(&content);
	seen.count = content.length;
	if (state == CONTENT_READ)
		expect_judge(spec, &seen, deadline, result);
	else if (result->verdict == FAILURE)
		result_add(result, "its content could not be read");
	else if (state == CONTENT_STOPPED)
		result_stopped(result, deadline, "its content has no end yet");
	else if (number == ENOENT)
		explain(spec, number, result);
	else
		result_unreadable(result, REASON_FILE_UNREADABLE, "its content cannot be read", number);
	if (result->verbose)
		result_text(result, "content", seen.bytes, seen.count);
	buf_free(&content);
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct stat status;

	if (stat(spec->file, &status) != 0) {
		explain(spec, errno, result);
		return;
	}
	result_set(result, SUCCESS, REASON_OK, S_ISDIR(status.st_mode) ? "a directory, %lld bytes" : "%lld bytes",
		   (long long)status.st_size);
	judge_age(spec, &status, result);
	judge_size(spec, &status, result);
	if (expect_content(spec))
		judge_content(spec, &status, deadline, result);
}

const struct probe probe_file = {
    .name = "file",
    .bit = PROBE_FILE,
    .json_key = "file",
    .operands = "PATH",
    .summary = "success when a file is there, fresh and large enough",
    .take_target = take_target,
    .validate = validate,
    .describe = describe,
    .run = run,
};
