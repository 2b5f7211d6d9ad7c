// What the command line accepts, and the sentence that each mistake gets.
import { describe, expect, it } from 'vitest'
import { Address } from './address.ts'
import { helpText, parseFlags } from './flags.ts'
import { UsageError } from './usage-error.ts'

describe('flags', () => {
  it('no flags set nothing', () => {
    expect(parseFlags([])).toEqual({ help: false, version: false, config: undefined, settings: {} })
  })

  it('each flag sets its setting', () => {
    const args = ['--data-dir', '/var/lib/goqueue', '--listen', '[::]:9092', '--advertise=kafka.example.com:19092']
    expect(parseFlags([...args, '--insecure', '--log-level', 'warn', '--config', 'broker.json'])).toEqual({
      help: false,
      version: false,
      config: 'broker.json',
      settings: {
        dataDir: '/var/lib/goqueue',
        listen: new Address('::', 9092),
        advertise: new Address('kafka.example.com', 19092),
        insecure: true,
        logLevel: 'warn',
      },
    })
  })

  it.each([
    [['--no-such-flag'], "Unknown option '--no-such-flag'; goqueue-broker --help lists the flags."],
    [['serve'], "Unexpected argument 'serve'; goqueue-broker --help lists the flags."],
    [['--listen'], "Option '--listen <value>' argument missing; goqueue-broker --help lists the flags."],
    [['--listen', '--memory'], "Option '--listen' argument is ambiguous; goqueue-broker --help lists the flags."],
    [['--listen', '9092'], "--listen: '9092' is not HOST:PORT, such as 127.0.0.1:9092 or [::1]:9092."],
    [['--advertise', 'a:0'], "--advertise: 'a:0' has port 0, and no client can connect to that."],
    [['--log-level', 'loud'], "--log-level: 'loud' is none of debug, info, warn, error."],
    [['--data-dir', ''], '--data-dir: the name of a directory is needed.'],
    [
      ['--memory', '--data-dir', 'd'],
      '--memory and --data-dir exclude each other: either nothing is kept, or it is kept in a directory.',
    ],
  ])('%j is refused with one sentence', (args, sentence) => {
    expect(() => parseFlags(args)).toThrow(new UsageError(sentence))
  })

  it('--help names every flag', () => {
    for (const flag of [
      'config',
      'data-dir',
      'memory',
      'listen',
      'advertise',
      'insecure',
      'log-level',
      'help',
      'version',
    ])
      expect(helpText).toContain(`--${flag} `)
  })
})
