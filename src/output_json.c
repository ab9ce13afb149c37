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

static void add_string(const char *text, struct buf *out)
{
	char piece[OUTPUT_PIECE + 1];
	/* A character becomes \u0001 at most; the rest is quotes and what the function asks for beyond its text. */
	char quoted[6 * OUTPUT_PIECE + 16];

	buf_text(out, "\"");
	for (size_t left = strlen(text); left > 0;) {
		size_t length = output_piece(text, left);
		memcpy(piece, text, length);
		piece[length] = '\0';
		cJSON item = {.type = cJSON_String, .valuestring = piece};
		if (cJSON_PrintPreallocated(&item, quoted, sizeof quoted, false))
			buf_add(out, quoted + 1, strlen(quoted) - 2);
		output_spill(out);
		text += length;
		left -= length;
	}
	buf_text(out, "\"");
}

/* cJSON would print it as a whole, into memory that may be six times that of what a peer sent. */
static void add_item(cJSON *item, struct buf *out)
{
	bool object = cJSON_IsObject(item);
	char number[64];

	if (cJSON_IsString(item)) {
		add_string(item->valuestring, out);
		return;
	}
	if (!object && !cJSON_IsArray(item)) {
		if (cJSON_PrintPreallocated(item, number, sizeof number, false))
			buf_text(out, number);
		return;
	}
	buf_text(out, object ? "{" : "[");
	for (cJSON *member = item->child; member; member = member->next) {
		if (object) {
			add_string(member->string, out);
			buf_text(out, ":");
		}
		add_item(member, out);
		if (member->next)
			buf_text(out, ",");
	}
	buf_text(out, object ? "}" : "]");
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

	add_item(root, out);
	buf_text(out, "\n");
	cJSON_Delete(root);
	buf_free(&target);
}
