/* SPDX-License-Identifier: Apache-2.0 */
#include "hook.h"

#include <string.h>

static const struct {
	const char *target;
	enum ka_hook hook;
} table[] = {
	{ "bprm_check_security", KA_HOOK_SECURITY_BPRM_CHECK },
	{ "file_open", KA_HOOK_FILE_OPEN },
	{ "file_permission", KA_HOOK_FILE_PERMISSION },
	{ "path_mknod", KA_HOOK_FILE_MKNOD },
	{ "path_mkdir", KA_HOOK_FILE_MKDIR },
	{ "path_rmdir", KA_HOOK_FILE_RMDIR },
	{ "path_unlink", KA_HOOK_FILE_UNLINK },
	{ "path_symlink", KA_HOOK_FILE_SYMLINK },
	{ "path_link", KA_HOOK_FILE_LINK },
	{ "path_rename", KA_HOOK_FILE_RENAME },
	{ "path_chmod", KA_HOOK_FILE_CHMOD },
	{ "path_chown", KA_HOOK_FILE_CHOWN },
	{ "path_truncate", KA_HOOK_FILE_TRUNCATE },
	{ "file_truncate", KA_HOOK_FILE_TRUNCATE },
	{ "mmap_file", KA_HOOK_MMAP_FILE },
	{ "file_mprotect", KA_HOOK_MMAP_FILE },
	{ "sb_mount", KA_HOOK_SB_MOUNT },
	{ "sb_pivotroot", KA_HOOK_SB_MOUNT },
	{ "move_mount", KA_HOOK_MOVE_MOUNT },
	{ "capable", KA_HOOK_CAPABLE },
	{ "socket_create", KA_HOOK_SOCKET_CREATE },
	{ "socket_bind", KA_HOOK_SOCKET_BIND },
	{ "socket_listen", KA_HOOK_SOCKET_LISTEN },
	{ "socket_connect", KA_HOOK_SOCKET_CONNECT },
	{ "socket_accept", KA_HOOK_SOCKET_ACCEPT },
	{ "sock_graft", KA_HOOK_SOCKET_ACCEPT },
	{ "socket_sendmsg", KA_HOOK_SOCKET_SENDMSG },
	{ "socket_recvmsg", KA_HOOK_SOCKET_RECVMSG },
};

enum ka_hook hook_of_target(const char *target)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].target, target))
			return table[i].hook;
	return KA_HOOK_NONE;
}

const char *hook_name(enum ka_hook hook)
{
#define HOOK_NAME(name) [KA_HOOK_##name] = #name,
	static const char *const names[KA_HOOK_COUNT] = { KA_HOOKS(HOOK_NAME) };
#undef HOOK_NAME

	return names[hook];
}
