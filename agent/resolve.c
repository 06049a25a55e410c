// SPDX-License-Identifier: GPL-2.0
#include "resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* But for who asks. */
static bool is_same(const struct dfa_sought *a, const struct dfa_sought *b)
{
	return a->network == b->network &&
	       dfa_address_equal(&a->address, &b->address) &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

static uint64_t hash(const struct dfa_sought *sought)
{
	uint8_t bytes[sizeof(sought->network) + sizeof(sought->address) +
		      sizeof(sought->mac)], *at = bytes;

	memcpy(at, &sought->network, sizeof(sought->network));
	at += sizeof(sought->network);
	memcpy(at, &sought->address, sizeof(sought->address));
	memcpy(at + sizeof(sought->address), sought->mac, sizeof(sought->mac));
	return dfa_hash(bytes, sizeof(bytes));
}

static struct dfa_question *in_order(struct dfa_list *item)
{
	return dfa_container_of(item, struct dfa_question, in_order);
}

static bool is_asked(const struct dfa_resolve *resolve,
		     const struct dfa_sought *sought)
{
	const struct dfa_map_node *node;

	node = dfa_map_first(&resolve->questions, hash(sought));
	for (; node; node = dfa_map_next(node)) {
		const struct dfa_question *question;

		question = dfa_container_of(node, struct dfa_question, node);
		if (is_same(&question->sought, sought))
			return true;
	}
	return false;
}

static void end(struct dfa_question *question)
{
	struct dfa_resolve *resolve = question->resolve;

	if (question->state == DFA_QUESTION_ASKED)
		resolve->under_way--;
	dfa_map_del(&resolve->questions, &question->node);
	dfa_list_del(&question->in_order);
	free(question);
}

static void deny(struct dfa_question *question)
{
	struct dfa_resolve *resolve = question->resolve;

	resolve->denied++;
	resolve->ops->deny(resolve->arg, &question->sought);
	end(question);
}

static void conclude(struct dfa_question *question)
{
	struct dfa_resolve *resolve = question->resolve;

	if (!resolve->ops->leads(resolve->arg, question)) {
		deny(question);
		return;
	}
	resolve->found++;
	end(question);
}

/* --- asking ---------------------------------------------------------------- */

static void ask(struct dfa_question *question)
{
	struct dfa_resolve *resolve = question->resolve;

	question->state = DFA_QUESTION_ASKED;
	resolve->under_way++;
	if (!resolve->ops->ask(resolve->arg, question))
		return;
	resolve->failed++;
	end(question);
}

static void ask_more(struct dfa_resolve *resolve)
{
	struct dfa_list *item = resolve->order.next, *next;

	for (; item != &resolve->order; item = next) {
		if (!resolve->is_open ||
		    resolve->under_way == DFA_QUESTIONS_ASKED)
			return;
		next = item->next;
		if (in_order(item)->state == DFA_QUESTION_WAITS)
			ask(in_order(item));
	}
}

void dfa_resolve_open(struct dfa_resolve *resolve, bool is_open)
{
	resolve->is_open = is_open;
	ask_more(resolve);
}

/* Nobody waits any more for what was asked longest ago. */
static bool drop_oldest(struct dfa_resolve *resolve, uint32_t port)
{
	struct dfa_list *item = resolve->order.next;

	for (; item != &resolve->order; item = item->next) {
		struct dfa_question *question = in_order(item);

		if (question->state != DFA_QUESTION_WAITS ||
		    (port && question->sought.port != port))
			continue;
		resolve->failed++;
		end(question);
		return true;
	}
	return false;
}

static size_t count_of(const struct dfa_resolve *resolve, uint32_t port)
{
	const struct dfa_list *item = resolve->order.next;
	size_t count = 0;

	for (; item != &resolve->order; item = item->next)
		count += dfa_container_of(item, const struct dfa_question,
					  in_order)->sought.port == port;
	return count;
}

static bool make_room(struct dfa_resolve *resolve, uint32_t port)
{
	if (count_of(resolve, port) >= DFA_QUESTIONS_OF_PORT)
		return drop_oldest(resolve, port);
	return resolve->questions.count < DFA_QUESTIONS_MAX ||
	       drop_oldest(resolve, 0);
}

int dfa_resolve_seek(struct dfa_resolve *resolve,
		     const struct dfa_sought *sought)
{
	struct dfa_question *question;

	if (is_asked(resolve, sought))
		return 0;
	resolve->asked++;
	if (!make_room(resolve, sought->port)) {
		resolve->failed++;
		return 0;
	}
	question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	question->resolve = resolve;
	question->sought = *sought;
	dfa_map_add(&resolve->questions, &question->node, hash(sought));
	dfa_list_add(&resolve->order, &question->in_order);
	ask_more(resolve);
	return 0;
}

/* --- answers --------------------------------------------------------------- */

void dfa_resolve_answer(struct dfa_question *question,
			const struct dfa_uuid *port)
{
	struct dfa_resolve *resolve = question->resolve;
	int known;

	if (!port) {
		deny(question);
		ask_more(resolve);
		return;
	}
	resolve->under_way--;
	question->state = DFA_QUESTION_FOUND;
	question->found = *port;
	known = resolve->ops->follow(resolve->arg, question);
	if (known > 0) {
		conclude(question);
	} else if (known < 0) {
		resolve->failed++;
		end(question);
	}
	ask_more(resolve);
}

void dfa_resolve_fail(struct dfa_question *question)
{
	struct dfa_resolve *resolve = question->resolve;

	resolve->failed++;
	end(question);
	ask_more(resolve);
}

bool dfa_resolve_known(struct dfa_resolve *resolve, const struct dfa_uuid *port)
{
	struct dfa_list *item = resolve->order.next, *next;
	bool is_sought = false;

	for (; item != &resolve->order; item = next) {
		struct dfa_question *question = in_order(item);

		next = item->next;
		if (question->state != DFA_QUESTION_FOUND ||
		    !dfa_uuid_equal(&question->found, port))
			continue;
		is_sought = true;
		conclude(question);
	}
	return is_sought;
}

/* --- start and stop -------------------------------------------------------- */

void dfa_resolve_init(struct dfa_resolve *resolve,
		      const struct dfa_resolve_ops *ops, void *arg)
{
	*resolve = (struct dfa_resolve){ .ops = ops, .arg = arg };
	dfa_map_init(&resolve->questions);
	dfa_list_init(&resolve->order);
}

void dfa_resolve_fini(struct dfa_resolve *resolve)
{
	if (!resolve->ops)
		return;
	while (!dfa_list_is_empty(&resolve->order))
		end(in_order(resolve->order.next));
	dfa_map_fini(&resolve->questions);
}
