#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return -1;
}

int error_prefix(struct error *error, const char *prefix)
{
	struct error inner = *error;

	return error_set(error, "%s: %s", prefix, inner.text);
}

const char *error_words(int number)
{
	/* glibc and musl word these differently, and a log is searched for one wording. */
	switch (number) {
	case ECONNREFUSED:
		return "connection refused";
	case ECONNRESET:
		return "connection reset by peer";
	case EHOSTUNREACH:
		return "no route to host";
	case ENETUNREACH:
		return "network is unreachable";
	case ETIMEDOUT:
		return "connection timed out";
	case EADDRNOTAVAIL:
		return "cannot assign requested address";
	case EAFNOSUPPORT:
		return "address family not supported";
	case EACCES:
		return "permission denied";
	case EPERM:
		return "operation not permitted";
	case ENOENT:
		return "no such file or directory";
	case ENOTDIR:
		return "not a directory";
	case EISDIR:
		return "is a directory";
	case ENOEXEC:
		return "exec format error";
	case EMFILE:
		return "too many open files";
	case ENFILE:
		return "too many open files in system";
	case ENOMEM:
		return "out of memory";
	case EAGAIN:
		return "resource temporarily unavailable";
	case EPIPE:
		return "broken pipe";
	case ENOTSOCK:
		return "not a socket";
	case EPROTOTYPE:
		return "wrong kind of socket";
	default:
		return strerror(number);
	}
}

bool error_is_shortage(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM;
}
