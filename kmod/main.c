// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading; a hypervisor for every network namespace. */
#include <linux/module.h>
#include <net/netns/generic.h>

#include "control/claim.h"
#include "control/netlink.h"
#include "df.h"
#include "path/claim.h"
#include "path/classifier.h"
#include "path/ct.h"
#include "path/flow.h"
#include "path/lookup.h"
#include "path/tunnel.h"
#include "table/address.h"
#include "table/chassis.h"
#include "table/hold.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"
#include "table/route.h"
#include "table/router.h"
#include "table/secgroup.h"

#define CREATE_TRACE_POINTS
#include "control/tracepoint.h"

static unsigned int df_net_id __read_mostly;

struct workqueue_struct *df_workqueue __ro_after_init;

/* The hypervisor that @net is. It lives as long as the namespace. */
struct df_net *df_net_get(const struct net *net)
{
	return net_generic(net, df_net_id);
}

static int df_net_init_routing(struct df_net *dn)
{
	int err;

	err = df_addresses_init(dn);
	if (err)
		return err;
	err = df_table_init(&dn->routers);
	if (err)
		goto err_addresses;
	err = df_interfaces_init(dn);
	if (err)
		goto err_routers;
	err = df_table_init(&dn->routes);
	if (err)
		goto err_interfaces;
	return 0;

err_interfaces:
	df_interfaces_fini(dn);
err_routers:
	df_table_fini(&dn->routers);
err_addresses:
	df_addresses_fini(dn);
	return err;
}

static void df_net_fini_routing(struct df_net *dn)
{
	df_table_fini(&dn->routes);
	df_interfaces_fini(dn);
	df_table_fini(&dn->routers);
	df_addresses_fini(dn);
}

static int df_net_init_tables(struct df_net *dn)
{
	int err;

	err = df_table_init(&dn->networks);
	if (err)
		return err;
	err = df_holds_init(dn);
	if (err)
		goto err_networks;
	err = df_ports_init(dn);
	if (err)
		goto err_holds;
	err = df_table_init(&dn->chassis);
	if (err)
		goto err_ports;
	err = df_peers_init(dn);
	if (err)
		goto err_chassis;
	err = df_net_init_routing(dn);
	if (err)
		goto err_peers;
	err = df_secgroups_init(dn);
	if (err)
		goto err_routing;
	err = df_flows_init(dn);
	if (err)
		goto err_secgroups;
	return 0;

err_secgroups:
	df_secgroups_fini(dn);
err_routing:
	df_net_fini_routing(dn);
err_peers:
	df_peers_fini(dn);
err_chassis:
	df_table_fini(&dn->chassis);
err_ports:
	df_ports_fini(dn);
err_holds:
	df_holds_fini(dn);
err_networks:
	df_table_fini(&dn->networks);
	return err;
}

static void df_net_fini_tables(struct df_net *dn)
{
	df_flows_fini(dn);
	df_secgroups_fini(dn);
	df_net_fini_routing(dn);
	df_peers_fini(dn);
	df_table_fini(&dn->chassis);
	df_ports_fini(dn);
	df_holds_fini(dn);
	df_table_fini(&dn->networks);
}

static int __net_init df_net_init(struct net *net)
{
	struct df_net *dn = df_net_get(net);
	int err;

	dn->net = net;
	mutex_init(&dn->lock);
	xa_init(&dn->vnis);
	xa_init(&dn->attachments);
	df_ct_init(dn);
	INIT_LIST_HEAD(&dn->locals);
	INIT_LIST_HEAD(&dn->tunnels);
	INIT_DELAYED_WORK(&dn->flow_gc, df_local_age_work);
	dn->flow_idle_ms = DF_FLOW_IDLE_MS;
	dn->log_rate = DF_LOG_RATE;
	dn->log_burst = DF_LOG_BURST;
	spin_lock_init(&dn->log_lock);
	dn->generations = kvcalloc(1 << DF_GENERATION_BITS,
				   sizeof(*dn->generations), GFP_KERNEL);
	if (!dn->generations)
		return -ENOMEM;
	dn->unbound_drops = alloc_percpu(u64);
	if (!dn->unbound_drops) {
		err = -ENOMEM;
		goto err_generations;
	}
	dn->claims = df_claims_new(dn, df_claims_work);
	if (!dn->claims) {
		err = -ENOMEM;
		goto err_drops;
	}
	dn->lookups = df_lookups_new(dn, df_lookups_work);
	if (!dn->lookups) {
		err = -ENOMEM;
		goto err_claims;
	}
	err = df_net_init_tables(dn);
	if (err)
		goto err_lookups;
	return 0;

err_lookups:
	df_lookups_free(dn->lookups);
err_claims:
	df_claims_free(dn->claims);
err_drops:
	free_percpu(dn->unbound_drops);
err_generations:
	kvfree(dn->generations);
	return err;
}

/* The devices have left the namespace, and their filters with them. */
static void __net_exit df_net_exit(struct net *net)
{
	struct df_net *dn = df_net_get(net);

	mutex_lock(&dn->lock);
	df_change_begin(dn);
	df_route_del_all(dn);
	df_interface_del_all(dn);
	df_router_del_all(dn);
	df_port_del_all(dn, false);
	df_chassis_del_all(dn);
	df_port_del_all(dn, true);
	df_secgroup_del_all(dn);
	df_network_del_all(dn);
	df_change_end(dn);
	mutex_unlock(&dn->lock);
	/* First: what has waited walks, and may start each of the others. */
	df_lookups_free(dn->lookups);
	/* No port, no entry; the work does not start itself again. */
	cancel_delayed_work_sync(&dn->flow_gc);
	df_claims_free(dn->claims);
	df_ct_fini(dn);
	df_net_fini_tables(dn);
	xa_destroy(&dn->vnis);
	xa_destroy(&dn->attachments);
	free_percpu(dn->unbound_drops);
	kvfree(dn->generations);
}

static struct pernet_operations df_net_ops = {
	.init = df_net_init,
	.exit = df_net_exit,
	.id = &df_net_id,
	.size = sizeof(struct df_net),
};

static int __init df_init(void)
{
	int err;

	df_workqueue = alloc_workqueue("dragonflow", WQ_UNBOUND, 0);
	if (!df_workqueue)
		return -ENOMEM;
	df_encap_init();
	err = df_flow_cache_init();
	if (err)
		goto err_workqueue;
	err = register_pernet_subsys(&df_net_ops);
	if (err)
		goto err_flow_cache;
	err = df_classifier_init();
	if (err)
		goto err_net;
	/* Last: from here on userspace can call us. */
	err = df_netlink_init();
	if (err)
		goto err_classifier;
	return 0;

err_classifier:
	df_classifier_fini();
err_net:
	unregister_pernet_subsys(&df_net_ops);
	rcu_barrier();
err_flow_cache:
	df_flow_cache_fini();
err_workqueue:
	destroy_workqueue(df_workqueue);
	return err;
}

/* The core lets no module go while a filter of its kind exists. */
static void __exit df_exit(void)
{
	df_netlink_fini();
	df_classifier_fini();
	unregister_pernet_subsys(&df_net_ops);
	/* Callbacks that free what readers have seen are ours. */
	rcu_barrier();
	df_flow_cache_fini();
	destroy_workqueue(df_workqueue);
}

module_init(df_init);
module_exit(df_exit);

MODULE_DESCRIPTION("Dragonflow virtual networks");
MODULE_AUTHOR("The Dragonflow developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(DF_VERSION);
MODULE_ALIAS_GENL_FAMILY(DRAGONFLOW_FAMILY_NAME);
/* The names by which older and newer kernels ask for a classifier. */
MODULE_ALIAS("cls_dragonflow");
MODULE_ALIAS("net-cls-dragonflow");
