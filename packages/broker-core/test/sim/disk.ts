// The simulated store: it takes effects in order, and checks that nobody was told more than it holds (rows I2 and I5).
import type { Effect } from '../../src/classic-group/effect.ts'
import { decodeGroupImage, encodeGroupImage } from '../../src/classic-group/group-image.ts'
import { createGroup } from '../../src/classic-group/group.ts'
import type { Group, GroupImage, GroupOptions } from '../../src/classic-group/group.ts'
import type { OffsetCommitInput } from '../../src/classic-group/input.ts'
import { restoreGroup } from '../../src/classic-group/restore-group.ts'
import type { Request } from './client.ts'
import { identityOf } from './observation.ts'
import { must } from './violation.ts'

export class Disk {
  private text: string | null = null
  private image: GroupImage | null = null
  private expected = ''
  readonly offsets = new Map<number, number>()

  /** Performs one effect. `request` is the one that a reply answers; `group` is as the step has left it. */
  perform(effect: Effect, request: Request | undefined, group: Group): void {
    if (effect.kind === 'persistGroup') {
      this.expected = this.expectationAfter(effect.image, group)
      this.image = effect.image
      this.text = encodeGroupImage(effect.image)
    } else if (effect.kind === 'persistOffsets') {
      for (const { partition, offset } of effect.offsets) this.offsets.set(partition, offset)
    } else if (effect.kind === 'reply' && effect.reply.errorCode === 'NONE' && request !== undefined) {
      this.checkAnswered(effect, request)
    }
  }

  /** What a reload must give. Taken from the living group, except in a rebalance, where only an id has changed. */
  private expectationAfter(image: GroupImage, group: Group): string {
    if (group.state === 'Stable' || group.state === 'Empty') return describe(group)
    must(this.image !== null, 'I5: what is saved in a rebalance has been saved before')
    const newIds = image.members.map((member, index) => [this.image?.members[index]?.memberId ?? '', member.memberId])
    return newIds.reduce((text, [oldId, newId]) => text.replaceAll(`<${oldId}>`, `<${newId}>`), this.expected)
  }

  private checkAnswered(effect: Extract<Effect, { kind: 'reply' }>, request: Request): void {
    const { reply } = effect
    if (reply.kind === 'syncGroup' && request.kind === 'syncGroup') {
      const saved = this.image?.members.find(({ memberId }) => memberId === request.memberId)
      must(this.image?.generationId === request.generationId, 'I5: an assignment is durable before anyone has it')
      must(saved?.assignment.equals(reply.assignment) === true, 'I5: the durable assignment is the one handed out')
    } else if (reply.kind === 'joinGroup' && request.kind === 'joinGroup' && request.groupInstanceId !== null) {
      const saved = this.image?.members.find(({ groupInstanceId }) => groupInstanceId === request.groupInstanceId)
      must(saved === undefined || saved.memberId === reply.memberId, 'I12: a reload would not fence the newest twin')
    } else if (request.kind === 'offsetCommit') {
      for (const { partition, offset } of request.offsets) {
        must(this.offsets.get(partition) === offset, 'I5: a commit is durable before it is acknowledged')
      }
    }
  }

  /** The broker starts again: the group is what was saved, nothing else. */
  reload(options: GroupOptions, nowMs: number): Group {
    if (this.text === null) return createGroup('group', options)
    const group = restoreGroup('group', decodeGroupImage(this.text), options, nowMs)
    must(
      describe(group) === this.expected,
      'I5: reload(disk) == acknowledged state',
      () => `${describe(group)} <> ${this.expected}`,
    )
    return group
  }
}

/** Everything about a group that must survive, as text. */
function describe(group: Group): string {
  const members = Array.from(group.members.values(), (member) =>
    [
      `<${member.memberId}>`,
      identityOf(member) === member.memberId ? '' : identityOf(member),
      member.sessionTimeoutMs,
      member.rebalanceTimeoutMs,
      member.protocols
        .map(({ name, metadata, subscriptionKey }) => `${name}=${metadata.toString()}=${subscriptionKey}`)
        .join('+'),
      member.assignment.toString('hex'),
    ].join(','),
  )
  return `${group.generationId} ${group.protocolType} ${group.protocolName} <${group.leaderId}> ${members.join(' ')}`
}

/** Row I2: whether this commit is allowed, by Kafka's rule, in the group as it is. */
export function mayCommit(group: Group, input: OffsetCommitInput): boolean {
  if (group.state === 'Dead') return false
  if (input.generationId < 0) return group.state === 'Empty'
  const member = group.members.get(input.memberId)
  const isInstance = input.groupInstanceId === null || member?.groupInstanceId === input.groupInstanceId
  const isCurrent = member !== undefined && isInstance && input.generationId === group.generationId
  return isCurrent && group.state !== 'CompletingRebalance'
}
