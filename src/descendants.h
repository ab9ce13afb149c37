#ifndef DESCENDANTS_H
#define DESCENDANTS_H

#include <sys/types.h>

/* Children survive exec, so that this process may have some that the probe did not start (`server & exec probectl ...`,
 * and some shells do the second half of that unasked). Then goes on in a process of its own, below which there is
 * nothing, while this one waits for it, hands on signals, and ends with its exit status, or with `otherwise` when it
 * was killed. Call before anything is printed. Returns 0, or an errno when no process can be had. */
int descendants_stand_apart(int otherwise);

/* Makes this process the parent of every orphan below it (PR_SET_CHILD_SUBREAPER). Call before the first fork. */
void descendants_adopt(void);

/* Kills and reaps every process that descends from this one, all of them younger than or the same as `first`, the one
 * child that was started, which leads a session and must not have been reaped. Finds them by /proc, or without it
 * by asking the kernel for every number that they may have. Returns 0 when none is left, -1 when one does not end
 * although it was killed (it hangs in the kernel). */
int descendants_end(pid_t first);

#endif
