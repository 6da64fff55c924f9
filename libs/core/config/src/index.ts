export { configHelp, configMarkdown } from './config-docs.ts';
export type { Config, ConfigEntry, ConfigSource, ConfigTable } from './config-table.ts';
export { parseConfig } from './parse-config.ts';
export type { ConfigInputs } from './parse-config.ts';
