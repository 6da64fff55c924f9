/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KA_GRACE_H
#define KA_GRACE_H

struct grace {
	int inner;
	int outer;
};

int grace_open(struct grace *grace);
void grace_close(struct grace *grace);

/* Returns when every kernel program that was running at the call has ended. 0 or negative errno. */
int grace_wait(const struct grace *grace);

#endif
