// What the demo and its workers tell each other.

export type ToWorker = 'join' | 'stop'

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'assigned'; readonly partitions: readonly number[] }
  | { readonly kind: 'finished'; readonly partition: number; readonly offset: number }
  | { readonly kind: 'notCommitted'; readonly partition: number; readonly offset: number; readonly code: string }
