export { signatureHeaders } from './sign-request.ts';
export { readWebhookConfig, webhookOptions, webhookStyles } from './webhook-config.ts';
export type { WebhookConfig, WebhookStyle } from './webhook-config.ts';
export { createWebhookSink } from './webhook-sink.ts';
export type { WebhookSinkOptions } from './webhook-sink.ts';
