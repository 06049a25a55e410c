// SPDX-License-Identifier: GPL-2.0
/*
 * The longest prefix match under libFuzzer. An input is a list of steps, each
 * an addition, a removal or a lookup, and how much memory is left for it. After
 * every step the trie must find what an array of the prefixes has, with the
 * bits of that step and with their complement.
 */
#include <errno.h>

#include "fuzz.h"
#include "lpm_model.h"

unsigned int test_allocations = UINT32_MAX;

enum {
	STEPS_MAX = 512,
	/* of 8 bytes, the memory that is left */
	MEMORY = 7,
};

/* what, length, 4 bytes of the upper half, one of the lower, memory */
struct step {
	uint8_t bytes[8];
};

static struct df_lpm_key step_key(const struct step *step)
{
	const uint8_t *b = step->bytes + 2;

	return (struct df_lpm_key) {
		.hi = (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 |
			(uint64_t)b[2] << 32 | b[3],
		.lo = (uint64_t)b[4] << 56 | b[4],
	};
}

static void add(struct df_lpm *lpm, struct model *model, struct df_lpm_key key,
		uint8_t len)
{
	struct model_prefix *p = malloc(sizeof(*p));
	size_t at;
	int err;

	require(p);
	*p = (struct model_prefix) { .key = key, .len = len };
	err = df_lpm_add(lpm, &key, len, p);
	if (model_get(model, key, len, &at))
		require(err == -EEXIST);
	else
		require(!err || (err == -ENOMEM && !test_allocations));
	if (err)
		free(p);
	else
		model->prefixes[model->count++] = p;
}

static void del(struct df_lpm *lpm, struct model *model, struct df_lpm_key key,
		uint8_t len)
{
	size_t at = 0;
	struct model_prefix *p = model_get(model, key, len, &at);

	df_lpm_del(lpm, &key, len);
	require(!df_lpm_get(lpm, &key, len));
	if (!p)
		return;
	model->prefixes[at] = model->prefixes[--model->count];
	free(p);
}

static void compare(const struct df_lpm *lpm, const struct model *model,
		    struct df_lpm_key key, uint8_t max_len)
{
	require(df_lpm_find_rcu(lpm, &key, max_len) ==
		model_find(model, key, max_len));
}

static void run(struct df_lpm *lpm, struct model *model,
		const struct step *step)
{
	uint8_t len = step->bytes[1] % 129;
	struct df_lpm_key key = step_key(step);
	struct df_lpm_key other = { .hi = ~key.hi, .lo = ~key.lo };

	test_allocations = step->bytes[MEMORY] ? step->bytes[MEMORY] - 1u :
		UINT32_MAX;
	if (step->bytes[0] % 4 < 2)
		add(lpm, model, model_mask(key, len), len);
	else if (step->bytes[0] % 4 == 2)
		del(lpm, model, model_mask(key, len), len);
	compare(lpm, model, key, len);
	compare(lpm, model, key, 128);
	compare(lpm, model, other, 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct model model = { .count = 0 };
	struct df_lpm lpm = { 0 };
	struct step step;
	size_t i;

	for (i = 0; i < STEPS_MAX && size >= sizeof(step); i++) {
		memcpy(&step, input, sizeof(step));
		input += sizeof(step);
		size -= sizeof(step);
		run(&lpm, &model, &step);
	}
	test_allocations = 0;
	while (model.count)
		del(&lpm, &model, model.prefixes[0]->key,
		    model.prefixes[0]->len);
	require(!lpm.root);
	return 0;
}
