import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';

/** Whether the operation was carried out. */
export const hasPassed = (event: Alert | Log): boolean =>
  event.Result === 'Passed' || event.Result === 'Removed' || event.Result === '';

/** Whether a policy stopped it: an audited block rule stops nothing. */
export const isBlocked = (event: Alert | Log): boolean => isAlert(event) && event.Action === 'Block';

/** Name of the errno where there is a usual one, else the text; empty when the operation passed. */
export function errorName(result: string): string {
  if (result === 'Passed' || result === '' || result === 'Removed') return '';
  if (result === 'Permission denied') return 'EACCES';
  return result === 'Operation not permitted' ? 'EPERM' : result;
}

/**
 * 0…10 as CEF and LEEF want it: the policy's own severity; an alert without one counts as 4 when something was
 * stopped or alerts were dropped, else 1; telemetry is 0.
 */
export function severityOf(event: Alert | Log): number {
  if (!isAlert(event)) return 0;
  const severity = Number(event.Severity);
  if (Number.isInteger(severity) && severity >= 1 && severity <= 10) return severity;
  return event.Action === 'Block' || event.Type === 'SystemEvent' ? 4 : 1;
}

/** One sentence for people. */
export function summaryOf(event: Alert | Log): string {
  if (event.Type === 'SystemEvent') return `alerts of ${event.PodName || event.HostName} are being dropped`;
  const verb = isAlert(event) ? `${event.Action || 'Alert'} ${event.Operation}` : event.Operation;
  const policy = isAlert(event) && event.PolicyName !== '' ? ` by policy ${event.PolicyName}` : '';
  return `${verb}: ${event.ProcessName} ${event.Resource}${policy}`;
}

/** The command line of the acting program; of an exec that of the new one. */
export const commandLineOf = (event: Alert | Log): string =>
  event.Operation === 'Process' ? event.Resource : event.Source;
