import { behaviourClasses, outcomes } from '@kubearmor-ts/behaviour';
import { apiErrorCodes } from './errors.ts';
import { eventParameters, streamParameters, summaryParameters } from './parameters.ts';
import type { Parameter } from './parameters.ts';

/** OpenAPI 3.1 of everything the API answers; `docs/openapi.json` is this text. */
export function openApiDocument(): object {
  const text = { type: 'string' };
  const time = { type: 'string', format: 'date-time' };
  const count = { type: 'integer', minimum: 0 };
  return {
    openapi: '3.1.0',
    info: {
      title: 'kubearmor-ts relay',
      version: '1',
      description: 'Recent security events, what workloads do, and a live stream.',
    },
    security: [{ token: [] }, { certificate: [] }],
    paths: {
      '/v1/events': {
        get: question('Recent events, newest first; repeats are one row with their count', eventParameters, {
          type: 'object',
          required: ['events'],
          properties: {
            events: { type: 'array', items: { $ref: '#/components/schemas/Event' } },
            next: { ...text, description: 'cursor of the next page; absent at the end' },
          },
        }),
      },
      '/v1/summaries': {
        get: question('What workloads do, with counts and first and last time', summaryParameters, {
          type: 'object',
          required: ['summaries'],
          properties: {
            summaries: { type: 'array', items: { $ref: '#/components/schemas/Summary' } },
            next: text,
          },
        }),
      },
      '/v1/events/stream': {
        get: {
          summary: 'Events as they come, as Server-Sent Events',
          description:
            'Messages: `event` with the id to resume after and an Event as data; `missed` with `count` and ' +
            '`reason` (slow: this client did not read in time; retired: the store no longer has them; unknown: the ' +
            'id is of another store); `failed` when what was missed could not be read. The header Last-Event-ID ' +
            'resumes.',
          parameters: streamParameters.map(toParameter),
          responses: {
            '200': { description: 'the stream', content: { 'text/event-stream': { schema: text } } },
            default: failure,
          },
        },
      },
      '/v1/openapi.json': { get: plain('This document', 'application/json') },
      '/metrics': { get: plain('Metrics of the relay in Prometheus text format', 'text/plain') },
      '/healthz': { get: { ...plain('The process answers', 'text/plain'), security: [] } },
      '/readyz': {
        get: { ...plain('The relay can do its work; 503 when not', 'application/json'), security: [] },
      },
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        certificate: { type: 'mutualTLS' },
      },
      schemas: {
        Event: {
          type: 'object',
          required: ['id', 'kind', 'count', 'firstSeen', 'lastSeen', 'event'],
          properties: {
            id: { type: 'integer', description: 'grows with every event the relay took' },
            kind: { enum: ['alert', 'log'] },
            count: { ...count, description: 'the event and its repeats' },
            firstSeen: time,
            lastSeen: time,
            event: { type: 'object', description: 'the first, with the keys that karmor logs --json prints' },
          },
        },
        Summary: {
          type: 'object',
          required: ['workload', 'behaviours'],
          properties: {
            workload: {
              type: 'object',
              properties: Object.fromEntries(
                ['cluster', 'host', 'namespace', 'ownerKind', 'ownerName', 'container'].map((key) => [
                  key,
                  text,
                ]),
              ),
            },
            behaviours: {
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  class: { enum: behaviourClasses },
                  source: { ...text, description: 'the program that acts' },
                  target: text,
                  detail: text,
                  outcome: { enum: outcomes },
                  count,
                  firstSeen: time,
                  lastSeen: time,
                },
              },
            },
          },
        },
        Error: {
          type: 'object',
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message'],
              properties: {
                code: { enum: Object.keys(apiErrorCodes) },
                message: text,
                parameter: { ...text, description: 'the parameter that is wrong' },
              },
            },
          },
        },
      },
    },
  };
}

const failure = {
  description: 'refused',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

const question = (summary: string, parameters: readonly Parameter[], schema: object): object => ({
  summary,
  parameters: parameters.map(toParameter),
  responses: {
    '200': { description: 'a page', content: { 'application/json': { schema } } },
    default: failure,
  },
});

const plain = (summary: string, type: string): object => ({
  summary,
  responses: { '200': { description: summary, content: { [type]: {} } } },
});

function toParameter(parameter: Parameter): object {
  const { name, help: description } = parameter;
  return { name, in: 'query', description, schema: schemaOf(parameter) };
}

function schemaOf(parameter: Parameter): object {
  switch (parameter.type) {
    case 'number':
      return { type: 'integer', minimum: parameter.min, maximum: parameter.max };
    case 'time':
      return { type: 'string' };
    case 'text':
      return parameter.oneOf === undefined
        ? { type: 'string', maxLength: parameter.maxLength }
        : { enum: parameter.oneOf };
  }
}
