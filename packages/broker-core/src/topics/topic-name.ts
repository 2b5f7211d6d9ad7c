// Which topic names are allowed, and which of them are too alike to stand side by side.

const LONGEST_NAME = 249

/** Why this cannot be a topic's name, as a sentence; null when it can. Kafka's rule (Topic.java). */
export function refusalOfTopicName(name: string): string | null {
  if (name === '') return 'A topic name must not be empty.'
  if (name === '.' || name === '..') return `A topic name must not be "${name}".`
  if (name.length > LONGEST_NAME) return `A topic name has at most ${LONGEST_NAME} characters, not ${name.length}.`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `The topic name ${JSON.stringify(name)} has characters other than letters, digits, ".", "_" and "-".`
  }
  return null
}

/** The same for names that differ only in "." and "_": as names of metrics they would be one. */
export function nameInMetrics(name: string): string {
  return name.replaceAll('.', '_')
}
