# SPDX-License-Identifier: GPL-2.0
# libdragonflow.so and its database drivers. A new driver: one line in
# DF_DRIVERS and its sources and libraries, as for sqlite.

DF_LIB_SRCS := $(wildcard agent/lib/*.c)
DF_LIB_PKG := $(call pkg_cflags,jansson libevent_core)
DF_LIB_LIBS := $(call pkg_libs,jansson libevent_core) -ldl
DF_LIB_SO := $(BUILD)/lib/libdragonflow.so
DF_SONAME := libdragonflow.so.0
DF_LIB_LDFLAGS := $(DF_LIB_LIBS) -Wl,-soname,$(DF_SONAME) \
	-Wl,--version-script=agent/lib/dragonflow.map -Wl,-z,defs

$(call objs,$(DF_LIB_SRCS)) $(call asan_objs,$(DF_LIB_SRCS)): CPPFLAGS += \
	$(DF_LIB_PKG) -DDF_DRIVER_DIR='"$(plugindir)"'
SRCS += $(DF_LIB_SRCS)

$(BUILD)/lib/$(DF_SONAME): $(call objs,$(DF_LIB_SRCS)) agent/lib/dragonflow.map
	$(call link_so,$(DF_LIB_LDFLAGS))
$(DF_LIB_SO): $(BUILD)/lib/$(DF_SONAME)
	$(Q)ln -sf $(DF_SONAME) $@

DF_DRIVERS := sqlite zookeeper etcd redis
# Drivers of servers share what their URIs have in common.
DF_DB_URI := agent/lib/db/uri.c
DF_sqlite_SRCS := $(wildcard agent/lib/db/sqlite*.c)
DF_sqlite_PKG := $(call pkg_cflags,sqlite3)
DF_sqlite_LIBS := $(call pkg_libs,sqlite3)
# Debian's has no pkg-config file. THREADED: the prototypes of the one with threads.
DF_zookeeper_SRCS := $(wildcard agent/lib/db/zookeeper*.c) $(DF_DB_URI)
DF_zookeeper_PKG := -DTHREADED
DF_zookeeper_LIBS := -lzookeeper_mt -pthread
DF_etcd_SRCS := $(wildcard agent/lib/db/etcd*.c) $(DF_DB_URI)
DF_etcd_PKG := $(call pkg_cflags,libcurl)
DF_etcd_LIBS := $(call pkg_libs,libcurl)
# hiredis 0.14 does not speak TLS and waits for name servers: libevent does.
DF_redis_SRCS := $(wildcard agent/lib/db/redis*.c) $(DF_DB_URI)
DF_redis_PKG := $(call pkg_cflags,hiredis libevent_openssl libevent_extra openssl)
# Not pkg-config's: that is all of libevent, beside the part that the library has.
DF_redis_LIBS := -lhiredis -levent_openssl -levent_extra -lssl -lcrypto

define df_driver
$(call objs,$(DF_$(1)_SRCS)) $(call asan_objs,$(DF_$(1)_SRCS)): \
	CPPFLAGS += $(DF_LIB_PKG) $(DF_$(1)_PKG)
$(BUILD)/lib/dragonflow/$(1).so: $(call objs,$(DF_$(1)_SRCS)) $(DF_LIB_SO)
	$$(call link_so,-ldragonflow $(DF_LIB_LIBS) $(DF_$(1)_LIBS))
SRCS += $(DF_$(1)_SRCS)
LIB_TARGETS += $(BUILD)/lib/dragonflow/$(1).so
INSTALL += 755:$(BUILD)/lib/dragonflow/$(1).so:$(plugindir)/$(1).so
endef
$(foreach driver,$(DF_DRIVERS),$(eval $(call df_driver,$(driver))))

$(BUILD)/lib/dragonflow.pc: agent/lib/dragonflow.pc.in
	$(Q)mkdir -p $(@D) && sed -e 's|@prefix@|$(PREFIX)|' \
		-e 's|@libdir@|$(libdir)|' -e 's|@plugindir@|$(plugindir)|' \
		-e 's|@includedir@|$(includedir)|' \
		-e 's|@version@|$(VERSION)|' $< >$@

LIB_TARGETS += $(DF_LIB_SO) $(BUILD)/lib/dragonflow.pc
INSTALL += 755:$(BUILD)/lib/$(DF_SONAME):$(libdir)/$(DF_SONAME) \
	link:$(DF_SONAME):$(libdir)/libdragonflow.so \
	644:agent/lib/dragonflow.h:$(includedir)/dragonflow/dragonflow.h \
	644:agent/lib/db.h:$(includedir)/dragonflow/db.h \
	644:agent/lib/cloud.h:$(includedir)/dragonflow/cloud.h \
	644:$(BUILD)/lib/dragonflow.pc:$(pkgconfigdir)/dragonflow.pc

# Documentation/models.md is made from the tables; a test compares.
DF_MODELS_MD := $(BUILD)/doc/models_md
$(DF_MODELS_MD): $(call objs,agent/lib/doc/models_md.c) $(DF_LIB_SO)
	$(call link,-ldragonflow)
SRCS += agent/lib/doc/models_md.c
LIB_TARGETS += $(DF_MODELS_MD)

.PHONY: docs-models
docs-models: $(DF_MODELS_MD)
	$(Q)LD_LIBRARY_PATH=$(BUILD)/lib $(DF_MODELS_MD) >Documentation/models.md
