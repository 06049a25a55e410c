// SPDX-License-Identifier: GPL-2.0
/* What the conformance suite does in processes of their own. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

/* Add one to the number at @key, @times times, whoever else does the same. */
static int count_up(struct client *client, const char *key, const char *times)
{
	int left = atoi(times);

	while (left) {
		char text[32];
		uint64_t version;
		char *value;
		int err;

		if (do_get(client, key, &value, NULL, &version))
			return 1;
		snprintf(text, sizeof(text), "%d", atoi(value) + 1);
		free(value);
		err = do_put(client, key, "", text, version);
		if (err && err != -ESTALE)
			return 1;
		if (!err)
			left--;
	}
	return 0;
}

/*
 * Change @times entries of a topic; the n-th change is a put whose value is n,
 * or a deletion together with the put that counts it.
 */
static int scribble(struct client *client, const char *topic,
		    const char *times)
{
	int n;

	srand(1);
	for (n = 1; n <= atoi(times); n++) {
		char key[128];
		char other[128];
		char value[16];
		struct df_db_op ops[2] = {
			{ .type = DF_DB_PUT, .key = key, .topic = topic,
			  .value = value, .expect = DF_DB_ANY },
			{ .type = DF_DB_DELETE, .key = other,
			  .expect = DF_DB_ANY },
		};

		snprintf(key, sizeof(key), "%s/%d", topic, rand() % 20);
		snprintf(other, sizeof(other), "%s/%d", topic,
			 20 + rand() % 20);
		ops[0].len = snprintf(value, sizeof(value), "%d", n);
		if (rand() % 2) {
			/* Two keys change places. */
			ops[0].key = other;
			ops[1].key = key;
		}
		if (do_commit(client, ops, 1 + n % 2, NULL, NULL))
			return 1;
	}
	return 0;
}

/* Either the flag is there, or something in the directory: never both. */
static int claim(struct client *client, const char *prefix, bool is_empty)
{
	char flag[128];
	char inside[160];
	char dir[128];
	struct df_db_op ops[2] = {
		{ .type = is_empty ? DF_DB_EMPTY : DF_DB_CHECK,
		  .key = is_empty ? dir : flag, .expect = DF_DB_ABSENT },
		{ .type = DF_DB_PUT, .key = is_empty ? flag : inside,
		  .topic = "", .expect = DF_DB_ABSENT },
	};
	int err;

	snprintf(flag, sizeof(flag), "%s-flag", prefix);
	/* With a prefix that ends in '/', and with one that does not */
	snprintf(dir, sizeof(dir), "%s/in", prefix);
	snprintf(inside, sizeof(inside), "%sside/%d", dir, getpid());
	if (strlen(prefix) % 2)
		strcat(dir, "side/");
	err = do_commit(client, ops, 2, NULL, NULL);
	if (err == -ESTALE)
		return 0;
	if (err)
		return -1;
	if (is_empty ? do_list(client, dir, NULL, NULL, 0) != 0 :
		       do_get(client, flag, NULL, NULL, NULL) != -ENOENT)
		return -1;
	return do_delete(client, ops[1].key, DF_DB_PRESENT) ? -1 : 1;
}

/* @mode: "empty" or "put". Until it was our turn ten times, or for a while */
static int exclude(struct client *client, const char *prefix, const char *mode)
{
	double end = now_ms() + 2000;
	int turns = 0;

	while (turns < 10 || now_ms() < end - 1500) {
		int won = claim(client, prefix, !strcmp(mode, "empty"));

		if (won < 0 || now_ms() > end + PATIENCE_MS)
			return 1;
		turns += won;
	}
	return 0;
}

static int print_value(struct client *client, const char *key)
{
	char *value;

	if (do_get(client, key, &value, NULL, NULL))
		return 1;
	puts(value);
	free(value);
	return 0;
}

static void print_lost(void *arg, const struct df_error *error)
{
	(void)arg;
	printf("lost: %s\n", error->text);
	fflush(stdout);
}

/* Keep an entry under a lease, until killed. */
static int keep_lease(struct client *client, const char *key,
		      const char *topic)
{
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = key,
		.topic = topic,
		.value = "alive",
		.len = 5,
		.expect = DF_DB_ANY,
	};
	struct df_db_lease *lease;

	if (df_db_lease_new(&lease, client->db, 2000, print_lost, NULL, NULL) ||
	    do_commit(client, &op, 1, lease, NULL))
		return 1;
	puts("ready");
	fflush(stdout);
	client_run(client, 3600 * 1000, NULL);
	return 0;
}

static void print_event(void *arg, enum df_db_event_type type,
			const struct df_db_entry *entry)
{
	(void)arg;
	if (type == DF_DB_EVENT_SYNCED)
		puts("synced");
	else if (type == DF_DB_EVENT_DELETE)
		printf("delete %s\n", entry->key);
	else
		printf("put %s %" PRIu64 " %s\n", entry->key, entry->version,
		       (const char *)entry->value);
	fflush(stdout);
}

static int follow(struct client *client, const char *topic)
{
	struct df_db_sub *sub;

	if (df_db_subscribe(&sub, client->db, topic, print_event, NULL, NULL))
		return 1;
	client_run(client, 3600 * 1000, NULL);
	return 0;
}

/* Put @times entries into a topic, as many in a transaction as fit. */
static int fill(struct client *client, const char *topic, const char *times)
{
	static char keys[250][128];
	struct df_db_op ops[250] = { 0 };
	int left = atoi(times);
	int i;

	while (left) {
		for (i = 0; i < 250 && left; i++, left--) {
			snprintf(keys[i], sizeof(keys[i]), "%s/%d", topic, left);
			ops[i].type = DF_DB_PUT;
			ops[i].key = keys[i];
			ops[i].topic = topic;
			ops[i].value = topic;
			ops[i].len = strlen(topic);
			ops[i].expect = DF_DB_ABSENT;
		}
		if (do_commit(client, ops, i, NULL, NULL))
			return 1;
	}
	return 0;
}

/* Follow @times topics for a moment each; then be there, and follow none. */
static int hop(struct client *client, const char *prefix, const char *times)
{
	struct event_log log;
	char topic[128];
	int i;

	for (i = 0; i < atoi(times); i++) {
		snprintf(topic, sizeof(topic), "%s/%d", prefix, i);
		if (log_follow(&log, client, topic) ||
		    !log_wait_synced(&log, client, 1))
			return 1;
		client_run(client, 2, NULL);
		log_end(&log);
	}
	puts("ready");
	fflush(stdout);
	client_run(client, 3600 * 1000, NULL);
	return 0;
}

int helper_main(int argc, char **argv)
{
	struct client *client;
	const char *mode;
	int err = 2;

	test_uri = argv[2];
	mode = argc > 5 ? argv[3] : "";
	client = client_open();
	if (!strcmp(mode, "count"))
		err = count_up(client, argv[4], argv[5]);
	else if (!strcmp(mode, "scribble"))
		err = scribble(client, argv[4], argv[5]);
	else if (!strcmp(mode, "exclude"))
		err = exclude(client, argv[4], argv[5]);
	else if (!strcmp(mode, "put"))
		err = do_put(client, argv[4], argc > 6 ? argv[6] : "", argv[5],
			     DF_DB_ANY) ? 1 : 0;
	else if (!strcmp(mode, "get"))
		err = print_value(client, argv[4]);
	else if (!strcmp(mode, "fill"))
		err = fill(client, argv[4], argv[5]);
	else if (!strcmp(mode, "hop"))
		err = hop(client, argv[4], argv[5]);
	else if (!strcmp(mode, "lease"))
		err = keep_lease(client, argv[4], argv[5]);
	else if (!strcmp(mode, "follow"))
		err = follow(client, argv[4]);
	client_close(client);
	return err;
}
