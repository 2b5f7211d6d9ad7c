// Several loops side by side, until the time is over.

/** Calls `act` again and again in `count` loops for `ms` milliseconds; resolves with the sum of what the calls gave. */
export async function repeat(count: number, ms: number, act: (loop: number) => Promise<number>): Promise<number> {
  const endMs = performance.now() + ms
  const loop = async (index: number) => {
    let units = 0
    do units += await act(index)
    while (performance.now() < endMs)
    return units
  }
  const sums = await Promise.all(Array.from({ length: count }, (_, index) => loop(index)))
  return sums.reduce((sum, units) => sum + units, 0)
}
