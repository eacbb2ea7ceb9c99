/** client.diagnose: why a delegation is refused. NTSTATUS by MS-SFU 3.2.5.2. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DelegationFindingKind } from '../../../src/kerberos/index.ts'
import { NtStatus } from '../../../src/kerberos/iana/index.ts'
import { newWorld, REALM, SPN } from '../../support/kerberos-world.ts'
import type { Refusal } from '../../support/memory-kdc/index.ts'

const alice = { name: 'alice', realm: REALM }
const RBCD_SPN = 'HTTP/rbcd.corp.example'

interface Case {
  readonly what: string
  readonly connector?: string
  readonly user?: string
  readonly spn?: string
  readonly refusal?: Refusal
  readonly finding: DelegationFindingKind
  readonly samba?: string
}

const CASES: readonly Case[] = [
  { what: 'a service on the list', finding: 'granted' },
  {
    what: 'no list at all',
    connector: 'CONN3$',
    finding: 'no-delegation-list',
    samba: `samba-tool delegation add-service 'CONN3$' '${SPN}'`,
  },
  {
    what: 'a list without the service',
    spn: RBCD_SPN,
    finding: 'spn-not-listed',
    samba: `samba-tool delegation add-service 'CONN1$' '${RBCD_SPN}'`,
  },
  {
    what: 'a service that does not exist',
    spn: 'HTTP/nowhere.corp.example',
    finding: 'spn-unknown',
  },
  {
    what: 'evidence without protocol transition',
    connector: 'CONN2$',
    finding: 'not-forwardable',
    samba: "samba-tool delegation for-any-protocol 'CONN2$' on",
  },
  { what: 'a sensitive user', user: 'carol', finding: 'not-forwardable' },
  {
    what: 'a restriction',
    refusal: { code: 13, ntStatus: NtStatus.STATUS_ACCOUNT_RESTRICTION },
    finding: 'account-restricted',
    samba: "samba-tool user sensitive 'alice' show",
  },
  {
    what: 'a KDC that tells no NTSTATUS, as Samba',
    refusal: { code: 13 },
    finding: 'not-granted',
    samba: "samba-tool delegation show 'CONN1$'",
  },
  { what: 'an expired password', refusal: { code: 23 }, finding: 'client-refused' },
  { what: 'anything else', refusal: { code: 60 }, finding: 'other' },
]

describe('a diagnosis', () => {
  for (const { what, connector, user, spn = SPN, refusal, finding, samba } of CASES) {
    it(`of ${what} is ${finding}`, async () => {
      const { kdc, client } = newWorld()
      const asking = client(connector)
      const evidence = await asking.impersonate({ ...alice, name: user ?? 'alice' })
      kdc.tricks = { refuse: (kind) => (kind === 'S4U2Proxy' ? refusal : undefined) }
      const found = await asking.diagnose(evidence, spn)
      assert.equal(found.finding, finding)
      assert.match(found.means, /^[A-Z].*\.$/)
      if (samba !== undefined) assert.equal(found.commands?.samba, samba)
      if (finding !== 'granted' && finding !== 'not-forwardable') assert.ok(found.refusal)
    })
  }

  it('keeps names that a shell might misread out of commands', async () => {
    const { client } = newWorld()
    const asking = client('CONN1$')
    const evidence = await asking.impersonate(alice)
    const found = await asking.diagnose({ ...evidence, forwardable: true }, "HTTP/x'; rm -rf ~ #")
    assert.equal(found.commands?.powershell, "setspn -Q '<spn>'")
  })

  it('comes as an error when there is no answer', async () => {
    const { kdc, client } = newWorld()
    const asking = client()
    const evidence = await asking.impersonate(alice)
    kdc.tricks = { octets: () => new Uint8Array(3) }
    await assert.rejects(asking.diagnose(evidence, SPN), { code: 'ERR_KRB_DECODE' })
  })
})
