// Writes docs/operating-metrics.md from the table of everything that goqueue-broker exports.
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { moduleInside } from './inside.ts'

interface Definition {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
}

/** What a table of metrics does not say by itself: which of them to be woken by. */
const watched: readonly (readonly [expression: string, meaning: string])[] = [
  [
    'goqueue_partitions{condition="offline"} > 0',
    'A disk has failed under a log: it takes no records until a restart. Look at the disk before that.',
  ],
  [
    'goqueue_partitions{condition="quarantined"} > 0',
    'Durable records were found damaged at start. The log serves what is good and takes nothing; the log of the broker says which file and which offsets.',
  ],
  [
    'goqueue_disk_free_bytes < 5e9',
    'The disk is filling up: shorten retention, delete, or enlarge it, before it takes no more records.',
  ],
  [
    'goqueue_disk_reserve_reached == 1',
    'No records are taken, and producers wait: only what is kept free of records is left of the disk. Everything else works; records are taken again when there is room.',
  ],
  ['increase(goqueue_assertion_failures_total[5m]) > 0', 'A fault of the broker: report it, with its log.'],
  [
    'increase(goqueue_store_writes_refused_total[5m]) > 0',
    'Commits and changes of groups or topics cannot be saved: the disk is full, or failing.',
  ],
  [
    'histogram_quantile(0.99, rate(goqueue_log_flush_duration_seconds_bucket[5m])) > 0.1',
    'The disk is slow: with `acks=all` every producer waits for it.',
  ],
  [
    'goqueue_group_time_behind_seconds > 300',
    'Somebody has not finished a record for five minutes. Compare with `goqueue_group_members`: 0 means that nobody is there.',
  ],
  [
    'goqueue_group_drain_seconds > 3600',
    'At the pace of its slowest partition the group needs more than an hour for what is there now. Where this is absent and `goqueue_group_lag_records` is not 0, some partition does not move at all.',
  ],
  [
    'goqueue_group_lag_records / -deriv(goqueue_group_lag_records[10m])',
    'Seconds until the group has caught up with the producers as well, at the present speed of both; negative while it falls behind.',
  ],
  [
    'goqueue_group_state_seconds{state=~"PreparingRebalance|CompletingRebalance"} > 60',
    'A rebalance does not end: a member is slow to join again.',
  ],
  [
    'rate(goqueue_group_rebalances_total[10m]) * 600 > 5',
    'A group rebalances again and again: members come and go, or their sessions expire while they work.',
  ],
  [
    'rate(goqueue_request_errors_total{api="OffsetCommit"}[5m]) > 0',
    'Commits are refused, by members that have lost their partitions: their records are delivered again to others.',
  ],
  [
    'goqueue_request_memory_used_bytes / goqueue_request_memory_limit_bytes > 0.8',
    'Clients send faster than the disk takes it. At the limit the connection with the largest unfinished request is cut.',
  ],
  ['goqueue_event_loop_delay_seconds{quantile="0.99"} > 0.1', 'The process is short of processor time.'],
  ['goqueue_metrics_series_left_out > 0', 'Not everything is exported any more: see below.'],
]

/** The whole text of docs/operating-metrics.md, formatted. */
export async function metricsDocument(root: string): Promise<string> {
  const inside = await moduleInside('broker-server/src/metric-definitions.ts')
  const sections = inside['metricDefinitions'] as readonly (readonly [string, readonly Definition[]])[]
  const leftOut = inside['leftOutMetric'] as Definition
  const mostSeries = (inside['MOST_SERIES'] as number).toLocaleString('en')
  const tables = sections.map(([title, metrics]) => {
    const isLast = title === sections.at(-1)?.[0]
    return `### ${title}\n\n${table(isLast ? [...metrics, leftOut] : metrics)}`
  })
  const text = `
# Metrics, liveness and readiness

\`goqueue-broker --metrics 127.0.0.1:9644\` answers HTTP at that address; without the flag (or the key \`metrics\`, or
\`GOQUEUE_METRICS\`) nothing is measured for it and nothing is loaded. An address that other machines can reach needs
\`--insecure\`, as for clients: names of groups and topics are in the metrics, and nobody is asked who they are. With
port 0 the log says which port it became (\`metrics-ready\`).

| path | answers |
| --- | --- |
| \`/metrics\` | The metrics below in Prometheus' text format; 503 while the broker starts. |
| \`/healthz\` | 200 as long as the process can answer. For what restarts a process that hangs. |
| \`/readyz\` | 200 when clients are served; 503 with the reason in one line while the broker starts, once it is stopping, and when a disk has failed under a log or the metadata store, which only a restart mends. |

- Starting includes recovery, which may take a while after a crash: \`/readyz\` says \`starting\`, \`/healthz\` is 200.
- A failed disk makes the whole broker unready, although its other logs may still serve. Who would rather have those
  than none routes by \`/healthz\` and is woken by \`goqueue_partitions{condition="offline"}\`. A quarantined log does not
  make it unready: a restart would not mend it. Nor does a disk on which only the reserve is free: reads, commits and
  deletions go on, and producers try again.
- While it stops, \`/metrics\` and \`/healthz\` are answered to the end.
- Those who ask for metrics at the same time share one answer. The counters behind it are kept in any case and cost
  nothing to speak of; the rest is computed when somebody asks.

## What to watch

${rows(
  ['expression', 'what it means'],
  watched.map(([expression, meaning]) => [`\`${expression.replaceAll('|', '\\|')}\``, meaning]),
)}

## How many series there are

Labels have a bounded number of values, except for the names of topics and groups. A broker exports some 100 series of
its own, 3 for each API that is asked for, one for each error code that an API has answered with, 6 for each partition, 6
for each group, 4 for each committed offset of a group and 3 for each member that there is. \`max.partitions\`, \`max.groups\`
and \`group.max.size\` bound most of them.
Beyond that, no metric has more than ${mostSeries} series: what is left out is counted in \`${leftOut.name}\`, and the
sums (\`goqueue_partitions\`, \`goqueue_groups\`, \`goqueue_group_lag_records\`) still count everything.

Time behind is read from the log: the timestamp of the first record that is not committed past. It is remembered until
the next commit. A scrape spends at most a fifth of a second on looking up what is new, so with very many groups on a
slow disk some follow with the next scrape. A record without a timestamp has no age.

The time to drain needs two scrapes: each remembers what was committed, and the next ones compare. It counts the records that
are there now, not those that will come. Time without work does not count: the pace is that since the partition was last done.

## All metrics

Totals and histograms count from the start of the process. This text and its tables are generated from the code
(\`npm run docs\`).

${tables.join('\n\n')}
`
  const known = [...sections.flatMap(([, metrics]) => metrics), leftOut]
  for (const [name = ''] of text.matchAll(/goqueue_[a-z_]+/g)) {
    if (!known.some((one) => one.name === name || (one.type === 'histogram' && name === `${one.name}_bucket`))) {
      throw new Error(`the document speaks of ${name}, which is not exported`)
    }
  }
  const file = join(root, 'docs', 'operating-metrics.md')
  return format(text.trimStart(), { ...(await resolveConfig(file)), filepath: file })
}

function table(metrics: readonly Definition[]): string {
  return rows(
    ['metric', 'type', 'labels', 'meaning'],
    metrics.map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help.replaceAll('|', '\\|'),
    ]),
  )
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
