# SPDX-License-Identifier: GPL-2.0
#
# The frames that dfctl makes and finds.
FRAME_SRCS := selftests/unit/test_frame.c tools/dfctl/frame.c tools/dfctl/pcap.c
$(call asan_objs,selftests/unit/test_frame.c): CPPFLAGS += -I.
$(BUILD)/unit/test_frame: $(call asan_objs,$(FRAME_SRCS))
	$(call link_asan,-lcmocka)
UNIT_TARGETS += $(BUILD)/unit/test_frame
SRCS += selftests/unit/test_frame.c
