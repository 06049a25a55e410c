// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "generation.h"
#include "table/interface.h"
#include "table/router.h"

static int router_add(struct df_net *dn, const struct df_router_conf *conf)
{
	struct df_router *router;
	int err;

	router = kzalloc(sizeof(*router), GFP_KERNEL_ACCOUNT);
	if (!router)
		return -ENOMEM;
	router->obj.id = conf->id;
	router->flags = conf->flags;
	INIT_LIST_HEAD(&router->interfaces);
	err = df_table_add(&dn->routers, &router->obj);
	if (err)
		kfree(router);
	return err;
}

/* What the router forwards comes by one of its interfaces. */
static void router_move_generations(struct df_net *dn,
				    const struct df_router *router)
{
	const struct df_interface *interface;

	list_for_each_entry(interface, &router->interfaces, of_router)
		df_generation_move(dn, DF_GENERATION_INTERFACE,
				   interface->obj.id);
}

/**
 * df_router_set() - create a router, or change the one with this id
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_router_set(struct df_net *dn, const struct df_router_conf *conf,
		  struct df_refusal *why)
{
	struct df_router *router = df_router_find(dn, conf->id);

	lockdep_assert_held(&dn->lock);
	if (!router)
		return router_add(dn, conf);
	if (router->flags == conf->flags)
		return 0;
	WRITE_ONCE(router->flags, conf->flags);
	router_move_generations(dn, router);
	return 0;
}

static void router_remove(struct df_net *dn, struct df_router *router)
{
	df_table_del(&dn->routers, &router->obj);
	kfree_rcu(router, rcu);
}

int df_router_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_router *router = df_router_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!router)
		return df_refuse(why, -ENOENT, DF_A_ROUTER_ID,
				 "No router has this id");
	if (router->interface_count)
		return df_refuse(why, -EBUSY, DF_A_ROUTER_ID,
				 "The router has interfaces");
	if (router->routes)
		return df_refuse(why, -EBUSY, DF_A_ROUTER_ID,
				 "The router has routes");
	router_remove(dn, router);
	return 0;
}

/* At the end of a namespace; routes and interfaces are gone. */
void df_router_del_all(struct df_net *dn)
{
	struct df_router *router, *next;

	list_for_each_entry_safe(router, next, &dn->routers.list, obj.list)
		router_remove(dn, router);
}
