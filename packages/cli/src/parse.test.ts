// The command line: what each mistake is told, and that help knows every command.
import { describe, expect, it } from 'vitest'
import { UsageError } from './failure.ts'
import { parseArguments } from './parse.ts'

describe('a mistake is told in one sentence', () => {
  it.each([
    [[], 'A command is needed. Run goqueue-admin --help for what there is.'],
    [['creat-topic', 'x'], "There is no command 'creat-topic'. Did you mean create-topic?"],
    [
      ['add-partitions', 'x'],
      'add-partitions needs --partitions. Run goqueue-admin add-partitions --help for what there is.',
    ],
    [
      ['delete-offsets', 'x'],
      'delete-offsets needs --topic. Run goqueue-admin delete-offsets --help for what there is.',
    ],
    [
      ['list-topics', '--output', 'xml'],
      "--output takes table or json, not 'xml'. Run goqueue-admin list-topics --help for what there is.",
    ],
    [
      ['produce', 'x', '--key-seperator=:'],
      'There is no option --key-seperator. Run goqueue-admin produce --help for what there is.',
    ],
    [['list-topics', '-o', 'json'], 'There is no option -o. Run goqueue-admin list-topics --help for what there is.'],
    [
      ['create-topic', 'x', '--partitions', 'four'],
      "--partitions takes one whole number from 1, not 'four'. Run goqueue-admin create-topic --help for what there is.",
    ],
    [
      ['create-topic', 'x', '--partitions', '0'],
      "--partitions takes one whole number from 1, not '0'. Run goqueue-admin create-topic --help for what there is.",
    ],
    [
      ['create-topic', 'x', '--partitions', '1', '--config', 'retention.ms'],
      "--config takes KEY=VALUE, not 'retention.ms'. Run goqueue-admin create-topic --help for what there is.",
    ],
    [
      ['list-topics', '--outptu', 'json'],
      'There is no option --outptu. Run goqueue-admin list-topics --help for what there is.',
    ],
    [['list-topics', '--broker'], '--broker needs a value. Run goqueue-admin list-topics --help for what there is.'],
    [
      ['produce', 'x', '--key-separator', ''],
      '--key-separator takes one text, such as : or \\t. Run goqueue-admin produce --help for what there is.',
    ],
    [
      ['consume', 'x', '--max', '1', '--max', '2'],
      "--max takes one whole number from 1, not '1,2'. Run goqueue-admin consume --help for what there is.",
    ],
    [
      ['describe-topic', 'x', 'y'],
      "describe-topic <name> has no place for 'y'. Run goqueue-admin describe-topic --help for what there is.",
    ],
    [['frobnicate', 'x'], "There is no command 'frobnicate'. Run goqueue-admin --help for what there is."],
    [['frobnicate'], "There is no command 'frobnicate'. Run goqueue-admin --help for what there is."],
    [['foo'], "There is no command 'foo'. Run goqueue-admin --help for what there is."],
    [['bar', '--x'], "There is no command 'bar'. Run goqueue-admin --help for what there is."],
    [['a'], "There is no command 'a'. Run goqueue-admin --help for what there is."],
    [
      ['--output', 'json', 'frobnicate'],
      "There is no command 'frobnicate'. Run goqueue-admin --help for what there is.",
    ],
    [
      ['alter-config', 'x', '--set', 'retention.ms'],
      "--set takes KEY=VALUE, not 'retention.ms'. Run goqueue-admin alter-config --help for what there is.",
    ],
    [
      ['alter-config', 'x', '--delete'],
      '--delete needs a value. Run goqueue-admin alter-config --help for what there is.',
    ],
    [['consume'], 'consume needs <topic>. Run goqueue-admin consume --help for what there is.'],
    [
      ['create-topic', '--partitions', '1'],
      'create-topic needs <name>. Run goqueue-admin create-topic --help for what there is.',
    ],
    [['create-topic'], 'create-topic needs <name>. Run goqueue-admin create-topic --help for what there is.'],
  ])('%j', async (args, sentence) => {
    await expect(parseArguments(args)).rejects.toThrow(new UsageError(sentence))
  })
})

it.each([
  ['create-topic', '--partitions', '1'],
  ['describe-topic'],
  ['add-partitions', '--partitions', '2'],
  ['describe-config'],
  ['alter-config', '--set', 'retention.ms=1'],
  ['delete-records', '--before', '0:end'],
  ['delete-topic'],
  ['produce'],
  ['consume'],
])('a name that no topic can have is a mistake, before any broker is asked: %s', async (command, ...flags) => {
  for (const name of ['a b', 'a/b', '..', 'x'.repeat(250), 'naïve']) {
    const sentence = `A topic's name has 1 to 249 letters, digits, ".", "_" and "-", and is not "." or "..": not '${name}'.`
    await expect(parseArguments([command, name, ...flags])).rejects.toThrow(
      new UsageError(`${sentence} Run goqueue-admin ${command} --help for what there is.`),
    )
  }
  await expect(parseArguments([command, 'Orders_2.eu-1', ...flags])).resolves.toHaveProperty('run')
})

it.each([
  ['A group id', 'describe-group', ''],
  ['A group id', 'lag', ''],
  ['A group id', 'explain-group', ''],
  ['A group id', 'reset-offsets', '', '--topic', 'x', '--to-latest'],
  ['A group id', 'delete-offsets', '', '--topic', 'x'],
  ['A group id', 'remove-members', ''],
  ['A group id', 'delete-group', ''],
  ['--group', 'consume', 'x', '--group', ''],
  ['--member', 'remove-members', 'x', '--member', 'a', '--member', ''],
  ['--consumer-id', 'remove-members', 'x', '--consumer-id', ''],
])('%s that is empty is a mistake, before any broker is asked: %s', async (what, command, ...rest) => {
  await expect(parseArguments([command, ...rest])).rejects.toThrow(
    new UsageError(`${what} must not be empty. Run goqueue-admin ${command} --help for what there is.`),
  )
})

describe('what is understood', () => {
  it('brokers may be several, and the default is the local one', async () => {
    const options = async (...args: string[]) => {
      const parsed = await parseArguments(args)
      return 'options' in parsed ? parsed.options : null
    }
    expect(await options('list-topics')).toMatchObject({ broker: ['localhost:9092'], output: 'table' })
    expect(await options('--broker', 'a:1', 'list-topics', '--broker=b:2', '--output', 'json')).toMatchObject({
      broker: ['a:1', 'b:2'],
      output: 'json',
    })
  })

  it('a name that looks like a number stays the name that was typed', async () => {
    const parsed = await parseArguments(['describe-topic', '0123'])
    expect('options' in parsed && parsed.options).toMatchObject({ name: '0123' })
  })

  it('help names every command, and each command has its own', async () => {
    const parsed = await parseArguments(['--help'])
    const help = 'help' in parsed ? parsed.help : ''
    const commands = [...help.matchAll(/^ {2}goqueue-admin ([a-z-]+)/gm)].map(([, name = '']) => name)
    expect(commands).toEqual([
      'create-topic',
      'list-topics',
      'describe-topic',
      'add-partitions',
      'describe-config',
      'alter-config',
      'delete-records',
      'delete-topic',
      'produce',
      'consume',
      'list-groups',
      'describe-group',
      'lag',
      'explain-group',
      'reset-offsets',
      'delete-offsets',
      'remove-members',
      'delete-group',
    ])
    for (const command of commands) {
      const own = await parseArguments([command, '--help'])
      expect('help' in own && own.help).toContain(`goqueue-admin ${command}`)
    }
  })

  it('--version prints the version', async () => {
    const parsed = await parseArguments(['--version'])
    expect('help' in parsed && parsed.help).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })
})
