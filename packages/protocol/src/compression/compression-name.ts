// The names of the compressions, as producer options and tools spell them.

/** Kafka's `compression.type` values. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
