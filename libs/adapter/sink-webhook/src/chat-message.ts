import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { cutText, eventTimeText, severityOf, summaryOf, visibleText } from '@kubearmor-ts/schema-maps';

/** A message tells of so many events; of the others it says how many they are. */
const shownEvents = 20;
const longestLine = 400;

/** One message for people about all of the events, the gravest first among those it shows. */
export function slackMessage(events: readonly (Alert | Log)[]): object {
  const lines = [headline(events), ...shown(events)].map(escapeSlack);
  return { text: lines.join('\n') };
}

export function teamsMessage(events: readonly (Alert | Log)[]): object {
  const blocks = [headline(events), ...shown(events)].map((line, index) => ({
    type: 'TextBlock',
    text: escapeMarkdown(line),
    wrap: true,
    ...(index === 0 ? { weight: 'Bolder' } : {}),
  }));
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', version: '1.4', body: blocks },
      },
    ],
  };
}

function headline(events: readonly (Alert | Log)[]): string {
  const alerts = events.filter(isAlert).length;
  const counted = (count: number, word: string): string[] =>
    count === 0 ? [] : [`${String(count)} ${word}${count === 1 ? '' : 's'}`];
  return `KubeArmor: ${[...counted(alerts, 'alert'), ...counted(events.length - alerts, 'log')].join(' and ')}`;
}

function shown(events: readonly (Alert | Log)[]): string[] {
  const gravest = [...events].sort((a, b) => severityOf(b) - severityOf(a));
  const lines = gravest.slice(0, shownEvents).map(lineOf);
  const others = events.length - lines.length;
  return others === 0 ? lines : [...lines, `and ${String(others)} more`];
}

function lineOf(event: Alert | Log): string {
  const workload = [
    event.ClusterName,
    event.NamespaceName,
    event.PodName || event.HostName,
    event.ContainerName,
  ];
  const place = workload.filter((part) => part !== '').join('/');
  const severity = isAlert(event) ? ` [severity ${String(severityOf(event))}]` : '';
  const message = isAlert(event) && event.Message !== '' ? ` (${event.Message})` : '';
  return cutText(
    visibleText(`${eventTimeText(event)}${severity} ${place}: ${summaryOf(event)}${message}`),
    longestLine,
  );
}

/** What Slack reads as the beginning of links, mentions and entities. */
const escapeSlack = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // Formatting marks cannot be escaped there; an invisible joiner keeps them from beginning anything.
    .replace(/[*_~`]/g, (mark) => `${mark}\u2060`);

/** A link's text and its address could differ; formatting could hide what follows. */
const escapeMarkdown = (text: string): string =>
  text.replace(/[\\`*_{}[\]()<>#+!|~-]/g, (mark) => `\\${mark}`);
