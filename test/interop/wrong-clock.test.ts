/** The Kerberos client and a domain controller whose clock is off. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import { Initiator } from '../../src/kerberos/gss/index.ts'
import type {
  KerberosClient,
  KerberosClientOptions,
  ServiceTicket,
} from '../../src/kerberos/index.ts'
import type { Clock } from '../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { FakedClock, fakedClockMissing } from '../support/faked-clock.ts'
import { patientTransport } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { MemoryLogger } from '../support/manual-clock.ts'
import { judgeTokens, mitAcceptorMissing } from '../support/mit-acceptor.ts'

const SPN = 'HTTP/iwa.corp.example'
/** What a slow machine may take between two looks at the clock, milliseconds. */
const SLACK_MS = 30_000

function whyNot(): string | false {
  if (sharedLab() === undefined) return NO_LAB
  const { way } = labAvailability()
  if (way !== 'on this machine')
    return 'the lab’s clock can be changed on this machine itself alone'
  return fakedClockMissing() || mitAcceptorMissing()
}

describe(
  'the Kerberos client, at a domain controller whose clock is off',
  { skip: whyNot() },
  () => {
    const faked = new FakedClock()
    let lab: Lab
    let judged = 0
    before(async () => {
      lab = await startLab({ services: ['dc'], variables: () => faked.environment })
    })
    after(async () => {
      await lab.stop()
      faked.remove()
    })

    const clientWith = (options: Partial<KerberosClientOptions> = {}) =>
      connectorClient(lab.env, 'CONN1', {
        transport: patientTransport(lab.env.realm, lab.env.kdc),
        ...options,
      })
    const act = async (client: KerberosClient) =>
      client.delegate(await client.impersonate({ name: 'alice', realm: lab.env.realm }), SPN)

    /** What a backend says that goes by the controller's clock. */
    const judge = (ticket: ServiceTicket, clock: Clock) => {
      judged += 1
      const sent = new Initiator(ticket, { clock, random: systemRandom }).createToken()
      const environment = {
        ...faked.environment,
        KRB5_KTNAME: `FILE:${lab.env.backends.iwa.keytab}`,
        KRB5_CONFIG: lab.env.krb5Conf,
        KRB5RCACHENAME: `file2:${join(lab.env.directory, `replay-${judged}`)}`,
      }
      const [verdict] = judgeTokens(environment, [sent])
      assert.ok(verdict)
      return verdict
    }

    for (const seconds of [600, -600]) {
      it(`makes up for ${seconds} s, warns, and makes tokens that a backend takes in the controller’s time`, async () => {
        faked.set(seconds)
        const logger = new MemoryLogger()
        const client = await clientWith({ logger })
        const ticket = await act(client)
        assert.ok(Math.abs((client.clockSkewMs ?? 0) - seconds * 1000) < SLACK_MS)
        const [warning, ...more] = logger.lines.filter(({ level }) => level === 'warn')
        assert.match(warning?.message ?? '', /clock differs/)
        assert.ok(
          Math.abs(Number(warning?.fields['kdcAheadBySeconds']) - seconds) * 1000 < SLACK_MS,
        )
        assert.equal(warning?.fields['corrected'], true)
        assert.deepEqual(more, [])
        const inStep = judge(ticket, client.tokenClock())
        assert.equal(inStep.client, `alice@${lab.env.realm}`, inStep.text)
        assert.match(judge(ticket, systemClock).text ?? '', /[Cc]lock skew/)
      })
    }

    it('follows when the controller’s clock is put right', async () => {
      faked.set(900)
      const client = await clientWith()
      assert.ok(await client.ownTicket(SPN))
      faked.set(0)
      assert.ok(await act(client))
      assert.ok(Math.abs(client.clockSkewMs ?? Infinity) < SLACK_MS)
      assert.ok(Math.abs(client.tokenClock().nowMs() - systemClock.nowMs()) < SLACK_MS)
    })

    it('warns from 60 s on, and needs no correction below 5 minutes', async () => {
      faked.set(120)
      const logger = new MemoryLogger()
      const client = await clientWith({ logger })
      assert.ok(await act(client))
      const warnings = logger.lines.filter(({ level }) => level === 'warn')
      assert.deepEqual(
        warnings.map(({ fields }) => fields['corrected']),
        [false],
      )
      const gap = client.tokenClock().nowMs() - systemClock.nowMs()
      assert.ok(Math.abs(gap) < SLACK_MS)
    })

    const beyond: readonly (readonly [string, number, number | undefined])[] = [
      ['no correction is allowed', 600, 0],
      ['the difference is more than the setting allows', 1200, 600_000],
      ['the difference is more than 12 hours', 13 * 3600, undefined],
      ['the clock is behind by more than 12 hours', -13 * 3600, undefined],
    ]
    for (const [what, seconds, maxClockCorrectionMs] of beyond) {
      it(`refuses when ${what}, and says by how much`, async () => {
        faked.set(seconds)
        const client = await clientWith({ maxClockCorrectionMs })
        await assert.rejects(client.ownTicket(SPN), (error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error)
          assert.equal(error.code, 'ERR_KRB_SKEW')
          const told = /its clock is (\d+) s (behind|ahead of) ours/.exec(error.message)
          assert.equal(told?.[2], seconds < 0 ? 'behind' : 'ahead of')
          assert.ok(Math.abs(Number(told[1]) - Math.abs(seconds)) * 1000 < SLACK_MS)
          return true
        })
      })
    }
  },
)
