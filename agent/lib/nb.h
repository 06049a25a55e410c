/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the northbound layer. */
#ifndef DF_LIB_NB_H
#define DF_LIB_NB_H

#include <sys/queue.h>

#include "db.h"
#include "object.h"

struct nb_read;

/**
 * struct df_nb - an open northbound database
 * @db: the database
 * @base: event loop
 * @is_own_base: was it made by df_nb_open()?
 * @is_running: is a function waiting in it?
 * @is_broken: df_nb_break() was called
 * @is_known: opened by df_nb_open_known()
 * @has_rules: the database says by which rules it is written, and we know them
 * @timeout_ms: of the functions that wait
 * @timer: ends a wait
 * @txns: transactions, committed or not
 * @reads: lookups that are not answered
 * @subs: subscriptions
 * @leases: leases
 */
struct df_nb {
	struct df_db *db;
	struct event_base *base;
	bool is_own_base;
	bool is_running;
	bool is_broken;
	bool is_known;
	bool has_rules;
	unsigned int timeout_ms;
	struct event *timer;
	LIST_HEAD(, df_txn) txns;
	LIST_HEAD(, nb_read) reads;
	LIST_HEAD(, df_sub) subs;
	LIST_HEAD(, df_lease) leases;
};

struct df_key {
	char text[DF_DB_KEY_MAX + 1];
};

struct df_key df_key_obj(const char *model, const char *id);
/** "ref/network/<id>/", or with the referring object behind it */
struct df_key df_key_ref(const char *model, const char *id,
			 const char *by_model, const char *by_id);
/** "unique/port/mac_address/<network>/<value>": who has the value; @within may
 * be NULL. The caller frees it; NULL if there is no memory.
 */
char *df_key_claim(const char *model, const char *field, const char *within,
		   const char *value);
/** Takes "port/<id>" apart; @id points into @key. */
int df_key_split(const char *key, const struct df_model **model,
		 const char **id);
/** An object from an entry; the error names it. */
int df_nb_decode(struct df_obj **out, const struct df_db_entry *entry,
		 struct df_error *error);

struct df_db_lease *df_lease_db(struct df_lease *lease);
void df_nb_reads_fini(struct df_nb *nb);
void df_nb_txns_fini(struct df_nb *nb);
struct df_nb *df_txn_nb(struct df_txn *txn);
void df_nb_subs_fini(struct df_nb *nb);
void df_nb_leases_fini(struct df_nb *nb);

#endif
