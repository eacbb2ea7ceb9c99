import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  delegationJson,
  delegationMermaid,
  delegationSvg,
  formatDelegation,
  formatPlan,
  planDelegation,
} from '../../../../src/doctor/index.ts'
import { account, delegationState, service, TO_AUTH } from '../../../support/delegation-state.ts'

const IWA = 'HTTP/iwa.corp.example'
const evil = '<b>"&;\'</b>'
const connector = account('CONN$', 1104, { control: TO_AUTH, list: [IWA, 'HTTP/old'] })
const iwa = account('svc-iwa', 1115, { spns: [IWA] })
const state = delegationState(connector, [
  { ...service(connector, IWA, [iwa]), othersClassic: [evil] },
  service(connector, 'HTTP/gone.corp.example', []),
])

describe('the picture as text', () => {
  it('is a table', () => {
    assert.equal(
      formatDelegation(state),
      [
        'CONN$ in CORP.EXAMPLE: protocol transition',
        '  service principal names: none',
        '',
        'SERVICE                 ACCOUNT  BY ITS LIST  BY RBCD  OTHERS WHO MAY',
        `HTTP/iwa.corp.example   svc-iwa  yes          no       ${evil}`,
        'HTTP/gone.corp.example  NOBODY   no           no       -',
        '',
        'also on its list, not in the policy: HTTP/old',
        '',
      ].join('\n'),
    )
  })

  it('lets no name of the directory begin a line, nor reach a terminal as it is', () => {
    const list = ['HTTP/old\nreboot', 'HTTP/esc\u001b[2J']
    const own = account('CONN$', 1104, { control: TO_AUTH, spns: ['HOST/a\nb'], list })
    const strange = delegationState(own, [service(own, IWA, [iwa])])
    const script = formatPlan(planDelegation(strange, 'classic'), { shell: 'samba', prune: true })
    // Within a quoted word of a command it is a part of that word.
    const [...lines] = script.replaceAll(/'[^']*'/g, "''").split('\n')
    for (const line of lines) assert.match(line, /^(?:#|samba-tool |$)/)
    const table = formatDelegation(strange)
    assert.ok(!table.includes('\u001b') && !/^reboot|^b/m.test(table), table)
  })

  it('is an object for programs', () => {
    const read = JSON.parse(JSON.stringify(delegationJson(state))) as {
      services: { spn: string; classic: boolean }[]
    }
    assert.deepEqual(
      read.services.map(({ spn, classic }) => [spn, classic]),
      [
        [IWA, true],
        ['HTTP/gone.corp.example', false],
      ],
    )
  })

  it('is a Mermaid graph, whatever names hold', () => {
    const text = delegationMermaid(state)
    assert.match(text, /^flowchart LR\n {2}a0\["CONN\$"\]\n/)
    assert.match(text, /a0 -->\|list\| s0\n/)
    assert.ok(!text.includes('<b>') && !text.includes('"&'))
  })

  it('is an image, whatever names hold', () => {
    const text = delegationSvg(state)
    assert.match(text, /^<svg [^>]*viewBox/)
    assert.ok(!text.includes('<b>') && text.includes('&#60;b&#62;'))
  })
})

describe('a plan as text', () => {
  const plan = planDelegation(state)

  it('runs in a shell without taking anything away', () => {
    const text = formatPlan(plan, { shell: 'samba' })
    const commands = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    assert.deepEqual(commands, ["samba-tool spn add HOST/conn.corp.example 'CONN$'"])
    assert.match(text, /^# {3}samba-tool delegation del-service 'CONN\$' HTTP\/old$/m)
  })

  it('takes away what is too much where it is told to', () => {
    const text = formatPlan(plan, { shell: 'samba', prune: true })
    assert.match(text, /^samba-tool delegation del-service 'CONN\$' HTTP\/old$/m)
  })

  it('is one comment when there is nothing to do', () => {
    const good = account('CONN$', 1104, { control: TO_AUTH, list: [IWA], spns: ['HOST/c'] })
    const done = planDelegation(delegationState(good, [service(good, IWA, [iwa])]))
    assert.match(formatPlan(done), /^# nothing to change/)
  })
})
