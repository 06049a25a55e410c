/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: libdragonflow, the northbound side of Dragonflow
 *
 * Objects of the logical topology (networks, ports ...) are JSON documents
 * whose models are declared in this library. They are kept in a database,
 * which is named by a URI and reached through a driver:
 *
 *	sqlite:///var/lib/dragonflow/nb.db
 *	zookeeper://zk1,zk2,zk3/dragonflow
 *	etcd://db1,db2,db3/dragonflow
 *	redis://s1,s2,s3/dragonflow?sentinel=cloud
 *
 * Conventions
 *
 * - Functions return 0 or a negative errno. On failure out-parameters are
 *   untouched and @error, where there is one (it may be NULL), holds a sentence
 *   for a person. The library never logs, exits or touches signals; it aborts
 *   only if there is no memory for an answer that it owes.
 * - A struct df_obj is counted: _get takes a reference, _put gives one back.
 *   Objects that a callback receives are borrowed; take a reference to keep
 *   one. Change an object only if nobody else holds it, or change a copy.
 * - Everything of one struct df_nb happens on one thread, the one that runs its
 *   event base. A callback never runs inside of the call that asked for it, and
 *   never after the thing it was given for was freed.
 *
 * Fields and models are described by tables (&struct df_field), so tools can
 * print, complete and document every model without knowing any.
 */
#ifndef DRAGONFLOW_DRAGONFLOW_H
#define DRAGONFLOW_DRAGONFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct event_base;

/** Version of the library that is loaded, such as "0.1.0". */
const char *df_version(void);

/**
 * struct df_error - why something was refused
 * @code: negative errno
 * @text: a sentence naming the object and the field, without a final dot, as
 *	in: port 1b2c…: field "mac_address": "zz" is not a MAC address
 */
struct df_error {
	int code;
	char text[512];
};

#if defined(__GNUC__)
#define df_cleanup(fn) __attribute__((cleanup(fn)))
#endif

/*
 * Models and fields
 */

/** enum df_type - type of a field's value, or of each item of a list */
enum df_type {
	DF_TYPE_STRING,		/* UTF-8 without control characters */
	DF_TYPE_BOOL,
	DF_TYPE_UINT,		/* whole number in [min, max] of the field */
	DF_TYPE_ENUM,		/* one of the strings in @values */
	DF_TYPE_UUID,		/* lower case, 36 characters */
	DF_TYPE_MAC,		/* unicast Ethernet address, lower case */
	DF_TYPE_IP,		/* IPv4 or IPv6 address, canonical */
	DF_TYPE_CIDR,		/* IPv4 or IPv6 prefix, host bits zero */
	DF_TYPE_RECORD,		/* nested object with the members @fields */
	DF_TYPE_JSON,		/* any JSON object */
};

/** enum df_field_flag - properties of a field */
enum df_field_flag {
	DF_FIELD_LIST = 1 << 0,		/* a list of values of the type */
	DF_FIELD_REQUIRED = 1 << 1,	/* must be given at creation */
	DF_FIELD_ASSIGNED = 1 << 2,	/* only the library writes it */
	DF_FIELD_IMMUTABLE = 1 << 3,	/* cannot change after creation */
	DF_FIELD_UNIQUE = 1 << 4,	/* no two objects of the model share it */
	DF_FIELD_COLUMN = 1 << 5,	/* worth a column in a table of objects */
	DF_FIELD_ALLOCATED = 1 << 6,	/* chosen by the library if not given */
};

/**
 * struct df_field - a field of a model, or a member of a record
 * @name: as in Neutron's API where that has it
 * @type: type of the value
 * @flags: enum df_field_flag
 * @ref: name of the model that the value is an id of, or NULL
 * @values: what an enum may be, ended by NULL; NULL for other types
 * @min: lowest number, or least length of a string
 * @max: highest number, or greatest length of a string
 * @unit: of a number, or NULL
 * @preset: value (as text) of an object that does not have the field, or NULL
 * @doc: one sentence
 * @fields: members of a record, ended by a NULL name; NULL for other types
 *
 * Later versions may add members at the end: walk fields with df_model_field()
 * and df_field_member(), not with array arithmetic.
 */
struct df_field {
	const char *name;
	enum df_type type;
	unsigned int flags;
	const char *ref;
	const char *const *values;
	uint64_t min;
	uint64_t max;
	const char *unit;
	const char *preset;
	const char *doc;
	const struct df_field *fields;
};

/** enum df_model_flag - properties of a model */
enum df_model_flag {
	DF_MODEL_DERIVED = 1 << 0,	/* only the library writes such objects */
	DF_MODEL_REPORTED = 1 << 1,	/* agents write it, users only read */
	DF_MODEL_LEASED = 1 << 2,	/* disappears with the process that put it */
};

/**
 * struct df_model - a kind of object
 * @name: such as "network"
 * @plural: such as "networks"
 * @doc: one sentence
 * @topic: where its objects live, such as "network/<network_id>": a literal
 *	and at most one field in angle brackets
 * @flags: enum df_model_flag
 * @on_demand_topic: where those live instead whose field on_demand is true;
 *	NULL if there is no such field
 *
 * Later versions may add members at the end.
 */
struct df_model {
	const char *name;
	const char *plural;
	const char *doc;
	const char *topic;
	unsigned int flags;
	const char *on_demand_topic;
};

/** The @index-th model, in dependency order (a model after what it refers to);
 * NULL past the last.
 */
const struct df_model *df_model_at(size_t index);
/** The model of that name (singular or plural), or NULL. */
const struct df_model *df_model_find(const char *name);
/** The @index-th field of a model, in the order to show them; NULL past the
 * last. Every model has "id" first, and "revision".
 */
const struct df_field *df_model_field(const struct df_model *model,
				      size_t index);
const struct df_field *df_model_field_find(const struct df_model *model,
					   const char *name);
/** The @index-th member of a record field; NULL past the last. */
const struct df_field *df_field_member(const struct df_field *field,
				       size_t index);
/** Name of a type, such as "mac". */
const char *df_type_name(enum df_type type);

/*
 * Addresses and ids
 */

#define DF_UUID_LEN 36

/**
 * struct df_ip - an address or a prefix
 * @family: 4 or 6
 * @prefix: length of the prefix; 32 or 128 for an address
 * @addr: network byte order; IPv4 in the first four
 */
struct df_ip {
	uint8_t family;
	uint8_t prefix;
	uint8_t addr[16];
};

int df_mac_parse(uint8_t mac[6], const char *text);
/** Writes 17 characters and a NUL. */
void df_mac_print(char text[18], const uint8_t mac[6]);
/** Address, or address/length with host bits zero. */
int df_ip_parse(struct df_ip *ip, const char *text);
/** With "/length" if that is shorter than the address. */
void df_ip_print(char text[50], const struct df_ip *ip);
/** Does the prefix @net hold the address (or the whole prefix) @ip? */
bool df_ip_is_in(const struct df_ip *ip, const struct df_ip *net);
/** The number of an IP protocol, from its name or number; -EINVAL if it is
 * neither.
 */
int df_protocol_parse(const char *text);
bool df_uuid_is_valid(const char *text);
/** A random UUID. */
void df_uuid_new(char text[DF_UUID_LEN + 1]);

/*
 * Objects
 */

struct df_obj;

/** A new object without any field, not even an id. */
int df_obj_new(struct df_obj **out, const char *model, struct df_error *error);
/**
 * df_obj_parse - an object from JSON text
 * @model: name of the model
 * @text: one JSON object of at most 256 KiB, need not be terminated
 *
 * Checks the type of every field that is given, not that the required ones
 * are: the text may be a patch. Fields that the model does not know are kept.
 */
int df_obj_parse(struct df_obj **out, const char *model, const char *text,
		 size_t len, struct df_error *error);
struct df_obj *df_obj_copy(const struct df_obj *obj);
struct df_obj *df_obj_get(struct df_obj *obj);
void df_obj_put(struct df_obj *obj);

/** One line of JSON, or an indented text; the caller frees it. NULL if there
 * is no memory.
 */
char *df_obj_print(const struct df_obj *obj, bool pretty);

const struct df_model *df_obj_model(const struct df_obj *obj);
/** The UUID, or NULL if it has none yet. */
const char *df_obj_id(const struct df_obj *obj);
/** The name, or "" if it has none. */
const char *df_obj_name(const struct df_obj *obj);
/** 0: never stored. */
uint64_t df_obj_revision(const struct df_obj *obj);
/** The 32-bit id that the kernel knows the object by; 0 if it has none. */
uint32_t df_obj_key(const struct df_obj *obj);
/** The topic it lives in, as in "network/…"; the caller frees it. NULL if a
 * field that the topic needs is missing, or there is no memory.
 */
char *df_obj_topic(const struct df_obj *obj);
/** Same model and same content, whatever the revision? */
bool df_obj_is_equal(const struct df_obj *a, const struct df_obj *b);

/**
 * df_obj_set - set a field from text, as a person types it
 * @text: lists are comma-separated; records, lists of records and JSON are
 *	JSON; an empty text removes the field
 */
int df_obj_set(struct df_obj *obj, const char *field, const char *text,
	       struct df_error *error);
/** The same from JSON text; "null" removes the field. */
int df_obj_set_json(struct df_obj *obj, const char *field, const char *json,
		    struct df_error *error);
int df_obj_set_string(struct df_obj *obj, const char *field, const char *value,
		      struct df_error *error);
int df_obj_set_bool(struct df_obj *obj, const char *field, bool value,
		    struct df_error *error);
int df_obj_set_u64(struct df_obj *obj, const char *field, uint64_t value,
		   struct df_error *error);

/** Is the field there (and not null)? */
bool df_obj_has(const struct df_obj *obj, const char *field);
/** The field as df_obj_set() would take it, the preset if it is not there, ""
 * if there is none; the caller frees it. NULL if there is no memory.
 */
char *df_obj_text(const struct df_obj *obj, const char *field);

/*
 * Typed reading. A field that is not there reads as its preset, and without one
 * as NULL, false, 0 or -ENOENT. Strings live as long as the object is unchanged.
 */
const char *df_obj_string(const struct df_obj *obj, const char *field);
bool df_obj_bool(const struct df_obj *obj, const char *field);
uint64_t df_obj_u64(const struct df_obj *obj, const char *field);
int df_obj_mac(const struct df_obj *obj, const char *field, uint8_t mac[6]);
int df_obj_ip(const struct df_obj *obj, const char *field, struct df_ip *ip);

/**
 * struct df_value - a value inside of an object: a list, a record, an item
 *
 * Borrowed from the object. Every function takes NULL for a value that is not
 * there, so that reading can be chained:
 *
 *	ips = df_obj_value(port, "fixed_ips");
 *	df_value_for_each(ips, i, item)
 *		ip = df_value_string(df_value_member(item, "ip_address"));
 */
struct df_value;

const struct df_value *df_obj_value(const struct df_obj *obj,
				    const char *field);
/** Number of items of a list; 0 for anything else. */
size_t df_value_count(const struct df_value *value);
const struct df_value *df_value_at(const struct df_value *value, size_t index);
const struct df_value *df_value_member(const struct df_value *value,
				       const char *name);
const char *df_value_string(const struct df_value *value);
bool df_value_bool(const struct df_value *value);
uint64_t df_value_u64(const struct df_value *value);
int df_value_mac(const struct df_value *value, uint8_t mac[6]);
int df_value_ip(const struct df_value *value, struct df_ip *ip);
/** As JSON text; the caller frees it. */
char *df_value_print(const struct df_value *value);

#define df_value_for_each(list, i, item)				\
	for ((i) = 0; ((item) = df_value_at((list), (i))); (i)++)

/*
 * The northbound database
 */

struct df_nb;
struct df_txn;
struct df_sub;
struct df_lease;

/**
 * df_nb_open - open the database that @uri names
 * @out: the handle
 * @uri: scheme://…; the scheme names the driver
 * @base: event loop to run on, or NULL for one of its own. With its own loop,
 *	and only then, the functions ending in _sync and df_nb_dispatch() work.
 * @error: why not
 *
 * Loads the driver and checks what can be checked without waiting. A server
 * that cannot be reached is not an error here: see df_nb_on_state(). Open after
 * fork(), never before.
 */
int df_nb_open(struct df_nb **out, const char *uri, struct event_base *base,
	       struct df_error *error);
/**
 * df_nb_open_known - the same for a database that was there before
 *
 * If a file is not there any more, that is an error and none is made. A
 * transaction that would be the first ever is refused with -ENODATA: the server
 * has lost its data, or is another.
 */
int df_nb_open_known(struct df_nb **out, const char *uri,
		     struct event_base *base, struct df_error *error);
/**
 * df_nb_close - end everything that runs on the handle
 *
 * Subscriptions, transactions and leases of the handle are freed; callbacks
 * that did not come yet never come. Entries under its leases disappear.
 */
void df_nb_close(struct df_nb *nb);

/**
 * df_nb_state_fn - the database went away, or came back
 * @up: is it there?
 * @error: why it is away; NULL if @up
 */
typedef void (*df_nb_state_fn)(void *arg, bool up,
			       const struct df_error *error);
/** Be told when the database goes away and comes back; @fn NULL ends it. It
 * counts as being there until told otherwise.
 */
void df_nb_on_state(struct df_nb *nb, df_nb_state_fn fn, void *arg);

/*
 * Transactions: all or nothing.
 *
 * An object that a transaction was given is shared with it until the commit is
 * done; do not change it meanwhile. After success it holds what was stored,
 * assigned fields included. A refusal (say, of a field) leaves a transaction as
 * it was before the call.
 */

/** A new, empty transaction. */
int df_txn_new(struct df_txn **out, struct df_nb *nb);
/** Give up a transaction that was not committed. */
void df_txn_free(struct df_txn *txn);
/** Create; refused with -EEXIST if the id, or something unique, is taken. An id
 * is made up if the object has none.
 */
int df_txn_create(struct df_txn *txn, struct df_obj *obj,
		  struct df_error *error);
/**
 * df_txn_update - replace an object
 * @revision: refused with -ESTALE if the stored one has another; 0 for any
 *
 * Assigned fields and an allocated one that is not given keep their value.
 * Nothing is written, and the revision stays, if nothing differs.
 */
int df_txn_update(struct df_txn *txn, struct df_obj *obj, uint64_t revision,
		  struct df_error *error);
/** Change only the fields that @obj has (besides its id); those that are null
 * are removed. After success @obj is the whole object.
 */
int df_txn_patch(struct df_txn *txn, struct df_obj *obj, uint64_t revision,
		 struct df_error *error);
/** Create or update, whichever it takes. */
int df_txn_put(struct df_txn *txn, struct df_obj *obj, struct df_error *error);
/** Delete; refused with -EBUSY if another object refers to it, with the text
 * saying which. @revision as in df_txn_update().
 */
int df_txn_delete(struct df_txn *txn, const char *model, const char *id,
		  uint64_t revision, struct df_error *error);
/** What this transaction puts is to disappear with @lease. Put objects under a
 * lease in a transaction of their own, and free the lease after it is done.
 */
void df_txn_set_lease(struct df_txn *txn, struct df_lease *lease);

/** @error: NULL after success */
typedef void (*df_done_fn)(void *arg, const struct df_error *error);
/**
 * df_txn_commit - run a transaction
 * @txn: freed by the library, also on failure
 * @done: called once; may be NULL
 *
 * Required fields, references, uniqueness and revisions are checked against
 * what is stored. A conflict with another writer is retried, unless the caller
 * gave a revision.
 *
 * Error codes: -EINVAL a field, -ENOENT object or reference not there, -EEXIST,
 * -ESTALE revision, -EBUSY in use, -E2BIG too large for the database,
 * -ENOTCONN, -ETIMEDOUT (it may or may not have happened), -EACCES, -EIO,
 * -EPROTO the database is written by newer rules, -EBUSY it is being filled,
 * -ENODATA see df_nb_open_known().
 */
void df_txn_commit(struct df_txn *txn, df_done_fn done, void *arg);

/*
 * Reading
 */

/** @error: NULL after success; @obj: borrowed */
typedef void (*df_obj_fn)(void *arg, const struct df_error *error,
			  struct df_obj *obj);
/** @error: NULL after success; @objs: borrowed, sorted by name, then id */
typedef void (*df_objs_fn)(void *arg, const struct df_error *error,
			   struct df_obj *const *objs, size_t count);

/**
 * df_nb_find - look one object up
 * @model: name of the model
 * @ref: its id, a prefix of its id (4 characters or more), or its name
 *
 * One read with an id; else every object of the model is read. -ENOENT: none;
 * -ENOTUNIQ: more than one, the text says which.
 */
int df_nb_find(struct df_nb *nb, const char *model, const char *ref,
	       df_obj_fn fn, void *arg, struct df_error *error);
/** @error: NULL after success; @model, @id: whose it is, NULL if nobody's */
typedef void (*df_owner_fn)(void *arg, const struct df_error *error,
			    const struct df_model *model, const char *id);
/**
 * df_nb_owner - ask which object has a value that no two objects have
 * @model: name of the model, such as "port"
 * @field: such as "mac_address" or "fixed_ips"
 * @within: id of what it is unique in, such as the network; NULL: of nothing
 * @value: as it is stored: addresses in lower case, IPv6 shortened
 *
 * One read, however many objects there are. Ports and router interfaces share
 * their addresses: both are found as "port".
 */
int df_nb_owner(struct df_nb *nb, const char *model, const char *field,
		const char *within, const char *value, df_owner_fn fn,
		void *arg, struct df_error *error);
/**
 * df_nb_list - every object of a model
 * @topic: only those that live in this topic; NULL for all
 */
int df_nb_list(struct df_nb *nb, const char *model, const char *topic,
	       df_objs_fn fn, void *arg, struct df_error *error);

/*
 * Following changes
 */

/** enum df_event_type - what a subscriber is told */
enum df_event_type {
	DF_EVENT_PUT,		/* created or changed, or part of the snapshot */
	DF_EVENT_DELETE,
	DF_EVENT_SYNCED,	/* the snapshot is complete; also after a resync */
	DF_EVENT_BAD,		/* something stored cannot be read; see error */
};

/**
 * struct df_event - one event
 * @type: what happened
 * @topic: where
 * @model: of the object; NULL with SYNCED, and with BAD if it is not known
 * @id: of the object; NULL as @model
 * @obj: the object as it is now, borrowed; NULL unless PUT
 * @json: the same as it is stored, a text of one line or several
 * @error: of BAD, else NULL
 */
struct df_event {
	enum df_event_type type;
	const char *topic;
	const struct df_model *model;
	const char *id;
	struct df_obj *obj;
	const char *json;
	const struct df_error *error;
};

typedef void (*df_event_fn)(void *arg, const struct df_event *event);

/**
 * df_nb_subscribe - follow a topic
 * @topic: such as "global" or "network/<id>"; it need not exist yet. "*" is
 *	every topic, with databases that can (-EOPNOTSUPP if not).
 *
 * First a PUT for every object there, then SYNCED, then every change in the
 * order of the commits, none lost and none twice. If the database was away so
 * long that changes are gone, the differences are delivered and another SYNCED.
 *
 * Objects arrive in any order within a snapshot: a port may come before its
 * network. Topics are not ordered among each other.
 */
int df_nb_subscribe(struct df_sub **out, struct df_nb *nb, const char *topic,
		    df_event_fn fn, void *arg, struct df_error *error);
/** No event comes after this, also when called from a callback. */
void df_sub_free(struct df_sub *sub);
const char *df_sub_topic(const struct df_sub *sub);

/*
 * Leases: objects that disappear with the process that put them
 */

/**
 * df_lease_new - a lease
 * @ttl_ms: the longest that its objects may outlive the process; databases on
 *	the same host notice at once
 * @lost: called once if the lease ended against the owner's will (a server
 *	gave it up); its objects are gone then. Free it and take another.
 */
int df_lease_new(struct df_lease **out, struct df_nb *nb, unsigned int ttl_ms,
		 df_done_fn lost, void *arg, struct df_error *error);
/** Its objects disappear. */
void df_lease_free(struct df_lease *lease);

/*
 * Waiting instead of calling back; for a handle with an event loop of its own.
 * -ETIMEDOUT after df_nb_set_timeout(), 10 s unless told otherwise.
 */

void df_nb_set_timeout(struct df_nb *nb, unsigned int timeout_ms);
/** Frees @txn as df_txn_commit() does. */
int df_txn_commit_sync(struct df_txn *txn, struct df_error *error);
/** The caller puts the object. */
int df_nb_find_sync(struct df_nb *nb, const char *model, const char *ref,
		    struct df_obj **out, struct df_error *error);
/** The caller frees the list with df_objs_free(). */
int df_nb_list_sync(struct df_nb *nb, const char *model, const char *topic,
		    struct df_obj ***out, size_t *count,
		    struct df_error *error);
void df_objs_free(struct df_obj **objs, size_t count);
/**
 * df_nb_dispatch - run callbacks (of subscriptions, say)
 * @timeout_ms: return after this long; negative: run until df_nb_break()
 */
int df_nb_dispatch(struct df_nb *nb, int timeout_ms);
/** Make df_nb_dispatch() return; from a callback or a signal handler. */
void df_nb_break(struct df_nb *nb);

/*
 * Cleanup attributes: `df_obj_auto struct df_obj *obj = NULL;`
 */
#if defined(__GNUC__)
static inline void df_obj_cleanup(struct df_obj **obj)
{
	df_obj_put(*obj);
}

static inline void df_txn_cleanup(struct df_txn **txn)
{
	df_txn_free(*txn);
}

static inline void df_nb_cleanup(struct df_nb **nb)
{
	df_nb_close(*nb);
}

#define df_obj_auto df_cleanup(df_obj_cleanup)
#define df_txn_auto df_cleanup(df_txn_cleanup)
#define df_nb_auto df_cleanup(df_nb_cleanup)
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
