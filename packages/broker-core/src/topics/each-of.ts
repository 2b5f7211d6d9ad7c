// Does something for each item, a few at a time.

/** Runs `work` for every item, at most `atOnce` of them under way; after the first rejection none is started, and it rejects. */
export async function eachOf<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let hasFailed = false
  const lane = async () => {
    for (let next = iterator.next(); !next.done && !hasFailed; next = iterator.next()) await work(next.value)
  }
  const lanes = Array.from({ length: atOnce }, () =>
    lane().catch((error: unknown) => {
      hasFailed = true
      throw error
    }),
  )
  // All of them: when this rejects, nothing is under way any more.
  const failure = (await Promise.allSettled(lanes)).find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
