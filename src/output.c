#include "output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

/* What a blocked standard output is given when the deadline has passed already. */
#define GRACE (20 * (int64_t)DEADLINE_MS)

/* What is gathered before it is written: as much as a pipe holds, so that most texts are written in one. */
enum { SPILL = 64 << 10 };

static volatile sig_atomic_t exit_code, writing, hurried;

static void set_timer(int64_t left)
{
	struct itimerval timer = {.it_value = {.tv_sec = left / 1000000000, .tv_usec = left % 1000000000 / 1000}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void leave(int number)
{
	if (number == SIGALRM && writing)
		_exit(exit_code);
	/* On a machine with much to do the time may have passed before there was any to write. And who is told to end
	 * is often told twice, the second time in the middle of saying so. */
	if (number == SIGALRM || !hurried)
		set_timer(GRACE);
	hurried = hurried || number != SIGALRM;
}

/* A write to a terminal or a pipe that nobody reads blocks for ever, whatever poll said before. The verdict is
 * known by now: a timer ends the program with its exit code, and a signal leaves it little time. */
static void leave_at(int64_t end, int code)
{
	static const int ending[] = {SIGALRM, SIGINT, SIGTERM};
	struct sigaction action = {.sa_handler = leave};
	int64_t left = end - deadline_now();
	sigset_t open;

	if (left < GRACE)
		left = GRACE;
	exit_code = code;
	sigemptyset(&open);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
		sigaction(ending[i], &action, NULL);
		sigaddset(&open, ending[i]);
	}
	set_timer(left);
	sigprocmask(SIG_UNBLOCK, &open, NULL);
}

static bool write_all(int fd, const struct buf *text)
{
	/* What comes after a piece that could not be written would stand in its place. */
	static bool failed;
	const char *at = buf_string(text);
	size_t left = text->length;

	writing = 1;
	while (left > 0 && !failed) {
		ssize_t count = write(fd, at, left);
		if (count >= 0) {
			at += count;
			left -= (size_t)count;
		} else if (errno == EAGAIN) {
			struct pollfd writable = {.fd = fd, .events = POLLOUT};
			poll(&writable, 1, -1);
		} else if (errno != EINTR) {
			failed = true;
		}
	}
	return !failed;
}

bool output_write(int fd, const struct buf *text, const struct deadline *deadline, int code)
{
	leave_at(deadline->end, code);
	return write_all(fd, text);
}

void output_spill(struct buf *out)
{
	if (out->length < SPILL)
		return;
	write_all(STDOUT_FILENO, out);
	out->length = 0;
}

size_t output_piece(const char *text, size_t length)
{
	if (length <= OUTPUT_PIECE)
		return length;
	length = OUTPUT_PIECE;
	while (((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

int output_exit_code(const struct spec *spec, enum verdict verdict)
{
	return spec->exit_codes.code[verdict];
}

void output_add_ms(struct buf *out, int64_t nanoseconds)
{
	int64_t tenths = (nanoseconds + 50000) / 100000;

	buf_number(out, (uint64_t)tenths / 10);
	buf_text(out, ".");
	buf_number(out, (uint64_t)tenths % 10);
	buf_text(out, " ms");
}

void output_result(const struct spec *spec, const struct result *result, const struct deadline *deadline)
{
	static void (*const formats[])(const struct spec *, const struct result *, struct buf *) = {
	    [FORMAT_TEXT] = output_text,
	    [FORMAT_JSON] = output_json,
	};
	struct buf out = {0};

	if (spec->quiet)
		return;
	leave_at(deadline->end, output_exit_code(spec, result->verdict));
	formats[spec->format](spec, result, &out);
	write_all(STDOUT_FILENO, &out);
	buf_free(&out);
}
