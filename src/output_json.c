#include <cjson/cJSON.h>
#include <string.h>

#include "output.h"
#include "probe.h"

static void add_text(cJSON *object, const char *name, const char *text)
{
	struct buf valid = {0};

	buf_utf8(&valid, text, strlen(text));
	cJSON_AddStringToObject(object, name, buf_string(&valid));
	buf_free(&valid);
}

/* Milliseconds with three digits, null for what was not reached. */
static void add_ms(cJSON *object, const char *name, int64_t nanoseconds)
{
	if (nanoseconds < 0)
		cJSON_AddNullToObject(object, name);
	else
		cJSON_AddNumberToObject(object, name, (double)(nanoseconds / 1000) / 1000);
}

void output_json(const struct spec *spec, const struct result *result, struct buf *out)
{
	cJSON *root = cJSON_CreateObject();
	struct buf target = {0};

	spec->probe->describe(spec, &target);
	cJSON_AddStringToObject(root, "result", verdict_word(result->verdict));
	cJSON_AddStringToObject(root, "probe", spec->probe->name);
	add_text(root, "target", buf_string(&target));
	cJSON_AddStringToObject(root, "reason", reason_word(result->reason));
	add_text(root, "message", result->message);
	if (*result->warning)
		add_text(root, "warning", result->warning);
	else
		cJSON_AddNullToObject(root, "warning");
	add_ms(root, "durationMs", result->duration);
	cJSON_AddNumberToObject(root, "timeoutMs", (double)spec->timeout_ms);
	cJSON *timings = cJSON_AddObjectToObject(root, "timings");
	add_ms(timings, "resolveMs", result->phases.resolve);
	add_ms(timings, "connectMs", result->phases.connect);
	add_ms(timings, "tlsMs", result->phases.tls);
	add_ms(timings, "firstByteMs", result->phases.first_byte);
	add_ms(timings, "totalMs", result->duration);
	if (result->facts)
		cJSON_AddItemReferenceToObject(root, spec->probe->name, result->facts);

	/* Not copied, for it may be large. */
	buf_adopt(out, cJSON_PrintUnformatted(root));
	buf_text(out, "\n");
	cJSON_Delete(root);
	buf_free(&target);
}
