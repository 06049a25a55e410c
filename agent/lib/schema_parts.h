/* SPDX-License-Identifier: GPL-2.0 */
/* Fields that many models have, for the tables of the models. */
#ifndef DF_LIB_SCHEMA_PARTS_H
#define DF_LIB_SCHEMA_PARTS_H

#define ID(text)							\
	{ .name = "id", .type = DF_TYPE_UUID,				\
	  .flags = DF_FIELD_IMMUTABLE | DF_FIELD_ALLOCATED | DF_FIELD_COLUMN, \
	  .doc = text }
#define REVISION							\
	{ .name = "revision", .type = DF_TYPE_UINT, .min = 1,		\
	  .max = INT64_MAX, .flags = DF_FIELD_ASSIGNED,			\
	  .doc = "Counts the changes of the object, from 1." }
#define KEY								\
	{ .name = "key", .type = DF_TYPE_UINT, .min = 1,		\
	  .max = 0xfffeffff,						\
	  .flags = DF_FIELD_ASSIGNED | DF_FIELD_UNIQUE,			\
	  .doc = "What the kernel module knows the object by." }
#define NAME								\
	{ .name = "name", .type = DF_TYPE_STRING, .max = 255,		\
	  .flags = DF_FIELD_COLUMN, .doc = "A name for people." }
#define PROJECT								\
	{ .name = "project_id", .type = DF_TYPE_STRING, .max = 255,	\
	  .doc = "The tenant that the object belongs to." }
#define DESCRIPTION							\
	{ .name = "description", .type = DF_TYPE_STRING, .max = 4095,	\
	  .doc = "A text for people." }
#define TAGS								\
	{ .name = "tags", .type = DF_TYPE_STRING, .max = 255,		\
	  .flags = DF_FIELD_LIST, .doc = "Words for filtering." }
#define QOS								\
	{ .name = "qos_policy_id", .type = DF_TYPE_UUID,		\
	  .doc = "The QoS policy that applies." }

#endif
