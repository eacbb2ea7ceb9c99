/**
 * Feeds sessions of both sides with mutated messages: nothing may crash, hang or grow, and each fault must close the
 * tunnel with a code.
 *
 *     node test/fuzz/tunnel-frames.ts [rounds] [seed]        (10 000 rounds, about five seconds)
 */
import assert from 'node:assert/strict'
import { systemRandom } from '../../src/platform/io/index.ts'
import {
  END,
  frame,
  headPayload,
  hello,
  openPayload,
  reasonPayload,
  TYPE,
  u32,
} from '../support/tunnel/naive.ts'
import { openRecorded, requestHead } from '../support/tunnel/recorder.ts'
import { Solo } from '../support/tunnel/solo.ts'

/** Xorshift: the same seed gives the same rounds. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const HEADERS = ['content-type', 'text/html', 'set-cookie', 'a=b; path=/']

function lawful(random: (below: number) => number): Buffer[] {
  const id = 1 + random(4)
  const flags = random(3) === 0 ? END : 0
  const control = Buffer.from(JSON.stringify({ type: 'flush', user: 'x' }))
  const all = [
    frame(TYPE.OPEN, id, { payload: openPayload(requestHead({ headers: HEADERS })), flags }),
    frame(TYPE.HEAD, id, { payload: headPayload(200, HEADERS), flags }),
    frame(TYPE.DATA, id, { payload: Buffer.alloc(1 + random(300), 65), flags }),
    frame(TYPE.CREDIT, id, { payload: u32(1 + random(1000)) }),
    frame(TYPE.RESET, id, { payload: reasonPayload('ERR_X', 'why') }),
    frame(TYPE.CONTROL, 0, { payload: control }),
    frame(TYPE.PING, 0, { payload: u32(5) }),
    frame(TYPE.PONG, 0, { payload: u32(5) }),
    frame(TYPE.DRAIN, 0),
    frame(TYPE.CLOSE, 0, { payload: reasonPayload('ERR_X', 'bye') }),
    hello(),
  ]
  return Array.from({ length: 1 + random(6) }, () => all[random(all.length)] ?? Buffer.alloc(0))
}

function mutate(message: Buffer, random: (below: number) => number): Buffer {
  const changed = Buffer.from(message)
  for (let i = random(4); i > 0 && changed.length > 0; i -= 1) {
    const at = random(changed.length)
    changed[at] = random(3) === 0 ? random(256) : (changed[at] ?? 0) ^ (1 << random(8))
  }
  if (random(5) === 0) return changed.subarray(0, random(changed.length + 1))
  if (random(8) === 0) return Buffer.concat([changed, systemRandom.bytes(random(40))])
  return changed
}

function round(random: (below: number) => number): string {
  const role = random(2) === 0 ? 'gateway' : 'connector'
  const solo = new Solo(role, { limits: { streamWindowOctets: 2000, maxStreams: 3 } }).ready()
  const opened = role === 'gateway' ? [1, 2].map(() => openRecorded(solo.session, {}, false)) : []
  solo.side.onStream = (_recorder, stream) => {
    stream.sendHead({ status: 200, headers: [] })
    stream.write(Buffer.alloc(100))
  }
  for (let i = 0; i < 8 && !solo.session.closed; i += 1) {
    solo.receive(mutate(Buffer.concat(lawful(random)), random))
  }
  const faults = solo.logger.lines.filter(({ level }) => level === 'error')
  assert.deepEqual(faults, [], 'a handler or the session threw')
  assert.ok(solo.session.openStreams <= 4)
  solo.link.cut()
  assert.equal(solo.side.closes.length, 1)
  assert.equal(solo.session.openStreams, 0)
  assert.equal(solo.clock.pending, 0)
  for (const stream of [...opened, ...solo.side.streams]) {
    assert.ok(stream.resets.length <= 1, 'told of its end twice')
  }
  return solo.side.closes[0]?.code ?? ''
}

const rounds = Number(process.argv[2] ?? 10_000)
const seed = Number(process.argv[3] ?? Buffer.from(systemRandom.bytes(4)).readUInt32LE())
const random = generator(seed)
const outcomes = new Map<string, number>()
for (let i = 0; i < rounds; i += 1) {
  try {
    const outcome = round(random)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  } catch (error) {
    console.error(`seed ${seed}, round ${i}`)
    throw error
  }
}
console.log(`${rounds} rounds, seed ${seed}: ${JSON.stringify(Object.fromEntries(outcomes))}`)
