#include "probe.h"

#include <string.h>

extern const struct probe probe_http, probe_tcp, probe_grpc, probe_exec, probe_file, probe_process, probe_udp;

const struct probe *const probe_list[] = {&probe_http, &probe_tcp,     &probe_grpc, &probe_exec,
					  &probe_file, &probe_process, &probe_udp,  NULL};

void probe_add_names(struct buf *names, bool json)
{
	for (size_t i = 0; probe_list[i]; i++)
		buf_printf(names, "%s%s",
			   i == 0              ? ""
			   : probe_list[i + 1] ? ", "
					       : " or ",
			   json ? probe_list[i]->json_key : probe_list[i]->name);
}

const struct probe *probe_by_name(const char *name)
{
	for (size_t i = 0; probe_list[i]; i++)
		if (strcmp(name, probe_list[i]->name) == 0)
			return probe_list[i];
	return NULL;
}

const struct probe *probe_by_json_key(const char *key)
{
	for (size_t i = 0; probe_list[i]; i++)
		if (strcmp(key, probe_list[i]->json_key) == 0)
			return probe_list[i];
	return NULL;
}

bool probe_takes_command(const struct probe *probe)
{
	return probe->bit == PROBE_EXEC;
}
