#ifndef STREAM_H
#define STREAM_H

#include <sys/types.h>

/* The two directions of a connection, whatever lies between: nothing (stream_of_socket), or TLS. Neither call waits.
 * They return as read and write of a non-blocking socket do: a count, 0 at the peer's end, or -1 with errno, which is
 * EAGAIN where `fd` has to be waited for. What can be read is read until EAGAIN before `fd` is polled, so that bytes
 * may be kept in between. */
struct stream {
	int fd;
	ssize_t (*read)(struct stream *stream, void *bytes, size_t count);
	ssize_t (*write)(struct stream *stream, const void *bytes, size_t count);
	void *context;
};

/* The stream of a connected, non-blocking socket, which stays the caller's. */
struct stream stream_of_socket(int fd);

#endif
