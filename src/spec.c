#include "spec.h"

#include <stdlib.h>
#include <string.h>

#include "probe.h"

struct kept {
	struct kept *next;
	char text[];
};

const char *spec_keep(struct spec *spec, struct slice text, struct error *error)
{
	struct kept *kept = malloc(sizeof *kept + text.length + 1);

	if (!kept) {
		error_set(error, "out of memory");
		return NULL;
	}
	memcpy(kept->text, text.at, text.length);
	kept->text[text.length] = '\0';
	kept->next = spec->kept;
	spec->kept = kept;
	return kept->text;
}

int spec_append(struct list *list, const char *text, struct error *error)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 8;
		const char **items = realloc(list->items, capacity * sizeof *items);
		if (!items)
			return error_set(error, "out of memory");
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = text;
	return 0;
}

int spec_validate(struct spec *spec, const struct deadline *deadline, struct error *error)
{
	if (spec->ipv4 && spec->ipv6)
		return error_set(error, "-4 and -6 exclude each other: leave both out to try every address");
	return spec->probe->validate(spec, deadline, error);
}

void spec_release(struct spec *spec)
{
	struct list *lists[] = {
	    &spec->headers,      &spec->command,     &spec->expect.contains,       &spec->expect.not_contains,
	    &spec->expect.regex, &spec->expect.json, &spec->expect.header_contains};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		free(lists[i]->items);
		*lists[i] = (struct list){0};
	}
	while (spec->kept) {
		struct kept *next = spec->kept->next;
		free(spec->kept);
		spec->kept = next;
	}
}
