# SPDX-License-Identifier: GPL-2.0
#
# The hash of the module's flow cache, built in userspace like its parser.
HASH_SRCS := selftests/unit/test_hash.c
HASH_OBJS := $(call asan_objs,$(HASH_SRCS))
$(HASH_OBJS): CPPFLAGS += -Iselftests/unit/kernel -Ikmod
$(BUILD)/unit/test_hash: $(HASH_OBJS)
	$(call link_asan,-lcmocka)
UNIT_TARGETS += $(BUILD)/unit/test_hash
SRCS += $(HASH_SRCS)
