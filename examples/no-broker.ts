// Imported by the examples that need a broker: where none answers, they end with one sentence.
process.on('uncaughtException', (error) => {
  const broker = process.argv[2] ?? process.env.GOQUEUE_BROKER ?? 'localhost:9092'
  const isMissing = 'code' in error && error.code === 'CONNECTION_FAILED'
  console.error(isMissing ? `no broker at ${broker}: start one with npx goqueue-broker --data-dir ./data` : error)
  process.exit(1)
})
