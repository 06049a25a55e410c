# SPDX-License-Identifier: GPL-2.0
#
# The module's packet parser, built in userspace: kernel/ stands in for the
# kernel's headers.
KEY_SRCS := selftests/unit/test_key.c kmod/path/key.c
KEY_OBJS := $(call asan_objs,$(KEY_SRCS))
$(KEY_OBJS): CPPFLAGS += -Iselftests/unit/kernel -Ikmod/path
$(BUILD)/asan/selftests/unit/test_key.o: selftests/unit/key_vectors.h
$(BUILD)/unit/test_key: $(KEY_OBJS)
	$(call link_asan,-lcmocka)
UNIT_TARGETS += $(BUILD)/unit/test_key
SRCS += $(KEY_SRCS)
