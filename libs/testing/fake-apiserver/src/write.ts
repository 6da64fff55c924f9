import type { FieldOwnership } from './field-ownership.ts';
import type { ObjectTable, StoredObject, Writable } from './object-table.ts';
import type { Target } from './target.ts';
import { json, statusAnswer } from './wire.ts';
import type { WireRequest, WireResponse } from './wire.ts';

/** POST, PUT, PATCH and DELETE; undefined when there is no such object. */
export function write(
  table: ObjectTable,
  ownership: FieldOwnership,
  target: Target,
  request: WireRequest,
): WireResponse | undefined {
  if (request.method === 'DELETE') return remove(table, ownership, target);
  const sent = parseBody(request.body);
  if (sent === undefined) return statusAnswer(400, 'BadRequest', 'the body is no object');
  const store = new Writer(table, ownership, target, request.query ?? {});
  if (request.method === 'POST') return store.create(sent);
  if (request.method === 'PUT') return store.replace(sent);
  const type = request.headers?.['content-type'] ?? '';
  if (type.includes('apply-patch')) return store.apply(sent);
  if (type.includes('merge-patch')) return store.merge(sent);
  return statusAnswer(415, 'UnsupportedMediaType', `no patches of the type ${type}`);
}

class Writer {
  private readonly table: ObjectTable;
  private readonly ownership: FieldOwnership;
  private readonly target: Target;
  private readonly manager: string;
  private readonly isForced: boolean;
  private readonly isDry: boolean;

  constructor(
    table: ObjectTable,
    ownership: FieldOwnership,
    target: Target,
    query: Readonly<Record<string, string>>,
  ) {
    this.table = table;
    this.ownership = ownership;
    this.target = target;
    this.manager = query['fieldManager'] ?? 'somebody';
    this.isForced = query['force'] === 'true';
    this.isDry = query['dryRun'] === 'All';
  }

  create(sent: Writable): WireResponse {
    const name = String(sent.metadata['name'] ?? '');
    const { type, namespace } = this.target;
    if (name === '') return statusAnswer(422, 'Invalid', 'metadata.name: Required value');
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    if (this.table.get(type, key) !== undefined)
      return statusAnswer(409, 'AlreadyExists', `${type} "${name}" already exists`);
    const wanted = this.placed(sent);
    return json(
      201,
      this.keep(key, wanted, () => this.ownership.written(`${type} ${key}`, this.manager, undefined, wanted)),
    );
  }

  replace(sent: Writable): WireResponse | undefined {
    const before = this.current();
    if (before === undefined) return undefined;
    const based = sent.metadata['resourceVersion'];
    if (based !== undefined && based !== before.metadata.resourceVersion) return this.conflict();
    return this.update(before, { ...sent, metadata: { ...sent.metadata } });
  }

  merge(patch: Writable): WireResponse | undefined {
    const before = this.current();
    return before === undefined ? undefined : this.update(before, mergePatch(before, patch) as Writable);
  }

  apply(intent: Writable): WireResponse {
    const before = this.current();
    const { type, key } = this.target;
    const id = `${type} ${key}`;
    if (intent.metadata['managedFields'] !== undefined)
      return statusAnswer(400, 'BadRequest', 'metadata.managedFields must be nil');
    const current = before ?? this.placed({ metadata: { name: this.target.name } });
    const conflicts = this.ownership.conflicts(id, this.manager, current, intent);
    if (conflicts.length > 0 && !this.isForced) {
      const causes = conflicts.map(({ manager, field }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with "${manager}"`,
        field,
      }));
      return statusAnswer(409, 'Conflict', `Apply failed with ${conflicts.length} conflicts`, { causes });
    }
    const merged = this.ownership.merged(id, this.manager, current, intent) as Writable;
    const wanted = this.placed({ ...merged, apiVersion: intent['apiVersion'], kind: intent['kind'] });
    const after = this.keep(key, wanted, () => this.ownership.applied(id, this.manager, current, intent));
    return json(before === undefined ? 201 : 200, after);
  }

  private update(before: StoredObject, sent: Writable): WireResponse {
    const { type, key, subresource } = this.target;
    const wanted: Writable =
      subresource === 'status'
        ? { ...before, status: sent['status'] }
        : {
            ...sent,
            ...(subresource === undefined && before['status'] !== undefined
              ? { status: before['status'] }
              : {}),
          };
    const after = this.keep(key, wanted, () =>
      this.ownership.written(`${type} ${key}`, this.manager, before, wanted),
    );
    const isLastFinalizerGone =
      before.metadata.deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length === 0;
    if (isLastFinalizerGone && !this.isDry) this.table.remove(type, key);
    return json(200, after);
  }

  private keep(key: string, wanted: Writable, own: () => void): StoredObject {
    if (this.isDry) return this.table.preview(this.target.type, key, wanted);
    own();
    return this.table.put(this.target.type, key, wanted);
  }

  private placed(sent: Writable): Writable {
    const { namespace } = this.target;
    return { ...sent, metadata: { ...sent.metadata, ...(namespace === undefined ? {} : { namespace }) } };
  }

  private current(): StoredObject | undefined {
    return this.table.get(this.target.type, this.target.key);
  }

  private conflict(): WireResponse {
    const message = `${this.target.key}: the object has been modified; please apply your changes to the latest version`;
    return statusAnswer(409, 'Conflict', message);
  }
}

function remove(
  table: ObjectTable,
  ownership: FieldOwnership,
  { type, key }: Target,
): WireResponse | undefined {
  const before = table.get(type, key);
  if (before === undefined) return undefined;
  if ((before.metadata.finalizers ?? []).length > 0) {
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    return json(
      200,
      table.put(type, key, { ...before, metadata: { ...before.metadata, deletionTimestamp } }),
    );
  }
  ownership.forget(`${type} ${key}`);
  return json(200, table.remove(type, key));
}

function parseBody(body: string | undefined): Writable | undefined {
  try {
    const sent: unknown = JSON.parse(body ?? '');
    if (!isFields(sent)) return undefined;
    return { ...sent, metadata: isFields(sent['metadata']) ? sent['metadata'] : {} };
  } catch {
    return undefined;
  }
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}
