// SPDX-License-Identifier: GPL-2.0
/*
 * The Redis driver's commits: one call of the script each. If the answer is lost,
 * it is called again with the same number, and does nothing if it finds what became
 * of that; what it finds then is final, whatever arrives late.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

/**
 * struct commit - a commit
 * @expects: of each operation, as text
 * @lease: name of the lease that its puts are under, or ""
 * @is_repeated: an answer was lost
 */
struct commit {
	struct df_redis_request base;
	const struct df_db_op *ops;
	size_t count;
	char (*expects)[24];
	char id[24];
	char lease[24];
	bool is_repeated;
};

static void send_commit(struct commit *commit);

static void commit_end(struct df_redis_request *base)
{
	struct commit *commit = (struct commit *)base;

	df_redis_request_fini(base);
	df_redis_cancel(base->redis, commit);
	free(commit->expects);
	free(commit);
}

static void fail(struct commit *commit, int code, const char *text)
{
	struct df_redis_reply reply = { .code = code, .text = text };

	df_redis_fail(commit->base.redis, commit->base.req, &reply);
	commit_end(&commit->base);
}

static void done(struct commit *commit)
{
	df_db_req_done(commit->base.req);
	commit_end(&commit->base);
}

/* How many replicas have it? */
static void on_waited(void *arg, const struct df_redis_reply *reply)
{
	struct commit *commit = arg;
	unsigned int wanted = commit->base.redis->uri.replicas;

	if (!reply->code && reply->reply->type == REDIS_REPLY_INTEGER &&
	    reply->reply->integer >= wanted)
		done(commit);
	else
		fail(commit, -ETIMEDOUT,
		     "too few replicas have it in time: it happened, but may be lost");
}

static void wait_for_replicas(struct commit *commit)
{
	struct df_redis *redis = commit->base.redis;
	char wanted[16];
	char ms[16];
	const char *const words[] = { "WAIT", wanted, ms, NULL };

	snprintf(wanted, sizeof(wanted), "%u", redis->uri.replicas);
	/* It holds up what else is asked on this connection. */
	snprintf(ms, sizeof(ms), "%u", redis->uri.failover_ms / 2 + 1);
	df_redis_ask(redis, REDIS_ONCE, on_waited, commit, words);
}

static void on_committed(void *arg, const struct df_redis_reply *reply)
{
	struct commit *commit = arg;
	const char *said = "";
	size_t unmet = 0;

	if (reply->code == -ENOTCONN) {
		commit->is_repeated = true;
		send_commit(commit);
		return;
	}
	if (reply->code) {
		fail(commit, reply->code, reply->text);
		return;
	}
	if (reply->reply->type == REDIS_REPLY_STRING)
		said = reply->reply->str;
	if (!strcmp(said, "done") && commit->base.redis->uri.replicas) {
		wait_for_replicas(commit);
	} else if (!strcmp(said, "done")) {
		done(commit);
	} else if (!strcmp(said, "ended")) {
		fail(commit, -EIO, "the lease has ended");
	} else if (sscanf(said, "unmet %zu", &unmet) == 1 &&
		   unmet < commit->count) {
		df_db_req_conflict(commit->base.req, unmet);
		commit_end(&commit->base);
	} else {
		fail(commit, -EBADMSG, "the answer is not one of the script");
	}
}

static void add_op(struct df_redis_words *words, const struct df_db_op *op,
		   const char *expect)
{
	static const char *const types[] = {
		[DF_DB_PUT] = "P",
		[DF_DB_DELETE] = "D",
		[DF_DB_CHECK] = "C",
		[DF_DB_EMPTY] = "E",
	};
	bool is_put = op->type == DF_DB_PUT;

	df_redis_words_text(words, types[op->type]);
	df_redis_words_text(words, op->key);
	df_redis_words_text(words, is_put && op->topic ? op->topic : "");
	df_redis_words_add(words, op->value, is_put ? op->len : 0);
	df_redis_words_text(words, expect);
}

static void send_commit(struct commit *commit)
{
	struct df_redis_words words;
	char history[16];
	char digits[8];
	size_t i;

	snprintf(history, sizeof(history), "%u",
		 commit->base.redis->uri.history);
	df_redis_words_init(&words, DF_REDIS_WORDS_MAX);
	df_redis_words_text(&words, "commit");
	df_redis_words_text(&words, commit->id);
	df_redis_words_text(&words, commit->is_repeated ? "1" : "0");
	df_redis_words_text(&words, df_redis_digits(digits));
	df_redis_words_text(&words, history);
	df_redis_words_text(&words, commit->lease);
	for (i = 0; i < commit->count; i++)
		add_op(&words, &commit->ops[i], commit->expects[i]);
	df_redis_send(commit->base.redis, &words, REDIS_SCRIPT | REDIS_ONCE,
		      on_committed, commit);
	df_redis_words_fini(&words);
}

static void print_expect(char text[24], uint64_t expect)
{
	if (expect == DF_DB_ABSENT)
		strcpy(text, "absent");
	else if (expect == DF_DB_PRESENT)
		strcpy(text, "present");
	else if (expect == DF_DB_ANY)
		strcpy(text, "any");
	else
		snprintf(text, 24, "%" PRIu64, expect);
}

/* They stand in lines of text. */
static bool has_strange_topic(const struct df_db_op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ops[i].type == DF_DB_PUT && ops[i].topic && *ops[i].topic &&
		    (!df_redis_is_name(ops[i].topic, strlen(ops[i].topic)) ||
		     !strcmp(ops[i].topic, "*")))
			return true;
	return false;
}

void df_redis_commit(void *priv, struct df_db_req *req,
		     const struct df_db_op *ops, size_t count, void *lease)
{
	struct df_redis *redis = priv;
	struct commit *commit;
	size_t i;

	if (df_redis_is_refused(redis, req))
		return;
	if (has_strange_topic(ops, count)) {
		df_db_req_fail(req, -EINVAL,
			       "a topic has characters that a key may not have");
		return;
	}
	commit = df_redis_must(calloc(1, sizeof(*commit)));
	commit->expects = df_redis_must(calloc(count + 1,
					       sizeof(*commit->expects)));
	commit->ops = ops;
	commit->count = count;
	snprintf(commit->id, sizeof(commit->id), "%016" PRIx64,
		 df_redis_random());
	if (lease)
		snprintf(commit->lease, sizeof(commit->lease), "%s",
			 df_redis_lease_name(lease));
	for (i = 0; i < count; i++)
		print_expect(commit->expects[i], ops[i].expect);
	df_redis_request_init(redis, &commit->base, req, commit_end);
	send_commit(commit);
}
