#ifndef JSON_H
#define JSON_H

#include "deadline.h"
#include "error.h"
#include "spec.h"

/* Reads the object of a Kubernetes core/v1 Probe
 * (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe) into the spec, by way of the
 * option table. `source` is a file or pipe, "-" for standard input, or the JSON itself where it starts with a brace.
 * What is read is limited to 16 MiB and to the deadline. Returns 0, or -1 with an error that names the member's path.
 */
int json_read(const char *source, const struct deadline *deadline, struct spec *spec, struct error *error);

#endif
