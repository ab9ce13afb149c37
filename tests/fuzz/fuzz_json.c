/* The JSON reader: whatever the text, it ends with a spec or with one printable line that says why not. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "option.h"
#include "probe.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct error *error)
{
	size_t length = strnlen(error->text, sizeof error->text);

	assert(length > 0 && length < sizeof error->text);
	for (size_t i = 0; i < length; i++)
		assert((unsigned char)error->text[i] >= ' ' && error->text[i] != 0x7f);
}

static void check_spec(const struct spec *spec)
{
	struct buf target = {0};

	assert(spec->probe);
	assert(spec->timeout_ms >= 1 && spec->timeout_ms <= 3600000);
	assert(spec->address.port >= 0 && spec->address.port <= 65535);
	for (int i = 0; i < 3; i++)
		assert(spec->exit_codes.code[i] >= 0 && spec->exit_codes.code[i] <= 125);
	for (size_t i = 0; i < spec->headers.count; i++)
		assert(!strpbrk(spec->headers.items[i], "\r\n"));
	spec->probe->describe(spec, &target);
	buf_free(&target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct deadline deadline = {deadline_now(), deadline_now() + 3600 * (int64_t)1000000000};
	struct spec spec = {.exit_codes = {{0, 1, 2}}, .cert_days = -1};
	struct error error = {.text = ""};
	char *text = malloc(size + 2);

	assert(text);
	/* Where a brace comes first, the text is the JSON itself and no file's name. */
	text[0] = '{';
	memcpy(text + 1, data, size);
	text[size + 1] = '\0';
	assert(option_defaults(&spec, NULL, &error) == 0);
	if (json_read(text, &deadline, &spec, &error) != 0) {
		check_error(&error);
	} else {
		/* The files that a text happens to name are not ours to open. */
		spec.cacert = spec.cert = spec.key = NULL;
		if (spec_validate(&spec, &deadline, &error) != 0)
			check_error(&error);
		else
			check_spec(&spec);
	}
	spec_release(&spec);
	free(text);
	return 0;
}
