// Names of members for people: a member id ends in a uuid, of which the beginning is enough to tell members apart.

const UUID_AT_END = /-([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Makes the function that shortens these names: billing-service-0d9f3a52. Where two would look alike, both stay whole. */
export function shortNames(names: Iterable<string>): (name: string) => string {
  const whole = new Set(names)
  const alike = new Map<string, number>()
  for (const name of whole) alike.set(shortened(name), (alike.get(shortened(name)) ?? 0) + 1)
  return (name) => (alike.get(shortened(name)) === 1 ? shortened(name) : name)
}

function shortened(name: string): string {
  return name.replace(UUID_AT_END, '-$1')
}
