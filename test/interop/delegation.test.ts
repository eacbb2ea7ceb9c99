import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runCommand } from '../../docker/demo/process.ts'
import type { LabConnectorName } from '../../docker/lab/environment.ts'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import type { OwnDirectory } from '../../src/connector/io/index.ts'
import { encodeSecurityDescriptor, type Ace } from '../../src/directory/index.ts'
import { ldbModify } from '../../src/doctor/commands.ts'
import { planDelegation, type DelegationPlan } from '../../src/doctor/index.ts'
import {
  controllerIsHere,
  delegatesAlice,
  labDelegation,
  labPlan,
  openLabAccount,
  runOnController,
} from '../support/lab-delegation.ts'

const availability = labAvailability()
const noLab = availability.ok ? false : (availability.reason ?? 'no lab')

const IWA = 'HTTP/iwa.corp.example'
const RBCD = 'HTTP/rbcd.corp.example'
const EPA = 'HTTP/epa.corp.example'
const BOUND = 'HTTP/bound.corp.example'
const OTHER = 'HTTP/other.corp.example'

const codesOf = (plan: DelegationPlan) =>
  [...plan.missing, ...plan.superfluous].map(({ code }) => code)

// A lab of its own: this suite changes the directory.
describe('delegation in a real domain', { skip: noLab }, () => {
  let lab: Lab
  const opened = new Map<LabConnectorName, OwnDirectory>()
  before(async () => {
    lab = await startLab({ services: ['dc'] })
  })
  after(async () => {
    for (const each of opened.values()) each.close()
    await lab.stop()
  })

  async function as(connector: LabConnectorName): Promise<OwnDirectory> {
    const own = opened.get(connector) ?? (await openLabAccount(lab.env, connector))
    opened.set(connector, own)
    return own
  }

  /** Runs the first mend of every step as it is printed. */
  async function carryOut(plan: DelegationPlan): Promise<void> {
    for (const { mends } of [...plan.missing, ...plan.superfluous]) {
      await runOnController(lab.env, mends[0]?.sambaTool ?? 'false')
    }
  }

  it('runs where its commands can be run', (context) => {
    if (!controllerIsHere(lab.env)) context.skip('the domain controller is in a container')
  })

  it('sees nothing to change where the policy is what CONN1 may do', async () => {
    const own = await as('CONN1')
    assert.deepEqual(codesOf(await labPlan(own, [IWA, BOUND, EPA])), [])
    assert.equal(await delegatesAlice(own, IWA), 'granted')
  })

  it('sees what CONN1 may besides', async () => {
    const state = await labDelegation(await as('CONN1'), [IWA])
    assert.deepEqual(state.unlisted, [BOUND, EPA])
    assert.deepEqual(state.services[0]?.othersClassic.toSorted(), ['CONN2$', 'gmsa1$'])
    assert.deepEqual(codesOf(planDelegation(state)), [
      'DOCTOR_DELEGATION_SUPERFLUOUS',
      'DOCTOR_DELEGATION_SUPERFLUOUS',
    ])
  })

  it('sees CONN3 delegate by the descriptor of the service', async () => {
    const own = await as('CONN3')
    const state = await labDelegation(own, [RBCD])
    assert.ok(state.services[0]?.acting.granted && !state.services[0].classic)
    assert.deepEqual(
      state.services[0].mayAct.map(({ name }) => name),
      ['CONN3$', 'CONN4$'],
    )
    assert.deepEqual(codesOf(planDelegation(state)), [])
    assert.equal(await delegatesAlice(own, RBCD), 'granted')
  })

  it('brings CONN2 protocol transition and takes away what is too much', async () => {
    const own = await as('CONN2')
    assert.equal(await delegatesAlice(own, IWA), 'ERR_KRB_NOT_FORWARDABLE')
    const plan = await labPlan(own, [IWA])
    assert.deepEqual(codesOf(plan), [
      'DOCTOR_PROTOCOL_TRANSITION_MISSING',
      'DOCTOR_DELEGATION_SUPERFLUOUS',
      'DOCTOR_DELEGATION_SUPERFLUOUS',
    ])
    await carryOut(plan)
    assert.deepEqual(codesOf(await labPlan(own, [IWA])), [])
    assert.equal(await delegatesAlice(own, IWA), 'granted')
    assert.equal(await delegatesAlice(own, EPA), 'ERR_KRB_DELEGATION_REFUSED')
  })

  it('leads CONN4, which has next to nothing, to two services by RBCD', async () => {
    const own = await as('CONN4')
    const plan = await labPlan(own, [RBCD, OTHER])
    assert.deepEqual(codesOf(plan), [
      'DOCTOR_PROTOCOL_TRANSITION_MISSING',
      'DOCTOR_DELEGATION_MISSING',
    ])
    assert.equal(await delegatesAlice(own, OTHER), 'ERR_KRB_NOT_FORWARDABLE')
    await carryOut(plan)
    assert.deepEqual(codesOf(await labPlan(own, [RBCD, OTHER])), [])
    assert.equal(await delegatesAlice(own, RBCD), 'granted')
    assert.equal(await delegatesAlice(own, OTHER), 'granted')
  })

  it('moves CONN1 from its own list to the service, and back', async () => {
    const own = await as('CONN1')
    const toRbcd = planDelegation(await labDelegation(own, [IWA, BOUND, EPA]), 'rbcd')
    assert.equal(toRbcd.missing.length, 3)
    assert.equal(toRbcd.superfluous.length, 3)
    await carryOut(toRbcd)
    const moved = await labDelegation(own, [IWA, BOUND, EPA])
    assert.deepEqual(moved.connector.allowedToDelegateTo, [])
    assert.deepEqual(codesOf(planDelegation(moved)), [])
    assert.equal(await delegatesAlice(own, IWA), 'granted')
    await carryOut(planDelegation(moved, 'classic'))
    const back = await labDelegation(own, [IWA, BOUND, EPA])
    assert.deepEqual(back.connector.allowedToDelegateTo.toSorted(), [BOUND, EPA, IWA])
    assert.ok(back.services.every(({ acting }) => !acting.granted))
    assert.equal(await delegatesAlice(own, IWA), 'granted')
  })

  // Each is what the KDC itself makes of it, too.
  const allow = { type: 0, flags: 0, mask: 0xf01ff }
  const broken = [
    { what: 'a generic right', code: 'DOCTOR_RBCD_GENERIC', own: { ...allow, mask: 0x10000000 } },
    { what: 'an entry for heirs', code: 'DOCTOR_RBCD_INEFFECTIVE', own: { ...allow, flags: 0x0a } },
    { what: 'reading alone', code: 'DOCTOR_RBCD_INEFFECTIVE', own: { ...allow, mask: 0x20010 } },
    {
      what: 'one extended right',
      code: 'DOCTOR_RBCD_INEFFECTIVE',
      own: { ...allow, type: 5, objectType: 'ab721a53-1e2f-11d0-9819-00aa0040529b' },
    },
    { what: 'a refusal', code: 'DOCTOR_RBCD_DENIED', own: { ...allow, type: 1 } },
    { what: 'nothing', code: 'DOCTOR_DELEGATION_MISSING', own: undefined },
  ] as const
  for (const { what, code, own: entry } of broken) {
    it(`finds ${what} in the list of a service, and mends it`, async () => {
      const own = await as('CONN3')
      const { connector, services } = await labDelegation(own, [RBCD])
      const aces: Ace[] = entry === undefined ? [] : [{ ...entry, sid: connector.sid }]
      await writeDescriptor(services[0]?.account?.distinguishedName ?? '', aces)
      assert.equal(await delegatesAlice(own, RBCD), 'ERR_KRB_DELEGATION_REFUSED')
      const plan = await labPlan(own, [RBCD])
      assert.deepEqual(codesOf(plan), [code])
      await carryOut(plan)
      assert.deepEqual(codesOf(await labPlan(own, [RBCD])), [])
      assert.equal(await delegatesAlice(own, RBCD), 'granted')
    })
  }

  it('finds a refusal to everyone, and takes it out of the list', async () => {
    const own = await as('CONN3')
    const { connector, services } = await labDelegation(own, [RBCD])
    const dn = services[0]?.account?.distinguishedName ?? ''
    const conn4 = (await labDelegation(await as('CONN4'), [])).connector
    await writeDescriptor(dn, [
      { ...allow, type: 1, sid: 'S-1-1-0' },
      { ...allow, sid: connector.sid },
      { ...allow, sid: conn4.sid },
    ])
    assert.equal(await delegatesAlice(own, RBCD), 'ERR_KRB_DELEGATION_REFUSED')
    const plan = await labPlan(own, [RBCD])
    assert.deepEqual(codesOf(plan), ['DOCTOR_RBCD_DENIED'])
    await carryOut(plan)
    const mended = await labDelegation(own, [RBCD])
    assert.deepEqual(codesOf(planDelegation(mended)), [])
    assert.deepEqual(mended.services[0]?.mayAct.map(({ name }) => name).toSorted(), [
      'CONN3$',
      'CONN4$',
    ])
    assert.equal(await delegatesAlice(own, RBCD), 'granted')
  })

  it('finds a name that two accounts have, keeps it with the right one', async () => {
    const own = await as('CONN1')
    // Samba refuses a second holder; two controllers that do not know of each other's changes yet do not.
    const part = 'sam.ldb.d/DC=CORP,DC=EXAMPLE.ldb'
    const second = ldbModify('CN=svc-other,CN=Users,DC=corp,DC=example', [
      'add: servicePrincipalName',
      `servicePrincipalName: ${IWA}`,
    ]).replace('sam.ldb', part)
    await runOnController(lab.env, second)
    assert.notEqual(await delegatesAlice(own, IWA), 'granted')
    const plan = await labPlan(own, [IWA, BOUND, EPA])
    assert.deepEqual(codesOf(plan), ['DOCTOR_SPN_DUPLICATE'])
    assert.match(plan.missing[0]?.message ?? '', /svc-iwa/)
    await carryOut(plan)
    const mended = await labDelegation(own, [IWA, BOUND, EPA])
    assert.deepEqual(codesOf(planDelegation(mended)), [])
    assert.equal(mended.services[0]?.account?.sAMAccountName, 'svc-iwa')
  })

  it('finds a name that nobody has, and whom it was meant for', async () => {
    const own = await as('CONN1')
    await runOnController(lab.env, `samba-tool spn delete ${IWA} svc-iwa`)
    assert.notEqual(await delegatesAlice(own, IWA), 'granted')
    const plan = await labPlan(own, [IWA, BOUND, EPA])
    assert.deepEqual(codesOf(plan), ['DOCTOR_SPN_MISSING'])
    await carryOut(plan)
    assert.equal(await delegatesAlice(own, IWA), 'granted')
  })

  it('finds unconstrained delegation, and ends it', async () => {
    const own = await as('CONN1')
    await runOnController(lab.env, "samba-tool delegation for-any-service 'CONN1$' on")
    const plan = await labPlan(own, [IWA, BOUND, EPA])
    assert.deepEqual(codesOf(plan), ['DOCTOR_UNCONSTRAINED'])
    await carryOut(plan)
    assert.deepEqual(codesOf(await labPlan(own, [IWA, BOUND, EPA])), [])
  })

  function writeDescriptor(distinguishedName: string, aces: readonly Ace[]): Promise<void> {
    const dacl = { revision: 4, aces }
    const octets = encodeSecurityDescriptor({ control: 0x8004, owner: 'S-1-5-32-544', dacl })
    const command = ldbModify(distinguishedName, [
      'replace: msDS-AllowedToActOnBehalfOfOtherIdentity',
      `msDS-AllowedToActOnBehalfOfOtherIdentity:: ${Buffer.from(octets).toString('base64')}`,
    ])
    return runOnController(lab.env, command)
  }

  describe('on the command line', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-delegation-'))
    after(() => {
      rmSync(folder, { recursive: true })
    })

    async function cli(...words: readonly string[]): Promise<{ status: number; output: string }> {
      const options = ['--config', join(folder, 'connector.yaml')]
      const { status, stdout, stderr } = await runCommand(['delegation', ...words, ...options])
      return { status: status ?? -1, output: stdout + stderr }
    }

    before(() => {
      const { realm, caFile, dnsServer, connectors } = lab.env
      const connector = {
        stateDirectory: 'state',
        policy: 'policy.yaml',
        kerberos: {
          realm,
          principal: 'CONN2$',
          keytab: connectors.CONN2.keytab,
          kdcs: ['dc1.corp.example'],
        },
        directory: { servers: ['dc1.corp.example'], ca: caFile },
        dns: { servers: [dnsServer] },
      }
      const backends = [
        { origin: 'http://iwa.corp.example', servicePrincipalName: IWA },
        { origin: 'http://epa.corp.example', servicePrincipalName: EPA },
      ]
      writeFileSync(join(folder, 'connector.yaml'), JSON.stringify(connector))
      writeFileSync(join(folder, 'policy.yaml'), JSON.stringify({ backends }))
    })

    it('shows, plans and verifies; the plan makes verify content', async () => {
      const shown = await cli('show')
      assert.equal(shown.status, 0, shown.output)
      assert.match(shown.output, /HTTP\/iwa\.corp\.example +svc-iwa +yes +no +.*gmsa1\$/)
      const before = await cli('verify')
      assert.equal(before.status, 1, before.output)
      assert.match(before.output, /missing: CONN2\$ may not delegate to HTTP\/epa/)
      const planned = await cli('plan', '--shell', 'samba')
      assert.equal(planned.status, 0)
      await runOnController(lab.env, planned.output)
      const verified = await cli('verify')
      assert.deepEqual(verified, {
        status: 0,
        output: '# nothing to change: the connector may do what the policy needs, and no more\n',
      })
      assert.equal(await delegatesAlice(await as('CONN2'), EPA), 'granted')
    })
  })
})
