/** What OTLP can carry as an attribute here. */
export type OtelValue = string | number | boolean | readonly string[];
export type OtelAttributes = Readonly<Record<string, OtelValue>>;

/** One event as an OpenTelemetry log record, free of any encoding. */
export interface OtelRecord {
  readonly resource: OtelAttributes;
  readonly timeUnixNs: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  /** The event under its own field names, as the existing adapter's consumers address it (`body.PolicyName`). */
  readonly body: Readonly<Record<string, unknown>>;
  readonly attributes: OtelAttributes;
}

/** The version of the conventions the attribute names are taken from. */
export const otelSchemaUrl = 'https://opentelemetry.io/schemas/1.44.0';
