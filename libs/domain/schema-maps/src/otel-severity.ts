import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';

export interface OtelSeverity {
  readonly severityNumber: number;
  readonly severityText: 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
}

/** Policy severity 1…10 → SeverityNumber; there is no official map. */
const numbers = [9, 10, 11, 13, 14, 15, 17, 18, 20, 21] as const;

/** An alert without a severity (the default posture, a rule that names none) is a warning if it denied something. */
export function otelSeverity(event: Alert | Log): OtelSeverity {
  if (!isAlert(event)) return { severityNumber: 9, severityText: 'INFO' };
  const policySeverity = Number(event.Severity);
  const number =
    numbers[policySeverity - 1] ?? (event.Action === 'Block' || event.Type === 'SystemEvent' ? 13 : 9);
  return { severityNumber: number, severityText: textOf(number) };
}

function textOf(number: number): OtelSeverity['severityText'] {
  if (number <= 12) return 'INFO';
  if (number <= 16) return 'WARN';
  return number <= 20 ? 'ERROR' : 'FATAL';
}
