// SPDX-License-Identifier: GPL-2.0
/* Subscriptions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

static void snapshot_comes_first_then_changes(struct client *client)
{
	const char *topic = fresh("topic");
	struct event_log log;
	char key[96];

	snprintf(key, sizeof(key), "%s/old", topic);
	CHECK(do_put(client, key, topic, "1", DF_DB_ANY) == 0, "-");
	CHECK(log_follow(&log, client, topic) == 0, "-");
	CHECK(log_wait_synced(&log, client, 1), "-");
	CHECK(!log.was_called_inside, "-");
	CHECK(log.count == 1 && log.v[0].type == DF_DB_EVENT_PUT, "-");
	CHECK(!strcmp(log.v[0].key, key) && !strcmp(log.v[0].value, "1") &&
	      !strcmp(log.v[0].topic, topic), "-");
	CHECK(do_put(client, key, topic, "2", DF_DB_ANY) == 0, "-");
	CHECK(do_delete(client, key, DF_DB_ANY) == 0, "-");
	CHECK(do_put(client, key, topic, "3", DF_DB_ANY) == 0, "-");
	CHECK(log_wait_count(&log, client, 4), "%zu", log.count);
	client_run(client, 20, NULL);
	CHECK(log.count == 4 && log.synced == 1, "%zu", log.count);
	CHECK(!strcmp(log.v[1].value, "2"), "-");
	CHECK(log.v[2].type == DF_DB_EVENT_DELETE &&
	      !strcmp(log.v[2].key, key), "-");
	CHECK(!strcmp(log.v[3].value, "3"), "-");
	log_end(&log);
}

static void topics_are_apart(struct client *client)
{
	const char *mine = fresh("mine");
	const char *other = fresh("other");
	struct event_log logs[3];
	char key[96];
	int i;

	CHECK(log_follow(&logs[0], client, mine) == 0, "-");
	CHECK(log_follow(&logs[1], client, other) == 0, "-");
	CHECK(log_follow(&logs[2], client, mine) == 0, "-");
	for (i = 0; i < 6; i++) {
		snprintf(key, sizeof(key), "%s/%d", mine, i);
		CHECK(do_put(client, key, i % 3 == 0 ? mine :
			     i % 3 == 1 ? other : "", "", DF_DB_ANY) == 0,
		      "-");
	}
	for (i = 0; i < 3; i++)
		CHECK(log_wait_count(&logs[i], client, 2), "%d", i);
	client_run(client, 20, NULL);
	for (i = 0; i < 3; i++) {
		CHECK(logs[i].count == 2, "%d: %zu", i, logs[i].count);
		CHECK(!strcmp(logs[i].v[0].topic, i == 1 ? other : mine), "-");
		log_end(&logs[i]);
	}
}

static void entry_that_moves_is_deleted_from_its_topic(struct client *client)
{
	const char *from = fresh("from");
	const char *to = fresh("to");
	const char *key = fresh("moving");
	struct event_log logs[2];

	CHECK(do_put(client, key, from, "1", DF_DB_ANY) == 0, "-");
	CHECK(log_follow(&logs[0], client, from) == 0, "-");
	CHECK(log_follow(&logs[1], client, to) == 0, "-");
	CHECK(log_wait_synced(&logs[0], client, 1), "-");
	CHECK(log_wait_synced(&logs[1], client, 1), "-");
	CHECK(do_put(client, key, to, "2", DF_DB_ANY) == 0, "-");
	CHECK(log_wait_count(&logs[0], client, 2), "-");
	CHECK(log_wait_count(&logs[1], client, 1), "-");
	CHECK(logs[0].v[1].type == DF_DB_EVENT_DELETE, "-");
	CHECK(logs[1].v[0].type == DF_DB_EVENT_PUT, "-");
	CHECK(do_put(client, key, "", "3", DF_DB_ANY) == 0, "-");
	CHECK(log_wait_count(&logs[1], client, 2), "-");
	CHECK(logs[1].v[1].type == DF_DB_EVENT_DELETE, "-");
	CHECK(logs[0].count == 2, "%zu", logs[0].count);
	log_end(&logs[0]);
	log_end(&logs[1]);
}

static void changes_come_in_the_order_of_commits(struct client *client)
{
	const char *topic = fresh("order");
	struct event_log log;
	char value[16];
	char key[96];
	size_t i;

	CHECK(log_follow(&log, client, topic) == 0, "-");
	/* What there is by then comes in any order. */
	CHECK(log_wait_synced(&log, client, 1), "-");
	for (i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "%s/%zu", topic, i * 7 % 10);
		snprintf(value, sizeof(value), "%zu", i);
		CHECK(do_put(client, key, topic, value, DF_DB_ANY) == 0, "-");
	}
	CHECK(log_wait_count(&log, client, 200), "%zu", log.count);
	for (i = 0; i < 200; i++)
		CHECK(atoi(log.v[i].value) == (int)i, "%zu: %s", i,
		      log.v[i].value);
	log_end(&log);
}

static void nothing_comes_after_unsubscribing(struct client *client)
{
	const char *topic = fresh("ended");
	struct event_log log;
	struct event_log rest;
	size_t before;

	CHECK(log_follow(&log, client, topic) == 0, "-");
	CHECK(log_follow(&rest, client, topic) == 0, "-");
	CHECK(log_wait_synced(&log, client, 1), "-");
	CHECK(do_put(client, fresh("x"), topic, "", DF_DB_ANY) == 0, "-");
	before = log.count;
	df_db_unsubscribe(log.sub);
	log.sub = NULL;
	CHECK(log_wait_count(&rest, client, 1), "-");
	client_run(client, 20, NULL);
	CHECK(log.count == before, "%zu", log.count);
	log_end(&log);
	log_end(&rest);
}

struct ender {
	struct df_db_sub *sub;
	struct client *client;
	int calls;
	bool is_done;
};

static void end_from_inside(void *arg, enum df_db_event_type type,
			    const struct df_db_entry *entry)
{
	struct ender *ender = arg;

	(void)type;
	(void)entry;
	ender->calls++;
	ender->is_done = true;
	if (ender->client)
		df_db_close(ender->client->db);
	else
		df_db_unsubscribe(ender->sub);
}

static void callback_may_end_everything(struct client *client)
{
	struct ender ender = { .is_done = false };
	struct client *other = client_open();
	const char *topic = fresh("inside");
	char key[96];
	int i;

	for (i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "%s/%d", topic, i);
		CHECK(do_put(client, key, topic, "", DF_DB_ANY) == 0, "-");
	}
	CHECK(df_db_subscribe(&ender.sub, client->db, topic, end_from_inside,
			      &ender, NULL) == 0, "-");
	client_run(client, PATIENCE_MS, &ender.is_done);
	client_run(client, 20, NULL);
	CHECK(ender.calls == 1, "%d", ender.calls);

	ender.is_done = false;
	ender.client = other;
	CHECK(df_db_subscribe(&ender.sub, other->db, topic, end_from_inside,
			      &ender, NULL) == 0, "-");
	client_run(other, PATIENCE_MS, &ender.is_done);
	client_run(other, 20, NULL);
	CHECK(ender.calls == 2, "%d", ender.calls);
	other->db = NULL;
	client_close(other);
}

static void all_topics_at_once_where_it_can(struct client *client)
{
	bool can = df_db_caps(client->db) & DF_DB_CAP_SUBSCRIBE_ALL;
	const char *topic = fresh("all");
	const char *key = fresh("any");
	struct event_log log;
	int err;

	err = log_follow(&log, client, "*");
	CHECK(can ? !err : err == -EOPNOTSUPP, "%d", err);
	if (!can)
		return;
	CHECK(log_wait_synced(&log, client, 1), "-");
	CHECK(do_put(client, key, topic, "", DF_DB_ANY) == 0, "-");
	CHECK(do_put(client, fresh("none"), "", "", DF_DB_ANY) == 0, "-");
	CHECK(do_delete(client, key, DF_DB_ANY) == 0, "-");
	log.want_count = log.count + 2;
	client_run(client, 200, NULL);
	CHECK(log.count >= 2, "%zu", log.count);
	CHECK(log.v[log.count - 2].type == DF_DB_EVENT_PUT &&
	      !strcmp(log.v[log.count - 2].topic, topic), "-");
	CHECK(log.v[log.count - 1].type == DF_DB_EVENT_DELETE &&
	      !strcmp(log.v[log.count - 1].key, key) &&
	      !strcmp(log.v[log.count - 1].topic, topic), "-");
	log_end(&log);
}

/* 10,000 entries, in transactions of 100 */
static int fill(struct client *client, const char *topic)
{
	static char keys[100][96];
	struct df_db_op ops[100];
	int i;

	memset(ops, 0, sizeof(ops));
	for (i = 0; i < 10000; i++) {
		struct df_db_op *op = &ops[i % 100];

		snprintf(keys[i % 100], sizeof(keys[0]), "%s/%d", topic, i);
		op->type = DF_DB_PUT;
		op->key = keys[i % 100];
		op->topic = topic;
		op->value = topic;
		op->len = strlen(topic);
		op->expect = DF_DB_ABSENT;
		if (i % 100 == 99 && do_commit(client, ops, 100, NULL, NULL))
			return -1;
	}
	return 0;
}

static void big_topic_arrives_whole(struct client *client)
{
	const char *topic = fresh("big");
	struct event_log log;
	double begin = now_ms();
	size_t i;

	CHECK(fill(client, topic) == 0, "-");
	printf("# 10,000 entries written in %.0f ms\n", now_ms() - begin);
	begin = now_ms();
	CHECK(log_follow(&log, client, topic) == 0, "-");
	CHECK(log_wait_synced(&log, client, 1), "-");
	printf("# 10,000 entries delivered in %.0f ms\n", now_ms() - begin);
	CHECK(log.count == 10000, "%zu", log.count);
	for (i = 0; i < log.count; i++)
		CHECK(log.v[i].type == DF_DB_EVENT_PUT, "%zu", i);
	CHECK(do_list(client, topic, NULL, NULL, 0) == 10000, "-");
	log_end(&log);
}

const struct test follow_tests[] = {
	{ "snapshot_comes_first_then_changes",
	  snapshot_comes_first_then_changes },
	{ "topics_are_apart", topics_are_apart },
	{ "entry_that_moves_is_deleted_from_its_topic",
	  entry_that_moves_is_deleted_from_its_topic },
	{ "changes_come_in_the_order_of_commits",
	  changes_come_in_the_order_of_commits },
	{ "nothing_comes_after_unsubscribing",
	  nothing_comes_after_unsubscribing },
	{ "callback_may_end_everything", callback_may_end_everything },
	{ "all_topics_at_once_where_it_can", all_topics_at_once_where_it_can },
	{ "big_topic_arrives_whole", big_topic_arrives_whole },
	{ NULL, NULL }
};
