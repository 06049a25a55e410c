// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "path/tunnel.h"
#include "table/chassis.h"
#include "table/network.h"
#include "table/peer.h"

static const struct rhashtable_params peer_params = {
	.head_offset = offsetof(struct df_peer, node),
	.key_offset = offsetof(struct df_peer, key),
	.key_len = sizeof_field(struct df_peer, key),
	.automatic_shrinking = true,
};

int df_peers_init(struct df_net *dn)
{
	return rhashtable_init(&dn->peers, &peer_params);
}

void df_peers_fini(struct df_net *dn)
{
	rhashtable_destroy(&dn->peers);
}

static struct df_peer *peer_new(struct df_net *dn, struct df_network *network,
				struct df_chassis *chassis)
{
	struct df_peer *peer;
	int err;

	peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	peer->key.network = network->obj.id;
	peer->key.chassis = chassis->obj.id;
	peer->network = network;
	peer->chassis = chassis;
	err = df_peer_prepare(peer, &chassis->underlay, network->vni);
	if (err)
		goto err_peer;
	err = rhashtable_insert_fast(&dn->peers, &peer->node, peer_params);
	if (err)
		goto err_prepare;
	df_peer_commit(peer, chassis->tunnel);
	list_add_tail_rcu(&peer->of_network, &network->peers);
	list_add_tail(&peer->of_chassis, &chassis->peers);
	chassis->networks++;
	network->peer_count++;
	return peer;

err_prepare:
	df_peer_abort(peer);
err_peer:
	kfree(peer);
	return ERR_PTR(err);
}

/**
 * df_peer_get() - count one more port of a network on a chassis
 * @dn: namespace, its lock held
 * @network: the network
 * @chassis: the chassis
 *
 * Return: the peer, to be returned by df_peer_put(), or ERR_PTR(-ENOMEM).
 */
struct df_peer *df_peer_get(struct df_net *dn, struct df_network *network,
			    struct df_chassis *chassis)
{
	struct df_peer_key key = {
		.network = network->obj.id,
		.chassis = chassis->obj.id,
	};
	struct df_peer *peer;

	lockdep_assert_held(&dn->lock);
	peer = rhashtable_lookup_fast(&dn->peers, &key, peer_params);
	if (!peer)
		peer = peer_new(dn, network, chassis);
	if (!IS_ERR(peer))
		peer->ports++;
	return peer;
}

/* One port less. The ports' generations have moved before: see generation.h. */
void df_peer_put(struct df_net *dn, struct df_peer *peer)
{
	lockdep_assert_held(&dn->lock);
	if (--peer->ports)
		return;
	list_del_rcu(&peer->of_network);
	list_del(&peer->of_chassis);
	rhashtable_remove_fast(&dn->peers, &peer->node, peer_params);
	peer->chassis->networks--;
	peer->network->peer_count--;
	df_encap_free(rcu_dereference_protected(peer->encap,
						df_is_locked(dn)));
	kfree_rcu(peer, rcu);
}

/**
 * df_peer_prepare() - allocate what a change of a peer needs
 * @peer: the peer
 * @underlay: endpoints to be
 * @vni: network identifier to be, or DF_VNI_NONE
 *
 * Follow with df_peer_commit(), which cannot fail, or df_peer_abort().
 *
 * Return: 0 or -ENOMEM.
 */
int df_peer_prepare(struct df_peer *peer, const struct df_underlay *underlay,
		    u32 vni)
{
	if (vni == DF_VNI_NONE)
		return 0;
	peer->next = df_encap_new(underlay, vni);
	return peer->next ? 0 : -ENOMEM;
}

void df_peer_commit(struct df_peer *peer, struct df_local *tunnel)
{
	struct df_encap *old;

	rcu_assign_pointer(peer->tunnel, tunnel);
	old = rcu_replace_pointer(peer->encap, peer->next, true);
	peer->next = NULL;
	df_encap_free(old);
}

void df_peer_abort(struct df_peer *peer)
{
	df_encap_free(peer->next);
	peer->next = NULL;
}
