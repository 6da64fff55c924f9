import type { Rule } from '@kubearmor-ts/policy';
import type { Conditions } from './condition.ts';
import { decideWord, type WordClass } from './word-decision.ts';

/*
 * AppArmor tells sockets apart by family and type alone (security/apparmor/net.c, aa_af_perm). So every pair is decided
 * by itself, and a rule on a protocol holds for the pairs that the protocol lives in.
 */

/** Families that the parser knows by name; a kernel's younger ones are denied with a whitelist and open without. */
export const networkFamilies = (
  'unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose netbeui security key netlink packet ash econet ' +
  'atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet ieee802154 caif alg nfc ' +
  'vsock kcm qipcrtr smc xdp'
).split(' ');

export const socketTypes = ['stream', 'dgram', 'seqpacket', 'rdm', 'raw', 'packet'] as const;
export type SocketType = (typeof socketTypes)[number];

interface Protocol {
  readonly families: readonly string[];
  readonly type: SocketType;
  readonly holdsFor: string;
}

const protocols: Readonly<Record<string, Protocol>> = {
  TCP: { families: ['inet', 'inet6'], type: 'stream', holdsFor: 'all stream sockets of the Internet' },
  UDP: {
    families: ['inet', 'inet6'],
    type: 'dgram',
    holdsFor: 'all datagram sockets of the Internet, pings by datagram too',
  },
  ICMP: {
    families: ['inet'],
    type: 'raw',
    holdsFor: 'all raw IPv4 sockets, but not for pings by datagram sockets',
  },
  ICMPV6: {
    families: ['inet6'],
    type: 'raw',
    holdsFor: 'all raw IPv6 sockets, but not for pings by datagram sockets',
  },
  SCTP: {
    families: ['inet', 'inet6'],
    type: 'seqpacket',
    holdsFor: 'sequenced sockets of the Internet, but not for its stream sockets',
  },
};

/** A rule that forbids or reports is never about local sockets; one that allows is (decision 7). */
export function matchesSocket({ pattern, action }: Rule, family: string, type: SocketType): boolean {
  if (pattern.kind !== 'word') return false;
  const isLocal = family === 'unix';
  const { word } = pattern;
  if (Object.hasOwn(protocols, word)) {
    const { families, type: ofProtocol } = protocols[word]!;
    const isLocalKin = isLocal && action === 'Allow' && (word === 'TCP' || word === 'UDP');
    return type === ofProtocol && (families.includes(family) || isLocalKin);
  }
  if (isLocal && action !== 'Allow') return false;
  return word === 'ALL' || word === type.toUpperCase();
}

export function mentionNetwork(rules: readonly Rule[], conditions: Conditions): void {
  for (const rule of rules) {
    const word = rule.pattern.kind === 'word' ? rule.pattern.word : '';
    if (rule.onlyTerminal) {
      const message = 'AppArmor does not know who has a terminal; the rule holds for everybody';
      conditions.rule(rule, 'TerminalUnknown', rule.action === 'Block' ? 'Stricter' : 'Weaker', message);
    }
    if (rule.pattern.kind !== 'word')
      conditions.rule(
        rule,
        'ClassNotExpressible',
        'NotEnforced',
        'AppArmor knows neither addresses nor ports',
      );
    else if (Object.hasOwn(protocols, word)) {
      const effect = rule.action === 'Allow' || word === 'SCTP' ? 'Weaker' : 'Stricter';
      const message = `AppArmor knows the types of sockets and not their protocols; the rule holds for ${protocols[word]!.holdsFor}`;
      conditions.rule(rule, 'ProtocolByType', effect, message);
    } else if (word !== 'ALL' && !(socketTypes as readonly string[]).includes(word.toLowerCase()))
      conditions.rule(rule, 'UnknownWord', 'NotEnforced', 'profiles have no name for such sockets');
  }
}

export function networkLines(own: WordClass, source: string | undefined): readonly string[] {
  const lines = own.isOpen ? ['network,'] : [];
  if (own.rules.length === 0) return lines;
  for (const family of networkFamilies) {
    for (const type of socketTypes) {
      const { verdict, isAudited } = decideWord(own, source, (rule) => matchesSocket(rule, family, type));
      const what = `network ${family} ${type},`;
      if (verdict === 'deny') {
        if (own.isOpen) lines.push(`audit deny ${what}`);
      } else if (isAudited) lines.push(`audit ${what}`);
      else if (verdict === 'allow' && !own.isOpen) lines.push(what);
    }
  }
  return lines;
}
