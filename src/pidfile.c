#include "pidfile.h"

#include "buf.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int garbled(const char *bytes, size_t count, struct error *error)
{
	struct buf shown = {0};

	buf_escape(&shown, bytes, count < 60 ? count : 60);
	buf_cut(&shown, 60);
	error_set(error, "does not begin with a process number from 1 to %d, but with '%s'", PIDFILE_MOST,
		  buf_string(&shown));
	buf_free(&shown);
	return -1;
}

int pidfile_parse(const char *bytes, size_t count, int64_t *pid, struct error *error)
{
	size_t at = 0, first;
	int64_t number = 0;

	while (at < count && is_space(bytes[at]))
		at++;
	if (at == count)
		return error_set(error, "is empty");
	for (first = at; at < count && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
		number = number * 10 + (bytes[at] - '0');
		if (number > PIDFILE_MOST)
			return garbled(bytes, count, error);
	}
	if (at == first || number == 0)
		return garbled(bytes, count, error);
	while (at < count && is_space(bytes[at]) && bytes[at] != '\n')
		at++;
	if (at < count && bytes[at] != '\n')
		return garbled(bytes, count, error);
	*pid = number;
	return 0;
}
