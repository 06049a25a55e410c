# SPDX-License-Identifier: GPL-2.0
#
# The module's longest prefix match, built in userspace like its parser.
LPM_SRCS := selftests/unit/test_lpm.c kmod/table/lpm.c
LPM_OBJS := $(call asan_objs,$(LPM_SRCS))
$(LPM_OBJS): CPPFLAGS += -Iselftests/unit/kernel -Iselftests/unit -Ikmod/table
$(BUILD)/unit/test_lpm: $(LPM_OBJS)
	$(call link_asan,-lcmocka)
UNIT_TARGETS += $(BUILD)/unit/test_lpm
SRCS += $(LPM_SRCS)
