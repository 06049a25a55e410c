// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "table/local.h"
#include "table/port.h"

/* A port's part with a device; nobody sees it yet. Context: may sleep. */
struct df_local *df_local_new(u32 id, bool is_tunnel)
{
	struct df_local *local;

	local = kzalloc(sizeof(*local), GFP_KERNEL_ACCOUNT);
	if (!local)
		return NULL;
	local->stats = df_stats_new();
	if (!local->stats) {
		kfree(local);
		return NULL;
	}
	local->id = id;
	local->is_tunnel = is_tunnel;
	df_flow_owner_init(&local->flows);
	spin_lock_init(&local->bucket_lock);
	df_lookup_owner_init(&local->lookups);
	return local;
}

static void local_free(struct df_local *local)
{
	free_percpu(local->stats);
	kfree(local);
}

/* Nobody has seen it. */
void df_local_free(struct df_local *local)
{
	if (!local)
		return;
	df_ct_zone_free(local->zone);
	local_free(local);
}

static void local_free_rcu(struct rcu_head *rcu)
{
	local_free(container_of(rcu, struct df_local, rcu));
}

static void local_bind(struct df_local *local,
		       struct df_attachment *attachment)
{
	rcu_assign_pointer(local->dev, attachment->dev);
	if (local->is_tunnel && attachment->is_tunnel)
		rcu_assign_pointer(local->tunnel, &attachment->tunnel);
	rcu_assign_pointer(attachment->local, local);
}

static void local_unbind(struct df_local *local)
{
	RCU_INIT_POINTER(local->dev, NULL);
	RCU_INIT_POINTER(local->tunnel, NULL);
}

/* Publish @local, complete, and bind it to a device that waits for it. */
void df_local_add(struct df_net *dn, struct df_local *local)
{
	struct df_attachment *attachment;

	lockdep_assert_held(&dn->lock);
	list_add_tail(&local->list, &dn->locals);
	if (local->is_tunnel)
		list_add_tail_rcu(&local->of_tunnels, &dn->tunnels);
	attachment = xa_load(&dn->attachments, local->id);
	if (attachment)
		local_bind(local, attachment);
}

/*
 * Take @local away from its device and from the flow cache, and free it after
 * the last reader. The port's generation has moved.
 */
void df_local_del(struct df_net *dn, struct df_local *local)
{
	struct df_attachment *attachment;

	lockdep_assert_held(&dn->lock);
	attachment = xa_load(&dn->attachments, local->id);
	if (attachment)
		RCU_INIT_POINTER(attachment->local, NULL);
	list_del(&local->list);
	if (local->is_tunnel)
		list_del_rcu(&local->of_tunnels);
	df_flow_owner_kill(dn, &local->flows);
	df_lookup_owner_kill(dn, &local->lookups);
	df_ct_zone_free(local->zone);
	call_rcu(&local->rcu, local_free_rcu);
}

/* The local part of a port, or NULL. Caller under the lock. */
struct df_local *df_local_find(struct df_net *dn, u32 id)
{
	struct df_port *port = df_port_find(dn, id);

	return port && df_port_is_local(port) ? port->local : NULL;
}

/* Let unused flow entries go, as long as there are any. */
void df_local_age_work(struct work_struct *work)
{
	struct df_net *dn = container_of(work, struct df_net, flow_gc.work);
	struct df_local *local;
	unsigned long pause;

	mutex_lock(&dn->lock);
	list_for_each_entry(local, &dn->locals, list)
		df_flow_owner_age(dn, &local->flows);
	pause = msecs_to_jiffies(dn->flow_idle_ms) / 4;
	mutex_unlock(&dn->lock);

	if (atomic_read(&dn->flow_count))
		queue_delayed_work(df_workqueue, &dn->flow_gc,
				   clamp(pause, HZ / 20UL, 5UL * HZ));
}

/**
 * df_attachment_add() - a device begins to be a port
 * @dn: namespace, its lock held
 * @attachment: with its device and port id filled in
 *
 * Return: -EBUSY if another device is that port; -ENOMEM.
 */
int df_attachment_add(struct df_net *dn, struct df_attachment *attachment)
{
	struct df_local *local;
	int err;

	lockdep_assert_held(&dn->lock);
	err = xa_insert(&dn->attachments, attachment->port_id, attachment,
			GFP_KERNEL);
	if (err)
		return err;
	local = df_local_find(dn, attachment->port_id);
	if (local)
		local_bind(local, attachment);
	return 0;
}

/*
 * A device becomes another port, from one packet to the next: none meets it
 * without. Fails as df_attachment_add() does.
 */
int df_attachment_move(struct df_net *dn, struct df_attachment *attachment,
		       u32 port_id)
{
	struct df_local *local, *old;
	int err;

	lockdep_assert_held(&dn->lock);
	err = xa_insert(&dn->attachments, port_id, attachment, GFP_KERNEL);
	if (err)
		return err;
	old = rcu_dereference_protected(attachment->local, df_is_locked(dn));
	if (old)
		local_unbind(old);
	xa_erase(&dn->attachments, attachment->port_id);
	WRITE_ONCE(attachment->port_id, port_id);
	local = df_local_find(dn, port_id);
	if (local)
		local_bind(local, attachment);
	else
		RCU_INIT_POINTER(attachment->local, NULL);
	return 0;
}

/* A device ceases to be a port. Readers may see @attachment a little longer. */
void df_attachment_del(struct df_net *dn, struct df_attachment *attachment)
{
	struct df_local *local;

	lockdep_assert_held(&dn->lock);
	local = rcu_dereference_protected(attachment->local, df_is_locked(dn));
	RCU_INIT_POINTER(attachment->local, NULL);
	if (local)
		local_unbind(local);
	xa_erase(&dn->attachments, attachment->port_id);
}
