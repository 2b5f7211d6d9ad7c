// What a configuration file or the environment may say about the server's own settings. Loads zod, so it is loaded late.
import { z } from 'zod'
import { parseAddress } from './address.ts'
import { logLevels, type ServerSettings } from './server-settings.ts'

const address = z
  .string({ error: 'expected HOST:PORT, as text' })
  .transform((text, context) => {
    const read = parseAddress(text)
    if (read !== null) return read
    context.addIssue({ code: 'custom', message: 'expected HOST:PORT, such as 127.0.0.1:9092 or [::1]:9092' })
    return z.NEVER
  })
  .meta({ title: 'HOST:PORT' })

const flag = z.boolean({ error: 'expected true or false' })

const countError = 'expected a whole number from 1 to 1000000'
const count = z.int({ error: countError }).min(1, countError).max(1_000_000, countError)

/** Keys are the names of settings; a message says what is allowed. */
export const serverSettingsSchema = z
  .strictObject({
    dataDir: z.string({ error: 'expected the name of a directory' }).min(1, 'expected the name of a directory'),
    memory: flag,
    listen: address,
    advertise: address.refine(
      ({ port }) => port > 0,
      'expected HOST:PORT with a port that clients can connect to, so not 0',
    ),
    insecure: flag,
    metrics: address,
    logLevel: z.enum(logLevels, { error: `expected one of ${logLevels.join(', ')}` }),
    maxConnections: count,
    maxConnectionsPerIp: count,
    maxConnectionCreationRate: count,
  } satisfies Record<keyof ServerSettings, z.ZodType>)
  .partial()
