/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_FIXTURES_H
#define KA_FIXTURES_H

/* Writes one frame of each kind that goes to the agent, with fixed contents, as DIR/KIND.bin. 0 or negative errno. */
int fixtures_write(const char *dir);

#endif
