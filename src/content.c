#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum content_state content_read_open(int fd, size_t limit, const struct deadline *deadline, struct buf *content,
				     bool *cut)
{
	char part[16384];

	*cut = false;
	for (;;) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		int ready = deadline_poll(deadline, &readable, 1, DEADLINE_NEVER);
		if (ready < 0)
			return CONTENT_STOPPED;
		if (ready == 0)
			continue;
		size_t room = limit - content->length;
		/* One byte more than asked for tells whether there is more. */
		ssize_t count = read(fd, part, room < sizeof part ? room + 1 : sizeof part);
		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (count < 0)
			return CONTENT_REFUSED;
		*cut = (size_t)count > room;
		buf_add(content, part, *cut ? room : (size_t)count);
		if (content->failed) {
			errno = ENOMEM;
			return CONTENT_REFUSED;
		}
		if (count == 0 || *cut)
			return CONTENT_READ;
	}
}

enum content_state content_read(const char *path, size_t limit, const struct deadline *deadline, struct buf *content,
				bool *cut)
{
	/* A FIFO that nobody writes to would hold us in open, and a terminal make itself ours. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*cut = false;
	if (fd < 0)
		return CONTENT_REFUSED;
	enum content_state state = content_read_open(fd, limit, deadline, content, cut);
	int number = errno;
	close(fd);
	errno = number;
	return state;
}
