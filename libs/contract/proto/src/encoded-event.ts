/** Whether bytes are an event, found without decoding it: what is passed on as it came must not end a peer's stream. */
import { isUtf8 } from 'node:buffer';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { EventKindName } from './batch-events.ts';
import { descriptors } from './generated/descriptors.ts';

/** What is known of a message's fields by number: texts, and messages with fields of their own. */
type Shape = readonly ('text' | Shape | undefined)[];

const messageNames = { alerts: 'Alert', logs: 'Log', messages: 'Message' } as const;
let shapes: Readonly<Record<string, Shape>> | undefined;

/**
 * True when every decoder takes the bytes: fields end where they say, and texts are UTF-8, which decoders of other
 * languages insist on. Unknown fields may be there.
 */
export function isEncodedEvent(kind: EventKindName, bytes: Uint8Array): boolean {
  shapes ??= shapesOf(Buffer.from(descriptors['kubearmor/kubearmor.proto'] ?? '', 'base64'));
  return isMessage(bytes, 0, bytes.length, shapes[messageNames[kind]] ?? []);
}

const wire = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

function isMessage(bytes: Uint8Array, from: number, to: number, shape: Shape): boolean {
  let at = from;
  while (at < to) {
    // Tags and lengths of what is sent have one or two bytes.
    let byte = bytes[at++]!;
    let tag = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      if (at >= to || shift > 28) return false;
      byte = bytes[at++]!;
      tag += (byte & 127) * 2 ** shift;
    }
    const field = Math.floor(tag / 8);
    if (field === 0) return false;
    switch (tag & 7) {
      case wire.varint: {
        const start = at;
        while (at < to && bytes[at]! > 127) at += 1;
        at += 1;
        if (at > to || at - start > 10) return false;
        break;
      }
      case wire.fixed64:
        at += 8;
        break;
      case wire.fixed32:
        at += 4;
        break;
      case wire.delimited: {
        if (at >= to) return false;
        byte = bytes[at++]!;
        let length = byte & 127;
        for (let shift = 7; byte > 127; shift += 7) {
          if (at >= to || shift > 28) return false;
          byte = bytes[at++]!;
          length += (byte & 127) * 2 ** shift;
        }
        const end = at + length;
        if (end > to) return false;
        const known = shape[field];
        if (known === 'text') {
          if (!isText(bytes, at, end)) return false;
        } else if (known !== undefined && !isMessage(bytes, at, end, known)) return false;
        at = end;
        break;
      }
      default:
        return false;
    }
    if (at > to) return false;
  }
  return true;
}

function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at]! > 127) return isUtf8(bytes.subarray(at, to));
  return true;
}

/** Numbers of descriptor.proto. */
const fileField = { messages: 4 } as const;
const messageField = { name: 1, fields: 2, nested: 3 } as const;
const fieldField = { number: 3, type: 5, typeName: 6 } as const;
const fieldType = { text: 9, message: 11 } as const;

interface Declared {
  readonly number: number;
  readonly type: number;
  readonly typeName: string;
}

function shapesOf(file: Uint8Array): Readonly<Record<string, Shape>> {
  const declared = new Map<string, readonly Declared[]>();
  for (const [field, value] of fieldsOf(file))
    if (field === fileField.messages) declare(value as Uint8Array, '', declared);
  const made = new Map<string, Shape>();
  const shapeOf = (name: string): Shape => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const shape: ('text' | Shape | undefined)[] = [];
    made.set(name, shape);
    for (const { number, type, typeName } of declared.get(name) ?? []) {
      if (type === fieldType.text) shape[number] = 'text';
      // `.feeder.Alert.EventDataEntry`: the package has one word.
      else if (type === fieldType.message) shape[number] = shapeOf(typeName.split('.').slice(2).join('.'));
    }
    return shape;
  };
  return Object.fromEntries([...declared.keys()].map((name) => [name, shapeOf(name)]));
}

function declare(message: Uint8Array, parent: string, into: Map<string, readonly Declared[]>): void {
  const parts = fieldsOf(message);
  const own = parts.find(([field]) => field === messageField.name)?.[1] as Uint8Array;
  const name = `${parent}${Buffer.from(own).toString()}`;
  const fields = parts.filter(([field]) => field === messageField.fields);
  into.set(
    name,
    fields.map(([, bytes]) => {
      const facts = new Map(fieldsOf(bytes as Uint8Array));
      return {
        number: Number(facts.get(fieldField.number)),
        type: Number(facts.get(fieldField.type)),
        typeName: Buffer.from((facts.get(fieldField.typeName) as Uint8Array | undefined) ?? []).toString(),
      };
    }),
  );
  for (const [field, value] of parts)
    if (field === messageField.nested) declare(value as Uint8Array, `${name}.`, into);
}

function fieldsOf(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, number | Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === 2) fields.push([field, reader.bytes()]);
    else if (type === 0) fields.push([field, reader.uint32()]);
    else reader.skip(type, field);
  }
  return fields;
}
