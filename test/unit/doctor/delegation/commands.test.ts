import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  accountCommands,
  actingCommands,
  connectorCommands,
  ldbModify,
} from '../../../../src/doctor/commands.ts'
import { powershellWord, shellWord } from '../../../../src/platform/index.ts'
import { account } from '../../../support/delegation-state.ts'

describe('commands', () => {
  it('quote for the shell so that one word stays one', () => {
    assert.equal(shellWord('svc-iwa'), 'svc-iwa')
    assert.equal(shellWord('CONN1$'), "'CONN1$'")
    const word = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const script = `printf '%s\\0' ${words.map(shellWord).join(' ')}`
        const told = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
        assert.deepEqual(told.split('\0').slice(0, -1), words)
      }),
      { numRuns: 15 },
    )
  })

  it('quote for PowerShell, whose quotes are five', () => {
    assert.equal(powershellWord("O'Neil’s"), "'O''Neil’’s'")
    assert.equal(powershellWord('$(evil)'), "'$(evil)'")
  })

  it('write names beyond ASCII in base64, so that no line of LDIF is another', () => {
    const text = ldbModify('CN=Jörg\nchangetype: delete,DC=a', ['replace: x', 'x: 1'])
    assert.match(text, /\ndn:: [A-Za-z0-9+/=]+\nchangetype: modify\nreplace: x\nx: 1\nLDIF$/)
  })

  const connector = account('CONN$', 1104)
  const iwa = account('svc-iwa', 1115)

  it('keep those who may act already', () => {
    const { powershell, sambaTool } = actingCommands.add(iwa, connector)
    assert.equal(sambaTool, "samba-tool delegation add-principal svc-iwa 'CONN$'")
    assert.match(
      powershell,
      /^Set-ADUser .*Get-ADUser .*PrincipalsAllowedToDelegateToAccount\) \+ 'CN=CONN,/,
    )
    assert.match(actingCommands.add(connector, connector).powershell, /^Set-ADComputer /)
  })

  it('name the account by its whole name where samba-tool has no word for it', () => {
    assert.match(
      accountCommands.encryptionTypes(iwa, 24).sambaTool,
      /\ndn: CN=svc-iwa,CN=Users,DC=corp,DC=example\nchangetype: modify\nreplace: msDS-SupportedEncryptionTypes\nmsDS-SupportedEncryptionTypes: 24\nLDIF$/,
    )
    assert.equal(
      connectorCommands.addService(connector, 'HTTP/a').powershell,
      "Set-ADObject -Identity 'CN=CONN,CN=Computers,DC=corp,DC=example' -Add @{'msDS-AllowedToDelegateTo'='HTTP/a'}",
    )
  })
})
