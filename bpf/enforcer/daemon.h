/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_DAEMON_H
#define KA_DAEMON_H

#include "exit_code.h"
#include "loader.h"

/*
 * Serves one agent: commands on in_fd, answers and events on out_fd, until the agent is gone or a signal on stop_fd.
 *
 * Invariants
 *  1. Every command is answered by one frame, in order. Commands wait only when the agent leaves ANSWERS_ROOM bytes
 *     of answers unread.
 *  2. Events never take the room that answers need, and answers overtake events that wait. An event that finds no room stays in the kernel's ring; a full ring
 *     is where losses happen, and the kernel counts them.
 *  3. No event goes out before KA_FRAME_READY.
 */
int daemon_serve(struct loader *loader, int in_fd, int out_fd, int stop_fd, struct failure *failure);

#endif
