export { hostileAlert, hostileLog, hostileText } from './hostile-events.ts';
export { aLog, anAlert } from './sample-events.ts';
