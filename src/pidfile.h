#ifndef PIDFILE_H
#define PIDFILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* The largest process number that a kernel gives (PID_MAX_LIMIT), and the largest pidfile that is read. */
enum { PIDFILE_MOST = 4 << 20, PIDFILE_SIZE = 4096 };

/* The process number that a pidfile's content begins with. White space may stand around it; what further lines say (as
 * in PostgreSQL's postmaster.pid) is not looked at. Returns 0, or -1 with an error that says what is wrong. */
int pidfile_parse(const char *bytes, size_t count, int64_t *pid, struct error *error);

#endif
