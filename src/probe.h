#ifndef PROBE_H
#define PROBE_H

#include "buf.h"
#include "deadline.h"
#include "error.h"
#include "result.h"
#include "spec.h"

enum {
	PROBE_HTTP = 1,
	PROBE_TCP = 2,
	PROBE_GRPC = 4,
	PROBE_EXEC = 8,
	PROBE_FILE = 16,
	PROBE_PROCESS = 32,
	PROBE_UDP = 64,
};

/* One kind of probe. */
struct probe {
	const char *name;     /* on the command line and in output */
	unsigned bit;         /* in the option table */
	const char *json_key; /* its handler's member in a Kubernetes Probe */
	const char *operands; /* what help says after "[options]" */
	const char *summary;  /* one line */

	/* Takes the TARGET of the command line apart. NULL: takes none, or a command. */
	int (*take_target)(struct spec *spec, const char *text, struct error *error);
	/* The rest of spec_validate. */
	int (*validate)(struct spec *spec, const struct deadline *deadline, struct error *error);
	/* Adds how output names the target; nothing secret. */
	void (*describe)(const struct spec *spec, struct buf *target);
	/* Performs the probe and fills the result; returns when it is done or the deadline has passed. Never
	 * prints, exits, or looks at argv or the environment. */
	void (*run)(const struct spec *spec, const struct deadline *deadline, struct result *result);
};

/* All probes, NULL-terminated. */
extern const struct probe *const probe_list[];

/* Adds "http, tcp or exec", or their members in JSON, "httpGet, tcpSocket or exec". */
void probe_add_names(struct buf *names, bool json);

const struct probe *probe_by_name(const char *name);
const struct probe *probe_by_json_key(const char *key);

/* True for a probe whose operands are a command and its arguments. */
bool probe_takes_command(const struct probe *probe);

#endif
