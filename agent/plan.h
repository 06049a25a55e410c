/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_PLAN_H
#define DFA_PLAN_H

#include "state.h"

/**
 * struct dfa_step - one request to the kernel
 * @is_delete: DEL, else NEW
 * @kind: of the object
 * @id: of the object
 * @value: of a NEW, holds what it points to; of a DEL of a member, which one
 */
struct dfa_step {
	bool is_delete;
	uint8_t kind;
	uint32_t id;
	union dfa_value value;
};

struct dfa_plan {
	struct dfa_step *step;
	size_t count;
	size_t size;
};

/**
 * dfa_plan_make() - the steps that turn what exists into what is wanted
 * @plan: filled; to be freed with dfa_plan_free()
 * @state: looked at where it is dirty; left as it was
 *
 * The kernel accepts the steps in this order: an object comes after those that
 * it names and goes before them, and what must be unique (a MAC or an IP address
 * in its network, a subnet of a router, a VNI) is given up by the old holder
 * before the new one takes it. Apart from
 * that, the new is made before the old is removed. What this plan could not
 * hold is dirty after it was run, and is the next plan's.
 *
 * Return: 0 or -ENOMEM.
 */
int dfa_plan_make(struct dfa_plan *plan, struct dfa_state *state);
void dfa_plan_free(struct dfa_plan *plan);

/* --- between plan.c and release.c ------------------------------------------- */

int dfa_plan_add(struct dfa_plan *plan, const struct dfa_step *step);
/*
 * Steps by which IP addresses are given up that others take: the old holder
 * stays as it is otherwise, so this is always possible.
 */
int dfa_plan_releases(struct dfa_plan *plan, const struct dfa_state *state);

#endif
