import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { actingSids, decodeSecurityDescriptor } from '../../../../src/directory/index.ts'
import type { PlanMode } from '../../../../src/doctor/delegation/grants.ts'
import { planDelegation, type DelegationPlan } from '../../../../src/doctor/index.ts'
import type { DelegationState } from '../../../../src/doctor/delegation/state.ts'
import {
  account,
  delegationState,
  service,
  TO_AUTH,
  UNCONSTRAINED,
  type AccountDifference,
} from '../../../support/delegation-state.ts'

const IWA = 'HTTP/iwa.corp.example'
const CONN = 'S-1-5-21-1-2-3-1104'
const full = { type: 0, flags: 0, mask: 0xf01ff, sid: CONN }
const windows = { possible: true, wantsProtocolTransition: false, why: 'Windows Server 2022' }
const old = {
  possible: false,
  wantsProtocolTransition: true,
  why: 'DC1 runs Samba-4.17, which cannot',
}

const connector = (difference: AccountDifference = {}) =>
  account('CONN$', 1104, { spns: ['HOST/conn.corp.example'], ...difference })

/** A picture with one service of svc-iwa. */
function picture(
  own: AccountDifference,
  theirs: AccountDifference = {},
  more: Partial<DelegationState> = {},
): DelegationState {
  const conn = connector(own)
  const iwa = account('svc-iwa', 1115, { spns: [IWA], ...theirs })
  return delegationState(conn, [service(conn, IWA, [iwa])], more)
}

const codes = ({ missing, superfluous }: DelegationPlan) => ({
  missing: missing.map(({ code }) => code.replace('DOCTOR_', '')),
  superfluous: superfluous.map(({ code }) => code.replace('DOCTOR_', '')),
})
const none = { missing: [], superfluous: [] }

interface Case {
  readonly what: string
  readonly state: DelegationState
  readonly mode?: PlanMode
  readonly plan: { readonly missing?: readonly string[]; readonly superfluous?: readonly string[] }
}

const cases: readonly Case[] = [
  { what: 'the classic list', state: picture({ control: TO_AUTH, list: [IWA] }), plan: {} },
  {
    what: 'the service’s list',
    state: picture({ control: TO_AUTH }, { acting: [full] }),
    plan: {},
  },
  {
    what: 'nothing at all',
    state: picture({}),
    plan: { missing: ['PROTOCOL_TRANSITION_MISSING', 'DELEGATION_MISSING'] },
  },
  {
    what: 'RBCD without the flag on Windows',
    state: picture({}, { acting: [full] }, { rbcd: windows }),
    plan: {},
  },
  {
    what: 'RBCD with the flag on Windows, which nothing needs',
    state: picture({ control: TO_AUTH }, { acting: [full] }, { rbcd: windows }),
    plan: { superfluous: ['DELEGATION_SUPERFLUOUS'] },
  },
  {
    what: 'RBCD where KDCs cannot',
    state: picture({ control: TO_AUTH }, { acting: [full] }, { rbcd: old }),
    plan: { missing: ['RBCD_UNSUPPORTED'] },
  },
  {
    what: 'nothing where KDCs cannot',
    state: picture({ control: TO_AUTH }, {}, { rbcd: old }),
    plan: { missing: ['DELEGATION_MISSING'] },
  },
  {
    what: 'a generic right',
    state: picture({ control: TO_AUTH }, { acting: [{ ...full, mask: 0x10000000 }] }),
    plan: { missing: ['RBCD_GENERIC'] },
  },
  {
    what: 'a refusal',
    state: picture({ control: TO_AUTH }, { acting: [{ ...full, type: 1 }, full] }),
    plan: { missing: ['RBCD_DENIED'] },
  },
  {
    what: 'a damaged list',
    state: picture({ control: TO_AUTH }, { acting: Uint8Array.of(1, 0, 4, 0x80) }),
    plan: { missing: ['RBCD_MALFORMED'] },
  },
  {
    what: 'everyone',
    state: picture({ control: TO_AUTH }, { acting: [{ ...full, sid: 'S-1-1-0' }] }),
    plan: { superfluous: ['RBCD_EVERYONE'] },
  },
  {
    what: 'unconstrained delegation and a service too many',
    state: picture({ control: TO_AUTH + UNCONSTRAINED, list: [IWA, 'cifs/dc1'] }),
    plan: { superfluous: ['UNCONSTRAINED', 'DELEGATION_SUPERFLUOUS'] },
  },
  {
    what: 'an account without a name',
    state: picture({ control: TO_AUTH, list: [IWA], spns: [] }),
    plan: { missing: ['OWN_SPN_MISSING'] },
  },
  {
    what: 'the classic list, when RBCD is wanted',
    state: picture({ control: TO_AUTH, list: [IWA] }),
    mode: 'rbcd',
    plan: { missing: ['DELEGATION_MISSING'], superfluous: ['DELEGATION_SUPERFLUOUS'] },
  },
  {
    what: 'RBCD, when the classic list is wanted',
    state: picture({ control: TO_AUTH }, { acting: [full] }),
    mode: 'classic',
    plan: { missing: ['DELEGATION_MISSING'], superfluous: ['DELEGATION_SUPERFLUOUS'] },
  },
  {
    what: 'no service at all',
    state: delegationState(connector({ control: TO_AUTH }), []),
    plan: { superfluous: ['DELEGATION_SUPERFLUOUS'] },
  },
]

describe('planDelegation', () => {
  for (const { what, state, mode, plan } of cases) {
    it(`plans for ${what}${mode === undefined ? '' : ` (${mode})`}`, () => {
      assert.deepEqual(codes(planDelegation(state, mode)), { ...none, ...plan })
    })
  }

  it('names the nearest of the list', () => {
    const { missing } = planDelegation(picture({ control: TO_AUTH, list: ['HTTP/iwa'] }))
    assert.match(missing[0]?.message ?? '', /the nearest of them is HTTP\/iwa$/)
  })

  it('takes the name from the account that has others too', () => {
    const conn = connector({ control: TO_AUTH, list: [IWA] })
    const wrong = account('aaa', 1120, {
      spns: ['HTTP/other.corp.example', 'http/IWA.corp.example'],
    })
    const right = account('svc-iwa', 1115, { spns: [IWA] })
    const state = delegationState(conn, [service(conn, IWA, [right, wrong])])
    const { missing } = planDelegation(state)
    assert.equal(missing[0]?.code, 'DOCTOR_SPN_DUPLICATE')
    assert.deepEqual(
      missing[0].mends.map(({ sambaTool }) => sambaTool),
      [
        'samba-tool spn delete http/IWA.corp.example aaa',
        'samba-tool spn delete HTTP/iwa.corp.example svc-iwa',
      ],
    )
  })

  it('says where a name was meant to be, and in which other domain it is', () => {
    const conn = connector({ control: TO_AUTH, list: [IWA] })
    const nobody = { ...service(conn, IWA, []), candidates: [account('svc-iwa', 1115)] }
    const [missing] = planDelegation(delegationState(conn, [nobody])).missing
    assert.equal(missing?.mends[0]?.sambaTool, 'samba-tool spn add HTTP/iwa.corp.example svc-iwa')
    const place = { distinguishedName: 'CN=web,DC=other,DC=example', sAMAccountName: 'web' }
    const elsewhere = { ...service(conn, IWA, []), elsewhere: [place] }
    const [there] = planDelegation(delegationState(conn, [elsewhere])).missing
    assert.equal(there?.code, 'DOCTOR_SPN_ELSEWHERE')
  })

  it('takes away an entry that denies a group, and leaves the right of others, by either command', () => {
    const denied = { ...full, type: 1, sid: 'S-1-5-11' }
    const other = 'S-1-5-21-1-2-3-1130'
    const state = picture({ control: TO_AUTH }, { acting: [denied, { ...full, sid: other }] })
    const [missing] = planDelegation(state).missing
    assert.equal(missing?.code, 'DOCTOR_RBCD_DENIED')
    const { powershell = '', sambaTool = '' } = missing.mends[0] ?? {}
    assert.equal(
      powershell,
      `Set-ADUser -Identity 'CN=svc-iwa,CN=Users,DC=corp,DC=example' -PrincipalsAllowedToDelegateToAccount '${other}','${CONN}'`,
    )
    const [, base64 = ''] = /OtherIdentity:: (\S+)/.exec(sambaTool) ?? []
    const written = decodeSecurityDescriptor(Buffer.from(base64, 'base64'))
    assert.deepEqual(actingSids(written), [other, CONN])
  })

  it('never proposes unconstrained delegation, whatever there is', () => {
    const bits = fc.constantFrom(0, TO_AUTH, UNCONSTRAINED, TO_AUTH + UNCONSTRAINED)
    const mask = fc.constantFrom(0x100, 0xf01ff, 0x10000000, 0x10)
    const aces = fc.array(
      fc.record({
        type: fc.constantFrom(0, 1),
        flags: fc.constant(0),
        mask,
        sid: fc.constantFrom(CONN, 'S-1-1-0'),
      }),
      { maxLength: 3 },
    )
    const mode = fc.constantFrom<PlanMode[]>('auto', 'rbcd', 'classic')
    const support = fc.constantFrom(windows, old)
    fc.assert(
      fc.property(fc.tuple(bits, aces, mode, support, fc.boolean()), (drawn) => {
        const [control, acting, way, rbcd, listed] = drawn
        const state = picture({ control, list: listed ? [IWA] : [] }, { acting }, { rbcd })
        const plan = planDelegation(state, way)
        const commands = [...plan.missing, ...plan.superfluous].flatMap(({ mends }) => mends)
        for (const { powershell, sambaTool } of commands) {
          assert.doesNotMatch(sambaTool, /for-any-service \S+ on/)
          assert.doesNotMatch(powershell, /TrustedForDelegation \$true/)
        }
      }),
    )
  })
})
