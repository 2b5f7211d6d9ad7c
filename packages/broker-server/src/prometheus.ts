// Writes what a scrape found in Prometheus' text format. Loads prom-client, so it is loaded late.
import { Registry, type Metric } from 'prom-client'
import {
  leftOutMetric,
  metricDefinitions,
  MOST_SERIES,
  type HistogramMetric,
  type MetricDefinition,
  type Scraped,
} from './metric-definitions.ts'

export const contentType = Registry.PROMETHEUS_CONTENT_TYPE

interface Value {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Where it differs from the metric's: the parts of a histogram. */
  readonly metricName?: string
}

interface Exported {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly Value[]
}

/** All metrics as text. */
export async function prometheusText(scraped: Scraped): Promise<string> {
  const leftOut: Value[] = []
  const exported = metricDefinitions
    .flatMap(([, metrics]) => metrics)
    .map((definition): Exported => {
      const values = valuesOf(definition, scraped)
      if (values.length > MOST_SERIES) {
        leftOut.push({ labels: { metric: definition.name }, value: values.length - MOST_SERIES })
      }
      return { ...definition, values: values.slice(0, MOST_SERIES) }
    })
  const registry = new Registry()
  for (const metric of [...exported, { ...leftOutMetric, values: leftOut }]) {
    // Its own kinds of metric count for themselves. These are counted in the broker, and a registry asks no more of them.
    registry.registerMetric({ name: metric.name, get: () => Promise.resolve(metric) } as unknown as Metric)
  }
  return registry.metrics()
}

function valuesOf(definition: MetricDefinition, scraped: Scraped): readonly Value[] {
  return definition.type === 'histogram' ? histogramValues(definition, scraped) : definition.samples(scraped)
}

/** Buckets that count all values up to their bound, their sum, and their number. */
function histogramValues({ name, histogram, divisor }: HistogramMetric, scraped: Scraped): Value[] {
  const { bounds, counts, count, sum } = histogram(scraped)
  let below = 0
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0
    return { metricName: `${name}_bucket`, labels: { le: bound / divisor }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels: {}, value: sum / divisor },
    { metricName: `${name}_count`, labels: {}, value: count },
  ]
}
