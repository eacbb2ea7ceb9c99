import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { remoteUser } from '../../docker/demo/proof.ts'
import { startStack, type Stack } from '../../docker/demo/stack.ts'
import type { Visitor } from '../../docker/demo/visitor.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { signIn } from '../support/people.ts'

const lab = sharedLab()

/** Requests in flight at once, spread over both users. */
const LANES = 16
const REQUESTS = 2000

// The backend has GssapiConnectionBound on: the first token on a TCP connection decides who all later requests on it are.
describe(
  'two users on a backend that binds identity to the connection',
  { skip: lab ? false : NO_LAB },
  () => {
    assert.ok(lab)
    let stack: Stack
    const people: { expected: string; visitor: Visitor }[] = []

    before(async () => {
      stack = await startStack(lab)
      for (const name of ['alice', 'bob']) {
        const { visitor, page } = await signIn({ lab, stack }, name, { app: 'bound' })
        assert.equal(page.status, 200)
        people.push({ expected: `${name}@CORP.EXAMPLE`, visitor })
      }
    })
    after(async () => {
      for (const { visitor } of people) await visitor.close()
      await stack.stop()
    })

    it(`${REQUESTS} interleaved requests: each answer is for the right user`, async () => {
      const url = stack.url('bound', '/whoami')
      const connections = new Map<string, Set<string>>()
      let next = 0
      const lane = async () => {
        while (next < REQUESTS) {
          const person = people[next++ % people.length]
          assert.ok(person)
          const page = await person.visitor.visit(url)
          assert.deepEqual([page.status, remoteUser(page)], [200, person.expected])
          const used = connections.get(person.expected) ?? new Set()
          connections.set(person.expected, used.add(String(page.headers['x-lab-connection'])))
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))
      const [first, second] = [...connections.values()]
      assert.ok(first && second)
      assert.deepEqual(
        [...first].filter((connection) => second.has(connection)),
        [],
      )
      assert.ok(first.size + second.size < REQUESTS / 4, 'connections were kept alive')
    })
  },
)
