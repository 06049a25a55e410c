/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_CONFIG_H
#define DFA_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "dragonflow.h"
#include "log.h"
#include "state.h"

#define DFA_CONFIG_FILE "/etc/dragonflow/dragonflowd.conf"

enum {
	DFA_MAX_ENCAPS = 8,
	DFA_MAX_CHASSIS_NAME = 255,
};

enum dfa_encap_type {
	DFA_ENCAP_VXLAN,
	DFA_ENCAP_GENEVE,
	DFA_ENCAP_TYPES,
};

struct dfa_encap {
	enum dfa_encap_type type;
	struct dfa_address address;
};

enum dfa_dataplane {
	DFA_DATAPLANE_KERNEL,
	DFA_DATAPLANE_NONE,
};

/**
 * struct dfa_config - the settings of an agent
 * @encap: in order of preference
 * @security_log_rate: log messages in a second that a port may bring about
 * @security_log_burst: how many of these at once
 * @on_demand_age: seconds after which a port that was looked for, and is not
 *	used any more, is forgotten
 * @control_socket: where dfctl asks; made of @run_dir and @chassis if not given
 * @state_dir: where the last known state is kept
 *
 * All texts belong to the struct.
 */
struct dfa_config {
	char *database;
	char *chassis;
	char *control_socket;
	char *run_dir;
	char *state_dir;
	struct dfa_encap encap[DFA_MAX_ENCAPS];
	size_t encap_count;
	enum dfa_log_level log_level;
	enum dfa_dataplane dataplane;
	uint32_t security_log_rate;
	uint32_t security_log_burst;
	uint32_t on_demand_age;
};

void dfa_config_init(struct dfa_config *config);
void dfa_config_fini(struct dfa_config *config);

/* One setting, as in the file: a repeated encap is one more encapsulation. */
int dfa_config_set(struct dfa_config *config, const char *key,
		   const char *value, struct df_error *error);
/* A whole file's text; the error says file and line. */
int dfa_config_parse(struct dfa_config *config, const char *text,
		     const char *file, struct df_error *error);
int dfa_config_read(struct dfa_config *config, const char *file,
		    struct df_error *error);
/* Fill in what was not set, and check what only makes sense together. */
int dfa_config_finish(struct dfa_config *config, struct df_error *error);

const char *dfa_encap_name(enum dfa_encap_type type);
int dfa_encap_type_parse(const char *name, enum dfa_encap_type *type);

int dfa_error_set(struct df_error *error, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
