/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Compiled for its BTF alone, by tools/gen-abi.ts: one variable per type that another language needs to know. */

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;

#include "event.h"
#include "frame.h"
#include "limits.h"
#include "plan.h"

#define EXPORT_STRUCT(name) struct name export_##name;
#define EXPORT_ENUM(name) enum name export_##name;

EXPORT_ENUM(ka_access_bit)
EXPORT_ENUM(ka_class)
EXPORT_ENUM(ka_code)
EXPORT_ENUM(ka_counter)
EXPORT_ENUM(ka_event_kind)
EXPORT_ENUM(ka_frame_kind)
EXPORT_ENUM(ka_hook)
EXPORT_ENUM(ka_network_direction)
EXPORT_ENUM(ka_ring)
EXPORT_ENUM(ka_verdict)

EXPORT_STRUCT(ka_cell)
EXPORT_STRUCT(ka_class_plan)
EXPORT_STRUCT(ka_edge)
EXPORT_STRUCT(ka_event_access)
EXPORT_STRUCT(ka_frame_ack)
EXPORT_STRUCT(ka_frame_cgroup_id)
EXPORT_STRUCT(ka_frame_cgroup_name)
EXPORT_STRUCT(ka_frame_events_taken)
EXPORT_STRUCT(ka_frame_hello)
EXPORT_STRUCT(ka_frame_plan_put)
EXPORT_STRUCT(ka_frame_stats)
EXPORT_STRUCT(ka_frame_workload)
EXPORT_STRUCT(ka_frame_workload_drop)
EXPORT_STRUCT(ka_frame_workload_set)
EXPORT_STRUCT(ka_header)
EXPORT_STRUCT(ka_plan)
EXPORT_STRUCT(ka_row)
EXPORT_STRUCT(ka_source_plan)
EXPORT_STRUCT(ka_state)
