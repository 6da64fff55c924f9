interface AnyValue {
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly { readonly key: string; readonly value?: AnyValue }[] };
  readonly [kind: string]: unknown;
}

const textOf = (value: AnyValue | undefined): string => {
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(textOf).join(', ');
  if (value?.kvlistValue !== undefined) return '(the whole event)';
  return String(Object.values(value ?? {})[0] ?? '');
};

/** An OTLP log record, a line for each thing it says. */
export function showRecord(record: Readonly<Record<string, unknown>>): string {
  const attributes = (record['attributes'] ?? []) as readonly {
    readonly key: string;
    readonly value?: AnyValue;
  }[];
  const head = ['eventName', 'severityText', 'timeUnixNano'].map(
    (key) => `${key}: ${String(record[key] ?? '')}`,
  );
  return [...head, ...attributes.map(({ key, value }) => `  ${key}: ${textOf(value)}`)].join('\n');
}
