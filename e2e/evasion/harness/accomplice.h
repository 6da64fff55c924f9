/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVASION_ACCOMPLICE_H
#define EVASION_ACCOMPLICE_H

#include <sys/types.h>

/*
 * A process of another program, which the rule does not block as a source. It opens the target, keeps the descriptor
 * open and offers it over the returned socket. -1 with errno when it could not be started or could not open.
 */
int accomplice_start(pid_t *pid, int *its_descriptor);

#endif
