#ifndef DESCENDANTS_H
#define DESCENDANTS_H

#include <sys/types.h>

/* Makes this process the parent of every orphan below it (PR_SET_CHILD_SUBREAPER). Call before the first fork. */
void descendants_adopt(void);

/* Kills and reaps every process that descends from this one, all of them younger than or the same as `first`, the one
 * child that was started, which leads a session and must not have been reaped. Finds them by /proc, or without it
 * by asking the kernel for every number that they may have. Returns 0 when none is left, -1 when one does not end
 * although it was killed (it hangs in the kernel). */
int descendants_end(pid_t first);

#endif
