/* probectl: one health probe, one deadline, one verdict.
 *
 * Data walks one way: argv (cli.c) and JSON (json.c) fill one struct spec, by way of the option table; a probe sees the
 * spec and the deadline and fills a result; output prints it; main returns the exit code.
 *
 *   option    the table: every flag and JSON member, once        value        text to durations, ports, URLs, ...
 *   cli       argv to spec                                       suggest      "did you mean"
 *   json      a Kubernetes Probe to spec                         help         --help, --version, --list-options
 *   spec      what one probe is told                             probe        the list of probes
 *   probe_X   one probe each                                     net          connect to one of several addresses
 *   resolve   the addresses of a name                            grpc_codec   the two messages of a gRPC health check
 *   transfer  libcurl under the deadline                         tls_X        what touches the TLS library itself
 *   place     where an HTTP request goes                         exchange     one HTTP request and its answer
 *   expect    what an answer must be                             pattern      regular expressions under the deadline
 *   pointer   JSON pointers into an answer                       command      run a command and keep its output
 *   head      the heads of HTTP messages, as they may be shown   json_text    what no spec may have in its text
 *   decimal   are two JSON numbers equal                         letters   what a JSON string says
 *   conversation  send, expect and hold over a connection        stream       what it reads and writes through
 *   content   a file's content under the deadline                pidfile      the number in one
 *   deadline  the one deadline; signals                          descendants  end all that a command started
 *   result    what a probe found                                 output       print it; output_X: a format each
 *   buf       growing text, escaping                             error        the one line that says why not
 */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "expect.h"
#include "help.h"
#include "json.h"
#include "output.h"
#include "probe.h"

/* Where a caller has closed one of 0-2, the next socket would take its number, and the verdict be written to the
 * target. */
static void keep_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/", O_PATH | O_CLOEXEC);
}

/* Says what is wrong with the usage, and returns the exit code. */
static int refuse(const struct spec *spec, const struct error *error, const struct deadline *deadline)
{
	struct buf line = {0};
	int code = output_exit_code(spec, UNKNOWN);

	buf_text(&line, "probectl: ");
	buf_escape(&line, error->text, strlen(error->text));
	buf_text(&line, "\n");
	output_write(STDERR_FILENO, &line, deadline, code);
	buf_free(&line);
	return code;
}

static int inform(const struct cli *cli)
{
	/* It may be read at leisure. */
	const struct deadline none = {.end = DEADLINE_NEVER};
	struct buf text = {0};
	struct error error;

	if (cli->action == ACTION_HELP)
		help_add(cli->probe, &text);
	else if (cli->action == ACTION_VERSION)
		help_add_version(&text);
	else if (option_check(&error) == 0)
		help_add_list(&text);
	/* Here the text is all that was asked for, so that a full disk is a failure to give it. */
	bool written = text.length && output_write(STDOUT_FILENO, &text, &none, 2);
	buf_free(&text);
	return written ? 0 : 2;
}

static void set_end(struct deadline *deadline, const struct spec *spec)
{
	deadline->end = deadline->start + spec->timeout_ms * DEADLINE_MS;
}

static int prepare(const struct cli *cli, struct deadline *deadline, struct spec *spec, struct error *error)
{
	int status = cli->spec_source ? json_read(cli->spec_source, deadline, spec, error) : 0;
	/* The exit codes of the command line hold for a wrong spec too. */
	cli_apply_common(cli, spec);
	if (status != 0 || cli_apply(cli, spec, error) != 0)
		return -1;
	set_end(deadline, spec);
	return spec_validate(spec, deadline, error);
}

static int perform(const struct spec *spec, const struct deadline *deadline)
{
	struct result result;

	result_init(&result, spec);
	/* A large spec, or a signal that came before anything else, leaves no time to ask anybody. */
	if (deadline_over(deadline))
		result_stopped(&result, deadline, "the probe had not begun");
	else
		spec->probe->run(spec, deadline, &result);
	result.duration = deadline_now() - deadline->start;
	expect_latency(spec, &result);
	/* As today's kubelet judges it. */
	if (result.reason == REASON_TIMEOUT && spec->timeout_as == TIMEOUT_IS_FAILURE)
		result.verdict = FAILURE;
	output_result(spec, &result, deadline);
	int code = output_exit_code(spec, result.verdict);
	result_release(&result);
	return code;
}

int main(int argc, char **argv)
{
	struct deadline deadline = {.start = deadline_now()};

	struct spec spec = {.exit_codes = {{0, 1, 2}}, .cert_days = -1};
	struct cli cli = {0};
	struct error error;
	int code;

	deadline_catch_signals();
	keep_standard_descriptors();
	bool right = option_defaults(&spec, NULL, &error) == 0 && cli_parse(argc, argv, &cli, &spec, &error) == 0;
	/* Until the spec is read, the timeout is that of the command line, as far as that was understood. */
	set_end(&deadline, &spec);
	if (!right)
		code = refuse(&spec, &error, &deadline);
	else if (cli.action != ACTION_PROBE)
		code = inform(&cli);
	else if (prepare(&cli, &deadline, &spec, &error) != 0)
		code = refuse(&spec, &error, &deadline);
	else
		code = perform(&spec, &deadline);
	cli_release(&cli);
	spec_release(&spec);
	deadline_leave(code);
}
