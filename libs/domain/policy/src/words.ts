/** Names of protocols and socket types that network rules know, as normalised rules carry them. */
export const protocolWords = [
  'TCP',
  'UDP',
  'ICMP',
  'ICMPV6',
  'SCTP',
  'STREAM',
  'DGRAM',
  'RAW',
  'RDM',
  'SEQPACKET',
  'DCCP',
  'PACKET',
  'ALL',
] as const;

/** Capabilities by their number in the kernel (include/uapi/linux/capability.h). */
export const capabilityWords = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** How many of `capabilityWords`, from the start, KubeArmor's own CRDs name. */
export const stockCapabilityCount = 34;

export const presetNames = ['filelessExec', 'anonymousMapExec', 'protectEnv', 'protectProc', 'exec'] as const;

export const protocolWord = (text: string): string => text.toUpperCase();

export function capabilityWord(text: string): string {
  const upper = text.toUpperCase();
  return upper === '' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

/** Dots at both ends carry no meaning, and DNS does not tell cases apart. */
export function domainWord(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === '.') start++;
  while (end > start && text[end - 1] === '.') end--;
  return text.slice(start, end).toLowerCase();
}

export const deviceClassWord = (text: string): string => text.trim().toUpperCase();
