// The directory that holds a path, for syncing names.

/** `a/b` for `a/b/c`; '/' for what stands at the top, '.' for a bare name. */
export function parentOf(path: string): string {
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  if (slash > 0) return path.slice(0, slash)
  return slash === 0 ? '/' : '.'
}
