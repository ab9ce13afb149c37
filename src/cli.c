#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "probe.h"
#include "suggest.h"

struct cli_option {
	const char *name; /* as given, with dashes, for messages */
	size_t name_length;
	const char *value;
};

/* A pass over argv. */
struct scan {
	char **argv;
	int argc, at;
	struct cli *cli;
	struct spec *spec;
	struct cli_option *options;
	struct error *error;
};

static int say(struct error *error, const struct cli_option *given)
{
	struct error inner = *error;

	return error_set(error, "%.*s %s", (int)given->name_length, given->name, inner.text);
}

static const struct option *find(const struct cli_option *given, const struct probe *probe)
{
	if (given->name[1] == '-')
		return option_by_flag(given->name + 2, given->name_length - 2, probe);
	return option_by_letter(given->name[1], probe);
}

static int unknown(const struct cli_option *given, const struct probe *probe, struct error *error)
{
	struct buf name = {0}, takers = {0};
	const struct option *elsewhere = find(given, NULL);

	buf_escape(&name, given->name, given->name_length);
	buf_cut(&name, 80);
	if (elsewhere) {
		for (size_t i = 0; probe_list[i]; i++)
			if (option_applies(elsewhere, probe_list[i]))
				buf_printf(&takers, "%s%s", takers.length ? ", " : "", probe_list[i]->name);
		error_set(error, "%s is not an option of %s: it is for %s", buf_string(&name), probe->name,
			  buf_string(&takers));
	} else {
		struct suggestion near = {.given = buf_string(&name) +
						   (name.length > 1 && given->name[1] == '-' ? 2 : 1)};
		for (const struct option *row = option_table; row->help; row++)
			if (row->flag && *row->help && option_applies(row, probe))
				suggest_offer(&near, row->flag);
		error_set(error, "%s is not an option%s%s", buf_string(&name), probe ? " of " : "",
			  probe ? probe->name : "");
		if (near.best)
			suggest_append(&near, "--", error);
		else
			error_set(error, "%s is not an option%s%s: see probectl %s%s--help", buf_string(&name),
				  probe ? " of " : "", probe ? probe->name : "", probe ? probe->name : "",
				  probe ? " " : "");
	}
	buf_free(&name);
	buf_free(&takers);
	return -1;
}

/* Notes one option; `value` is NULL where it takes none. */
static int note(struct scan *scan, const struct option *row, struct cli_option given)
{
	struct cli *cli = scan->cli;

	if (row->type == OPTION_HELP)
		cli->action = ACTION_HELP;
	else if (row->type == OPTION_VERSION && cli->action == ACTION_PROBE)
		cli->action = ACTION_VERSION;
	else if (row->type == OPTION_LIST)
		cli->action = ACTION_LIST;
	else if (row->type == OPTION_SPEC)
		cli->spec_source = given.value;
	else if (row->probes == 0 && row->type == OPTION_FLAG)
		option_set_flag(row, scan->spec, true);
	else if (row->probes == 0 && option_set(row, scan->spec, given.value, scan->error) != 0)
		return say(scan->error, &given);
	scan->options[cli->option_count++] = given;
	return 0;
}

static int missing_value(const struct cli_option *given, const struct option *row, struct error *error)
{
	return error_set(error, "%.*s needs a value: %s (%s)", (int)given->name_length, given->name, row->argument,
			 row->help);
}

static int long_option(struct scan *scan, const char *text)
{
	const char *equals = strchr(text, '=');
	struct cli_option given = {text, equals ? (size_t)(equals - text) : strlen(text), equals ? equals + 1 : NULL};
	const struct option *row = find(&given, scan->cli->probe);

	if (!row)
		return unknown(&given, scan->cli->probe, scan->error);
	if (row->argument && !given.value) {
		if (scan->at == scan->argc)
			return missing_value(&given, row, scan->error);
		given.value = scan->argv[scan->at++];
	} else if (!row->argument && given.value) {
		return error_set(scan->error, "--%s takes no value", row->flag);
	}
	return note(scan, row, given);
}

/* "-v", "-qv", "-t 2s", "-t2s". */
static int short_options(struct scan *scan, const char *text)
{
	for (const char *at = text + 1; *at; at++) {
		/* A letter's name is "-v" in messages; two bytes that stand together only for the first one. */
		char name[2] = {'-', *at};
		struct cli_option given = {.name_length = 2};
		given.name = at == text + 1 ? text : spec_keep(scan->spec, (struct slice){name, 2}, scan->error);
		if (!given.name)
			return -1;
		const struct option *row = find(&given, scan->cli->probe);
		if (!row)
			return unknown(&given, scan->cli->probe, scan->error);
		if (row->argument) {
			if (at[1])
				given.value = at + 1;
			else if (scan->at < scan->argc)
				given.value = scan->argv[scan->at++];
			else
				return missing_value(&given, row, scan->error);
			return note(scan, row, given);
		}
		if (note(scan, row, given) != 0)
			return -1;
	}
	return 0;
}

static int probe_name(struct scan *scan, const char *text)
{
	struct suggestion near = {.given = text};
	struct quoted given = value_quote_target(text);
	struct buf names = {0};

	scan->cli->probe = probe_by_name(text);
	if (scan->cli->probe)
		return 0;
	for (size_t i = 0; probe_list[i]; i++)
		suggest_offer(&near, probe_list[i]->name);
	probe_add_names(&names, false);
	if (scan->cli->spec_source)
		error_set(scan->error, "%s is too much: with -f the spec names the probe and its target", given.text);
	else
		error_set(scan->error, "%s is not a probe: use %s, or -f SPEC", given.text, buf_string(&names));
	buf_free(&names);
	return scan->cli->spec_source ? -1 : suggest_append(&near, "", scan->error);
}

int cli_parse(int argc, char **argv, struct cli *cli, struct spec *spec, struct error *error)
{
	struct scan scan = {argv, argc, 1, cli, spec, NULL, error};
	bool only_operands = false;
	size_t letters = 0;

	*cli = (struct cli){.action = ACTION_PROBE};
	/* One "-abc" may be several options. */
	for (int i = 1; i < argc; i++)
		letters += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	cli->options = scan.options = malloc((letters + 1) * sizeof *scan.options);
	/* Operands are gathered at the front of argv, where the options stood. */
	cli->operands = argv;
	if (!scan.options)
		return error_set(error, "out of memory");

	while (scan.at < argc) {
		char *text = argv[scan.at++];
		bool option = !only_operands && text[0] == '-' && text[1] != '\0';

		if (option && strcmp(text, "--") == 0) {
			only_operands = true;
		} else if (option) {
			if ((text[1] == '-' ? long_option(&scan, text) : short_options(&scan, text)) != 0)
				return -1;
		} else if (!cli->probe) {
			if (probe_name(&scan, text) != 0)
				return -1;
		} else {
			cli->operands[cli->operand_count++] = text;
			if (probe_takes_command(cli->probe))
				only_operands = true;
		}
	}
	return 0;
}

static int apply_operands(const struct cli *cli, struct spec *spec, struct error *error)
{
	const struct probe *probe = spec->probe;

	for (size_t i = 0; i < cli->operand_count; i++) {
		if (probe_takes_command(probe)) {
			if (spec_append(&spec->command, cli->operands[i], error) != 0)
				return -1;
		} else if (!probe->take_target || i > 0) {
			return error_set(error, "%s: %s is too much: usage: probectl %s [options] %s", probe->name,
					 value_quote_target(cli->operands[i]).text, probe->name, probe->operands);
		} else if (probe->take_target(spec, cli->operands[i], error) != 0) {
			return error_prefix(error, probe->name);
		}
	}
	return 0;
}

void cli_apply_common(const struct cli *cli, struct spec *spec)
{
	struct error error;

	for (size_t i = 0; i < cli->option_count; i++) {
		const struct option *row = find(&cli->options[i], NULL);
		/* It was taken once, so it cannot be wrong. */
		if (row && row->probes == 0)
			option_set(row, spec, cli->options[i].value, &error);
	}
}

int cli_apply(const struct cli *cli, struct spec *spec, struct error *error)
{
	if (cli->probe && cli->spec_source)
		return error_set(error, "'%s' is too much: with -f the spec names the probe and its target",
				 cli->probe->name);
	if (!spec->probe) {
		if (!cli->probe) {
			struct buf names = {0};
			probe_add_names(&names, false);
			error_set(error, "no probe given: use probectl %s, or -f SPEC (see probectl --help)",
				  buf_string(&names));
			buf_free(&names);
			return -1;
		}
		spec->probe = cli->probe;
		if (option_defaults(spec, spec->probe, error) != 0)
			return -1;
	}
	/* Before any is set: flags do not make way for each other, nor does the target. */
	for (size_t i = 0; i < cli->option_count; i++) {
		const struct option *row = find(&cli->options[i], spec->probe);
		if (row)
			option_make_way(row, spec, cli->options[i].value);
	}
	if (apply_operands(cli, spec, error) != 0)
		return -1;
	for (size_t i = 0; i < cli->option_count; i++) {
		const struct cli_option *given = &cli->options[i];
		const struct option *row = find(given, spec->probe);
		if (!row)
			return unknown(given, spec->probe, error);
		if (row->type == OPTION_FLAG)
			option_set_flag(row, spec, true);
		else if (option_set(row, spec, given->value, error) != 0)
			return say(error, given);
	}
	return 0;
}

void cli_release(struct cli *cli)
{
	free((void *)cli->options);
	cli->options = NULL;
}
