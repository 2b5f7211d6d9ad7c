// Apache Kafka's own declaration of a message, as it stands in its message/*.json files.

export interface KafkaField {
  readonly name: string
  /** A primitive's name, a struct's name, or either behind `[]`. */
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean | null
  readonly ignorable?: boolean
  readonly fields?: readonly KafkaField[]
}

export interface KafkaMessage {
  readonly name: string
  readonly apiKey?: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly KafkaField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly KafkaField[] }[]
}

/** Reads one of Kafka's files: JSON with `//` comments. */
export function parseKafkaMessage(text: string): KafkaMessage {
  // A string first, so that what looks like a comment inside one (an address in an "about") stays.
  const bare = text.replace(/("(?:[^"\\]|\\.)*")|\/\/.*$/gm, (_, string: string | undefined) => string ?? '')
  return JSON.parse(bare) as KafkaMessage
}
