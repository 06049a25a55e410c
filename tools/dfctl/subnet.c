// SPDX-License-Identifier: GPL-2.0
/* Addresses of ports and router interfaces: the subnet that holds one need not be typed. */
#include <string.h>

#include "nb.h"

/* The subnet of the network whose prefix holds the address, the longest one. */
static const char *subnet_find(struct df_obj *const *subnets, size_t count,
			       const char *network, const struct df_ip *ip)
{
	const char *best = NULL;
	uint8_t longest = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		const char *of = df_obj_string(subnets[i], "network_id");
		struct df_ip cidr;

		if (!of || strcmp(of, network) || df_obj_ip(subnets[i], "cidr", &cidr) ||
		    !df_ip_is_in(ip, &cidr) || (best && cidr.prefix <= longest))
			continue;
		best = df_obj_id(subnets[i]);
		longest = cidr.prefix;
	}
	return best;
}

static int record_fill(const struct dfctl *ctl, json_t *record,
		       struct df_obj *const *subnets, size_t count, const char *network)
{
	const char *address = json_string_value(json_object_get(record, "ip_address"));
	const char *subnet;
	struct df_ip ip;

	/* Nothing to look up, or something that the library refuses better. */
	if (!address || json_object_get(record, "subnet_id") || df_ip_parse(&ip, address))
		return DFCTL_OK;
	subnet = subnet_find(subnets, count, network, &ip);
	if (!subnet) {
		dfctl_err("%s: field 'fixed_ips': no subnet of the network holds %s",
			  ctl->model->name, address);
		return DFCTL_FAILED;
	}
	json_object_set_new(record, "subnet_id", json_string(subnet));
	return DFCTL_OK;
}

static bool needs_subnet(const json_t *ips)
{
	json_t *record;
	size_t i;

	json_array_foreach(ips, i, record) {
		if (json_is_object(record) && !json_object_get(record, "subnet_id"))
			return true;
	}
	return false;
}

/**
 * dfctl_subnets_fill - complete the addresses of a port or router interface
 * @ctl: the command line
 * @fields: what is written; addresses in it get their subnet
 * @object: where its network stands
 *
 * Return: an exit status; a failure was reported.
 */
int dfctl_subnets_fill(struct dfctl *ctl, json_t *fields, const json_t *object)
{
	const char *network = json_string_value(json_object_get(object, "network_id"));
	json_t *ips = json_object_get(fields, "fixed_ips");
	__auto_free char *topic = NULL;
	struct df_error error = { 0 };
	struct df_obj **subnets;
	json_t *record;
	size_t count, i;
	int err = DFCTL_OK;

	if (!network || !needs_subnet(ips))
		return DFCTL_OK;
	topic = dfctl_strf("network/%s", network);
	if (!dfctl_nb(ctl))
		return DFCTL_FAILED;
	if (df_nb_list_sync(ctl->nb, "subnet", topic, &subnets, &count, &error))
		return dfctl_refused(&error);
	json_array_foreach(ips, i, record) {
		if (!err && json_is_object(record))
			err = record_fill(ctl, record, subnets, count, network);
	}
	df_objs_free(subnets, count);
	return err;
}
