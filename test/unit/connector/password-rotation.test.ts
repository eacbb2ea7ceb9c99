import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PasswordRotation, type KeytabState } from '../../../src/connector/index.ts'
import { rotatePasswordSchema } from '../../../src/connector/config-rotation.ts'
import { SallyportError, type Random } from '../../../src/platform/index.ts'
import { ManualClock, MemoryLogger, settled } from '../../support/manual-clock.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const PRINCIPAL = 'CONN1$@CORP.EXAMPLE'

/** Always the same draw: 1 is the longest spread and the longest wait. */
const drawing = (share: 0 | 1): Random => ({
  bytes: (octets) => new Uint8Array(octets).fill(share === 1 ? 0xff : 0),
})

interface World {
  readonly section?: Readonly<Record<string, unknown>>
  readonly ageMs?: number
  readonly share?: 0 | 1
}

function start({ section = {}, ageMs = 0, share = 1 }: World = {}) {
  const clock = new ManualClock()
  const logger = new MemoryLogger()
  const keytab: { -readonly [Name in keyof KeytabState]: KeytabState[Name] } = {
    changedAtMs: clock.nowMs() - ageMs,
  }
  const done: number[] = []
  const tricks: { fault?: Error; slow?: Promise<unknown>; lookFault?: Error } = {}
  const rotation = new PasswordRotation(rotatePasswordSchema.parse({ everyDays: 30, ...section }), {
    ...{ principal: PRINCIPAL, clock, logger, random: drawing(share) },
    look: () => (tricks.lookFault ? Promise.reject(tricks.lookFault) : Promise.resolve(keytab)),
    rotate: async () => {
      done.push(clock.nowMs())
      await tricks.slow
      if (tricks.fault) throw tricks.fault
      keytab.changedAtMs = clock.nowMs()
      keytab.pendingSinceMs = undefined
      return { kvno: 2 + done.length, resumed: false }
    },
  })
  const hear = async (connectors: number, principal = PRINCIPAL): Promise<void> => {
    rotation.heard({ type: 'account', principal, connectors })
    await settled()
  }
  const PLANNED = 'password-rotation-planned'
  const told = () => logger.lines.filter(({ fields }) => fields['event'] !== PLANNED)
  const planned = () => logger.lines.filter(({ fields }) => fields['event'] === PLANNED)
  const events = () => told().map(({ fields }) => fields['event'])
  rotation.start()
  return { clock, logger, told, planned, keytab, done, tricks, rotation, hear, events }
}

describe('the scheduled rotation of the connector’s password', () => {
  it('changes it when the keytab’s keys are old enough and not before, again and again', async () => {
    const { clock, done, hear, events, told } = start()
    await hear(1)
    await clock.advance(30 * DAY_MS + 12 * HOUR_MS - 1)
    assert.deepEqual(done, [])
    await clock.advance(1)
    assert.equal(done.length, 1)
    await clock.advance(61 * DAY_MS + 2 * HOUR_MS)
    assert.equal(done.length, 3)
    assert.deepEqual(events(), ['password-rotated', 'password-rotated', 'password-rotated'])
    const { level, fields } = told()[0] ?? assert.fail()
    assert.deepEqual([level, fields['principal'], fields['kvno']], ['info', PRINCIPAL, 3])
  })

  it('says when it was changed last and will be next, once for each password', async () => {
    const { clock, hear, keytab, planned } = start({ ageMs: DAY_MS, share: 0 })
    await hear(1)
    const dates = () =>
      planned().map(({ level, fields }) => [level, fields['changedAt'], fields['plannedAt']])
    const line = (changedAtMs: number) => [
      'info',
      new Date(changedAtMs).toISOString(),
      new Date(changedAtMs + 30 * DAY_MS).toISOString(),
    ]
    const expected = [line(keytab.changedAtMs)]
    await clock.advance(2 * DAY_MS)
    assert.deepEqual(dates(), expected)
    // By hand.
    keytab.changedAtMs = clock.nowMs()
    expected.push(line(keytab.changedAtMs))
    await clock.advance(2 * HOUR_MS)
    assert.deepEqual(dates(), expected)
    // By itself.
    await clock.advance(30 * DAY_MS)
    expected.push(line(keytab.changedAtMs))
    assert.deepEqual(dates(), expected)
  })

  it('spreads it by chance, also where the keys were too old when they were first seen', async () => {
    for (const [share, ageMs, afterMs] of [
      [0, 0, 30 * DAY_MS],
      [1, 0, 30 * DAY_MS + 6 * HOUR_MS],
      [0, 400 * DAY_MS, 0],
      [1, 400 * DAY_MS, 6 * HOUR_MS],
    ] as const) {
      const world = start({ section: { spreadHours: 6 }, ageMs, share })
      await world.hear(1)
      if (afterMs > 0) await world.clock.advance(afterMs - 1)
      assert.equal(world.done.length, afterMs > 0 ? 0 : 1)
      await world.clock.advance(1)
      assert.equal(world.done.length, 1)
    }
  })

  it('counts a rotation by hand: the keytab’s own time decides', async () => {
    const { clock, done, hear, keytab } = start({ share: 0 })
    await hear(1)
    await clock.advance(29 * DAY_MS)
    keytab.changedAtMs = clock.nowMs()
    await clock.advance(29 * DAY_MS)
    assert.deepEqual(done, [])
    await clock.advance(DAY_MS)
    assert.equal(done.length, 1)
  })

  it('does nothing before a gateway has said that nobody else is the account, and says so once', async () => {
    const { clock, done, hear, told } = start({ ageMs: 31 * DAY_MS, share: 0 })
    await clock.advance(3 * DAY_MS)
    assert.deepEqual(done, [])
    assert.equal(told().length, 1)
    assert.equal(told()[0]?.fields['code'], 'ERR_CONNECTOR_ROTATION_HELD')
    assert.match(String(told()[0]?.fields['reason']), /no gateway has said/)
    await hear(1, 'OTHER$@CORP.EXAMPLE')
    assert.deepEqual(done, [])
    await hear(1, 'conn1$@corp.example')
    assert.equal(done.length, 1)
  })

  it('never does it while others are the account with keytabs of their own', async () => {
    const { clock, done, hear, told } = start({ ageMs: 31 * DAY_MS, share: 0 })
    await hear(2)
    await clock.advance(60 * DAY_MS)
    assert.deepEqual(done, [])
    const held = told().at(-1)
    assert.ok(held)
    assert.equal(held.level, 'warn')
    assert.match(String(held.fields['reason']), /2 connectors are this account/)
    assert.match(String(held.fields['mend']), /an account of its own/)
    await hear(1)
    assert.equal(done.length, 1)
  })

  it('does it for all who read one keytab file, when that is said', async () => {
    const { done, hear } = start({ section: { sharedKeytab: true }, ageMs: 31 * DAY_MS, share: 0 })
    await settled()
    assert.equal(done.length, 1)
    await hear(5)
    assert.equal(done.length, 1)
  })

  it('leaves a rotation to whoever has begun it, and goes on with it when it was stopped', async () => {
    const { clock, done, hear, keytab } = start({ share: 0 })
    await hear(1)
    await clock.advance(30 * DAY_MS - 5 * MINUTE_MS)
    keytab.pendingSinceMs = clock.nowMs()
    await clock.advance(9 * MINUTE_MS)
    assert.deepEqual(done, [])
    await clock.advance(HOUR_MS)
    assert.equal(done.length, 1)
  })

  it('waits longer after each refusal, with one line for each, and no gateway hurries it', async () => {
    const { clock, done, hear, tricks, told, events } = start({ ageMs: 31 * DAY_MS, share: 1 })
    tricks.fault = new SallyportError('ERR_KRB_PASSWORD_REFUSED', 'too young', { mend: 'Wait.' })
    await hear(1)
    await clock.advance(12 * HOUR_MS)
    assert.equal(done.length, 1)
    await hear(2)
    await hear(1)
    assert.equal(done.length, 1)
    for (const waitMinutes of [15, 30, 60, 120, 240, 480, 960, 1440, 1440]) {
      const before: number = done.length
      await clock.advance(waitMinutes * MINUTE_MS - 1)
      assert.equal(done.length, before)
      await clock.advance(1)
      assert.equal(done.length, before + 1)
    }
    assert.equal(told().length, done.length)
    const { level, fields } = told()[0] ?? assert.fail()
    assert.equal(level, 'error')
    assert.deepEqual(
      [fields['code'], fields['reason'], fields['mend'], fields['retryInMs']],
      ['ERR_KRB_PASSWORD_REFUSED', 'too young', 'Wait.', 15 * MINUTE_MS],
    )
    delete tricks.fault
    await clock.advance(DAY_MS)
    assert.equal(events().at(-1), 'password-rotated')
  })

  it('looks again when the keytab could not be read', async () => {
    const { clock, done, hear, tricks, told } = start({ ageMs: 31 * DAY_MS, share: 0 })
    await settled()
    tricks.lookFault = new SallyportError('ERR_KRB_KEYTAB', 'gone')
    await hear(1)
    assert.equal(told()[1]?.fields['code'], 'ERR_KRB_KEYTAB')
    delete tricks.lookFault
    await clock.advance(HOUR_MS)
    assert.equal(done.length, 1)
  })

  it('stops: nothing begins any more, and what is under way may end within the limit', async () => {
    const idle = start({ ageMs: 31 * DAY_MS, share: 0 })
    await settled()
    await idle.rotation.stop(1000)
    await idle.hear(1)
    await idle.clock.advance(90 * DAY_MS)
    assert.deepEqual([idle.done, idle.clock.pending], [[], 0])

    for (const ends of [true, false]) {
      const busy = start({ ageMs: 31 * DAY_MS, share: 0 })
      const slow = Promise.withResolvers<undefined>()
      busy.tricks.slow = slow.promise
      await busy.hear(1)
      let stopped = false
      const stopping = busy.rotation.stop(1000).then(() => (stopped = true))
      await busy.clock.advance(999)
      assert.equal(stopped, false)
      if (ends) slow.resolve(undefined)
      else await busy.clock.advance(1)
      await stopping
      assert.equal(busy.done.length, 1)
      await busy.clock.advance(90 * DAY_MS)
      assert.deepEqual([busy.done.length, busy.clock.pending], [1, 0])
    }
  })
})
