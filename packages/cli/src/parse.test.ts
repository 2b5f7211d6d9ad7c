// The command line: what each mistake is told, and that help knows every command.
import { describe, expect, it } from 'vitest'
import { UsageError } from './failure.ts'
import { parseArguments } from './parse.ts'

describe('a mistake is told in one sentence', () => {
  it.each([
    [[], 'A command is needed. Run goqueue-admin --help for what there is.'],
    [['creat-topic', 'x'], 'Unknown arguments: creat-topic, x. Did you mean create-topic?'],
    [
      ['create-topic', 'x'],
      'Missing required argument: partitions. Run goqueue-admin create-topic --help for what there is.',
    ],
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
      'Unknown argument: outptu. Run goqueue-admin list-topics --help for what there is.',
    ],
    [
      ['list-topics', '--broker'],
      'Not enough arguments following: broker. Run goqueue-admin list-topics --help for what there is.',
    ],
    [
      ['produce', 'x', '--key-separator', ''],
      '--key-separator takes one text, such as : or \\t. Run goqueue-admin produce --help for what there is.',
    ],
    [
      ['consume', 'x', '--max', '1', '--max', '2'],
      "--max takes one whole number from 1, not '1,2'. Run goqueue-admin consume --help for what there is.",
    ],
    [
      ['consume'],
      'Not enough non-option arguments: got 0, need at least 1. Run goqueue-admin consume --help for what there is.',
    ],
  ])('%j', async (args, sentence) => {
    await expect(parseArguments(args)).rejects.toThrow(new UsageError(sentence))
  })
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
