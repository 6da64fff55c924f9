/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVASION_CGROUP_H
#define EVASION_CGROUP_H

#include <stddef.h>

/* A new cgroup that the attacker may enter: in the tree that is there, or in a freshly mounted one. False with errno. */
bool cgroup_make(char *path, size_t size);

#endif
