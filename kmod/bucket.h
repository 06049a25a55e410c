/* SPDX-License-Identifier: GPL-2.0 */
/* Buckets of tokens: so many of something in a second, and so many at once. */
#ifndef DF_BUCKET_H
#define DF_BUCKET_H

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/types.h>

/**
 * struct df_bucket - how many tokens are left; whose it is locks it
 * @tokens: at @time
 * @time: jiffies; 0 as long as none was taken
 */
struct df_bucket {
	u32 tokens;
	unsigned long time;
};

/* How many tokens there are by now. */
static inline u32 df_bucket_tokens(const struct df_bucket *bucket, u32 rate,
				   u32 burst, unsigned long now)
{
	u64 tokens = bucket->tokens +
		div_u64((u64)(now - bucket->time) * rate, HZ);

	/* Nothing has been taken yet, or not for long. */
	if (!bucket->time || tokens > burst)
		tokens = burst;
	return tokens;
}

/* Take a token, if there is one. */
static inline bool df_bucket_take(struct df_bucket *bucket, u32 rate, u32 burst)
{
	unsigned long now = jiffies;
	u32 tokens = df_bucket_tokens(bucket, rate, burst, now);

	if (tokens != bucket->tokens)
		bucket->time = now;
	bucket->tokens = tokens ? tokens - 1 : 0;
	return tokens;
}

#endif /* DF_BUCKET_H */
