#include "stream.h"

#include <sys/socket.h>

static ssize_t read_socket(struct stream *stream, void *bytes, size_t count)
{
	return recv(stream->fd, bytes, count, 0);
}

static ssize_t write_socket(struct stream *stream, const void *bytes, size_t count)
{
	return send(stream->fd, bytes, count, MSG_NOSIGNAL);
}

struct stream stream_of_socket(int fd)
{
	return (struct stream){.fd = fd, .read = read_socket, .write = write_socket};
}
