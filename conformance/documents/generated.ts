// The documents that are generated from the code, by their names in docs/.
import { apisDocument } from './apis.ts'
import { cliDocument } from './cli.ts'
import { configurationDocument } from './configuration.ts'
import { metricsDocument } from './metrics.ts'

export const generatedDocuments: readonly (readonly [name: string, generate: (root: string) => Promise<string>])[] = [
  ['apis.md', apisDocument],
  ['cli.md', cliDocument],
  ['configuration.md', configurationDocument],
  ['operating-metrics.md', metricsDocument],
]
