/* SPDX-License-Identifier: GPL-2.0 */
/* A northbound database in a directory of its own, and short ways to use it. */
#ifndef DF_SELFTESTS_UNIT_TEST_NB_H
#define DF_SELFTESTS_UNIT_TEST_NB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"

#include "dragonflow.h"

static struct df_nb *nb;
static struct df_error error;
static char dir[128];
static char uri[160];

static inline int nb_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/nb.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(uri, sizeof(uri), "sqlite://%s/nb.db", dir);
	if (df_nb_open(&nb, uri, NULL, &error)) {
		print_error("%s\n", error.text);
		return -1;
	}
	return 0;
}

static inline int nb_teardown(void **state)
{
	char command[160];

	(void)state;
	df_nb_close(nb);
	nb = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/** An object from "field=value" texts, ended by NULL */
static inline struct df_obj *object(const char *model, ...)
{
	struct df_obj *obj = NULL;
	const char *text;
	va_list args;

	assert_int_equal(df_obj_new(&obj, model, NULL), 0);
	va_start(args, model);
	while ((text = va_arg(args, const char *))) {
		char field[64];
		const char *is = strchr(text, '=');

		snprintf(field, sizeof(field), "%.*s", (int)(is - text), text);
		if (df_obj_set(obj, field, is + 1, &error))
			fail_msg("%s", error.text);
	}
	va_end(args);
	return obj;
}

static inline int run(struct df_obj *obj,
		      int (*ask)(struct df_txn *txn, struct df_obj *obj,
				 uint64_t revision, struct df_error *why),
		      uint64_t revision)
{
	struct df_txn *txn;
	int err;

	memset(&error, 0, sizeof(error));
	assert_int_equal(df_txn_new(&txn, nb), 0);
	err = ask(txn, obj, revision, &error);
	if (err)
		df_txn_free(txn);
	else
		err = df_txn_commit_sync(txn, &error);
	assert_int_equal(err, error.code);
	return err;
}

static inline int ask_create(struct df_txn *txn, struct df_obj *obj,
			     uint64_t revision, struct df_error *why)
{
	(void)revision;
	return df_txn_create(txn, obj, why);
}

static inline int ask_put(struct df_txn *txn, struct df_obj *obj,
			  uint64_t revision, struct df_error *why)
{
	(void)revision;
	return df_txn_put(txn, obj, why);
}

static inline int create(struct df_obj *obj)
{
	return run(obj, ask_create, 0);
}

static inline int put(struct df_obj *obj)
{
	return run(obj, ask_put, 0);
}

static inline int update(struct df_obj *obj, uint64_t revision)
{
	return run(obj, df_txn_update, revision);
}

static inline int patch(struct df_obj *obj, uint64_t revision)
{
	return run(obj, df_txn_patch, revision);
}

static inline int ask_delete(struct df_txn *txn, struct df_obj *obj,
			     uint64_t revision, struct df_error *why)
{
	return df_txn_delete(txn, df_obj_model(obj)->name, df_obj_id(obj),
			     revision, why);
}

static inline int delete(struct df_obj *obj, uint64_t revision)
{
	return run(obj, ask_delete, revision);
}

static inline void must(int err)
{
	if (err)
		fail_msg("%s", error.text);
}

static inline struct df_obj *stored(const char *model, const char *id)
{
	struct df_obj *obj = NULL;

	if (df_nb_find_sync(nb, model, id, &obj, &error))
		return NULL;
	return obj;
}

static inline size_t count(const char *model, const char *topic)
{
	struct df_obj **objs;
	size_t n;

	must(df_nb_list_sync(nb, model, topic, &objs, &n, &error));
	df_objs_free(objs, n);
	return n;
}

static inline char *text(const char *format, const char *a, const char *b)
{
	static char buf[4][512];
	static int used;
	char *to = buf[used++ % 4];

	snprintf(to, sizeof(buf[0]), format, a, b);
	return to;
}

#define said(...) assert_string_equal(error.text, text(__VA_ARGS__))

/* A network, a subnet and a port, stored */
static struct df_obj *network;
static struct df_obj *subnet;
static struct df_obj *port;

static inline int cloud_setup(void **state)
{
	if (nb_setup(state))
		return -1;
	network = object("network", "name=net", NULL);
	must(create(network));
	subnet = object("subnet", "cidr=10.0.0.0/24",
			text("network_id=%s%s", df_obj_id(network), ""), NULL);
	must(create(subnet));
	port = object("port", "name=web", "binding_host=hv1",
		      text("network_id=%s%s", df_obj_id(network), ""),
		      text("fixed_ips={\"subnet_id\":\"%s\",\"ip_address\":\"10.0.0.5\"}%s",
			   df_obj_id(subnet), ""), NULL);
	must(create(port));
	return 0;
}

static inline int cloud_teardown(void **state)
{
	df_obj_put(network);
	df_obj_put(subnet);
	df_obj_put(port);
	return nb_teardown(state);
}

#endif
