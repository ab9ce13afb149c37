/* The exec probe: what does a command say? As the kubelet's exec (pkg/probe/exec/exec.go), but nothing that it
 * started outlives it. */

#include "command.h"
#include "descendants.h"
#include "expect.h"
#include "output.h"
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	(void)deadline;
	if (spec->command.count == 0 || spec->command.items[0][0] == '\0')
		return error_set(error, "exec: no command: give COMMAND [ARG]... or .exec.command");
	return 0;
}

static void describe(const struct spec *spec, struct buf *target)
{
	/* Arguments may be secrets. */
	buf_text(target, spec->command.items[0]);
}

/* The name without SIG, for the signals that end programs. */
static const char *signal_name(int number)
{
	static const char *const names[] = {
	    [SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	    [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
	    [SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	    [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM", [SIGXCPU] = "SIGXCPU",
	    [SIGSYS] = "SIGSYS",
	};

	return number > 0 && (size_t)number < sizeof names / sizeof *names && names[number] ? names[number] : "signal";
}

/* Adds the last line of the output that has something in it, which is where a failing check says why. The start of a
 * line tells more than its end. */
static void add_last_line(struct buf *out, const struct command *command, size_t limit)
{
	const char *output = command->output;
	size_t length = command->kept;

	while (length > 0 && (unsigned char)output[length - 1] <= ' ')
		length--;
	size_t start = length;
	while (start > 0 && output[start - 1] != '\n' && output[start - 1] != '\r')
		start--;
	/* Each byte takes one at least. */
	length -= start;
	buf_escape(out, output + start, length <= limit ? length : limit + 1);
	buf_cut(out, limit);
}

/* "exit status 3: the last line" */
static void judge(struct result *result, enum verdict verdict, enum reason reason, const char *what,
		  const struct command *command)
{
	struct buf line = {0};

	add_last_line(&line, command, 300);
	result_set(result, verdict, reason, "%s%s%s", what, line.length ? ": " : "", buf_string(&line));
	buf_free(&line);
}

static void run(const struct spec *spec, const struct deadline *deadline, struct result *result)
{
	struct command command;
	char what[80];
	int error = descendants_stand_apart(output_exit_code(spec, UNKNOWN));

	if (error) {
		result_no_resources(result, "cannot be run", error);
		return;
	}
	command_run(spec->command.items, spec->command.count, (size_t)spec->body_limit, deadline, &command, result);
	if (command.state == COMMAND_EXITED) {
		snprintf(what, sizeof what, "exit status %d", command.status);
		judge(result, command.status ? FAILURE : SUCCESS, command.status ? REASON_EXIT_STATUS : REASON_OK, what,
		      &command);
		result_number(result, "exitCode", command.status);
	} else if (command.state == COMMAND_SIGNALED) {
		snprintf(what, sizeof what, "killed by %s (%d)", signal_name(command.status), command.status);
		judge(result, FAILURE, REASON_KILLED_BY_SIGNAL, what, &command);
		result_number(result, "signal", command.status);
	} else if (command.state == COMMAND_STOPPED) {
		struct buf line = {0};
		add_last_line(&line, &command, 50);
		snprintf(what, sizeof what, "the command's last words: %s", buf_string(&line));
		result_stopped(result, deadline, line.length ? what : NULL);
		buf_free(&line);
	}
	struct seen seen = {.what = "the output",
			    .bytes = command.output,
			    .count = command.kept,
			    .cut = command.total > (int64_t)command.kept,
			    .is_end = true};
	expect_judge(spec, &seen, deadline, result);
	if (command.state != COMMAND_NOT_STARTED) {
		result_number(result, "outputBytes", (double)command.total);
		result_text(result, "output", command.output, command.kept);
	}
	if (command.left_behind)
		result_warn(result, "%s",
			    "processes of the command are still alive: the kernel does not let them be killed");
	command_free(&command);
}

const struct probe probe_exec = {
    .name = "exec",
    .bit = PROBE_EXEC,
    .json_key = "exec",
    .operands = "[--] COMMAND [ARG]...",
    .summary = "success when a command exits with 0",
    .validate = validate,
    .describe = describe,
    .run = run,
};
