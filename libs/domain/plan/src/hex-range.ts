import type { GlobToken } from '@kubearmor-ts/match';

/** All numbers from `from` to `to` as texts of so many hexadecimal digits: alternatives, each a set per digit. */
export function hexRange(from: number, to: number, digits: number): readonly (readonly GlobToken[])[] {
  if (digits === 0) return [[]];
  const unit = 16 ** (digits - 1);
  const [low, high] = [Math.floor(from / unit), Math.floor(to / unit)];
  const below = (first: number, last: number, rest: readonly (readonly GlobToken[])[]) =>
    rest.map((tail) => [digitsBetween(first, last), ...tail]);
  const whole = (first: number, last: number) =>
    first > last ? [] : below(first, last, [new Array<GlobToken>(digits - 1).fill(digitsBetween(0, 15))]);
  if (low === high) return below(low, low, hexRange(from % unit, to % unit, digits - 1));
  const startsWhole = from % unit === 0;
  const endsWhole = to % unit === unit - 1;
  return [
    ...(startsWhole ? [] : below(low, low, hexRange(from % unit, unit - 1, digits - 1))),
    ...whole(startsWhole ? low : low + 1, endsWhole ? high : high - 1),
    ...(endsWhole ? [] : below(high, high, hexRange(0, to % unit, digits - 1))),
  ];
}

function digitsBetween(first: number, last: number): GlobToken {
  const members: number[] = [];
  for (let digit = first; digit <= last; digit++) members.push(digit.toString(16).charCodeAt(0));
  return members.length === 1
    ? { kind: 'byte', byte: members[0]! }
    : { kind: 'set', set: { inverted: false, members } };
}
